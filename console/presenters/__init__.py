"""From the state of a site to what the displays show: pure functions and values, no Qt, no clock, no I/O."""
