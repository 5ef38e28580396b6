"""The reading side of history: one door for any devices, points, span and resolution."""
