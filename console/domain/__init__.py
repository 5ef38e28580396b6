"""What the console knows about mining sites: pure values and functions, with no clock, no I/O, no Qt, no database."""
