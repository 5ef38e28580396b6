"""A virtual site on real loopback sockets: miners, PDUs, cooling plant and meters that act on each other.

`VirtualSite` (module `site`) is the whole; `plan` writes believable sites, `control` commands a running one.
"""
