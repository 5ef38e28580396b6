"""Who a device is and where it answers."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class DeviceKind(StrEnum):
    """The four kinds of equipment the console talks to."""

    MINER = "miner"
    PDU = "pdu"
    PLANT = "plant"
    METER = "meter"


_ADDRESS = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.%\w]+)\]|(?P<host>[\w.-]+)):(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """A host and the port of the protocol; in this product an address never goes without its port."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, default_port: int | None = None) -> Self:
        """Read `host:port`, `[v6]:port`, or a bare host when a default port is given.

        Raises:
            ValueError: Neither form, or the port is not 1 to 65535.
        """
        match = _ADDRESS.fullmatch(text.strip())
        if match is None and default_port is not None:
            match = _ADDRESS.fullmatch(f"{text.strip()}:{default_port}")
        if match is None:
            raise ValueError(f"{text!r} is not an address of the form host:port")
        port = int(match["port"])
        if not 1 <= port <= 65535:
            raise ValueError(f"{text!r}: the port must lie between 1 and 65535")
        return cls(match["v6"] or match["host"], port)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a device says it is. Text from the device: data, shown as plain text; empty when it did not say."""

    kind: DeviceKind
    make: str = ""
    model: str = ""
    firmware: str = ""
    mac: str = ""
    serial: str = ""
    profile: str = ""
