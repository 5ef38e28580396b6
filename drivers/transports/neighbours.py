"""Hardware addresses of hosts on the same wire, as the operating system has learnt them by speaking to them."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

TABLE: Final = Path("/proc/net/arp")
"""Linux keeps its ARP table here; elsewhere there is no such file, and nothing is known."""

_COMPLETE: Final = 0x2
_LARGEST: Final = 1 << 22
_COLUMNS: Final = 6


def read_neighbours(table: Path = TABLE) -> Mapping[str, str]:
    """The hardware address of each IPv4 neighbour, lower case with colons; empty where the system tells none.

    One that several hosts share belongs to a router that answers for them (proxy ARP) and is left out. Blocks shortly.
    """
    try:
        with table.open(encoding="ascii", errors="replace") as file:
            rows = [line.split() for line in file.read(_LARGEST).splitlines()[1:]]
    except OSError:
        return {}
    known = {
        row[0]: row[3].lower()
        for row in rows
        if len(row) >= _COLUMNS and _is_complete(row[2]) and row[3] != "00:00:00:00:00:00"
    }
    hosts = Counter(known.values())
    return {host: mac for host, mac in known.items() if hosts[mac] == 1}


def _is_complete(flags: str) -> bool:
    try:
        return bool(int(flags, 16) & _COMPLETE)
    except ValueError:
        return False
