"""A device library for mining sites: miners, PDUs, cooling plant and meters, usable alone in a script."""
