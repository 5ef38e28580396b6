"""A whole virtual site on loopback sockets, physically coupled, with faults on command."""
