"""The unprivileged ports of a virtual site, one for each protocol."""

import socket
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, fields
from typing import Final, Self

_KINDS: Final = defaultdict(lambda: socket.SOCK_STREAM, snmp=socket.SOCK_DGRAM)


@dataclass(frozen=True, slots=True)
class Ports:
    """One port for each protocol; every device of that protocol answers there on its own loopback address."""

    cgminer: int = 14028
    snmp: int = 11161
    modbus: int = 15020
    http: int = 18080
    framed: int = 14433

    @classmethod
    def free(cls) -> Self:
        """Ports that nobody uses at this moment, for sites that run beside others."""
        with ExitStack() as stack:
            probes = [stack.enter_context(socket.socket(socket.AF_INET, _KINDS[port.name])) for port in fields(cls)]
            for probe in probes:
                probe.bind(("127.0.0.1", 0))
            return cls(*(int(probe.getsockname()[1]) for probe in probes))
