"""From the state of a site to view models. No Qt."""
