"""Colours, type and shapes: the only place where a colour literal or a severity shape is known."""
