"""Two stores of one site become one: bundles, their signatures, and the rules of merging."""
