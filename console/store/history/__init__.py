"""The writing side of history: how samples become head rows, tiles and roll-ups."""
