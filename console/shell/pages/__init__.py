"""One page for each display: asks its presenter for a view, and turns the widget's signals into moves and commands."""
