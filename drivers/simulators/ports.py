"""The unprivileged ports of a virtual site, one for each protocol."""

import socket
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Ports:
    """One port for each protocol; every device of that protocol answers there on its own loopback address."""

    cgminer: int = 14028
    snmp: int = 11161
    modbus: int = 15020

    @classmethod
    def free(cls) -> Self:
        """Three ports that nobody uses at this moment, for sites that run beside others."""
        with (
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as cgminer,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as snmp,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as modbus,
        ):
            for probe in (cgminer, snmp, modbus):
                probe.bind(("127.0.0.1", 0))
            return cls(*(int(probe.getsockname()[1]) for probe in (cgminer, snmp, modbus)))
