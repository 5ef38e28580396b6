"""Use cases, one verb a module, speaking only to the protocols in `ports`."""
