"""pysnmp's UDP sockets, made to survive datagrams that are no SNMP.

pysnmp lets errors of its decoder escape into the event loop, where each would be logged with a traceback; a single
broken device could fill the log. Here such a datagram is kept, so that its request fails with the right name.
"""

from collections.abc import Callable, MutableMapping
from typing import Any, TypeAlias

from pysnmp.carrier.asyncio.dgram.udp import UdpAsyncioTransport
from pysnmp.carrier.asyncio.dgram.udp6 import Udp6AsyncioTransport
from pysnmp.hlapi.v3arch.asyncio import Udp6TransportTarget, UdpTransportTarget

from drivers.core.identity import Address

Damaged: TypeAlias = MutableMapping[tuple[str, int], bytes]
"""The last datagram of a peer that was no SNMP, by its host and port."""


def _guarded(callback: Callable[..., None], damaged: Damaged) -> Callable[..., None]:
    def take(transport: object, peer: tuple[str, int], datagram: bytes) -> None:
        if not _is_one_message(datagram):
            damaged[peer[0], peer[1]] = datagram
            return
        try:
            callback(transport, peer, datagram)
        except Exception:  # noqa: BLE001 - the decoder raises whatever it stumbles over; the request gets Malformed
            damaged[peer[0], peer[1]] = datagram

    return take


def _is_one_message(datagram: bytes) -> bool:
    """Whether the datagram is one BER sequence of exactly its length."""
    if len(datagram) < 2 or datagram[0] != 0x30:
        return False
    size, start = datagram[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(datagram[2:start], "big")
    return len(datagram) == start + size


class _CarefulUdp(UdpAsyncioTransport):  # type: ignore[misc] # pysnmp publishes no types
    def __init__(self, damaged: Damaged) -> None:
        super().__init__()
        self._damaged = damaged

    def register_callback(self, callback: Callable[..., None]) -> None:
        super().register_callback(_guarded(callback, self._damaged))


class _CarefulUdp6(Udp6AsyncioTransport):  # type: ignore[misc] # pysnmp publishes no types
    def __init__(self, damaged: Damaged) -> None:
        super().__init__()
        self._damaged = damaged

    def register_callback(self, callback: Callable[..., None]) -> None:
        super().register_callback(_guarded(callback, self._damaged))


class _Target(UdpTransportTarget):  # type: ignore[misc] # pysnmp publishes no types
    damaged: Damaged

    def open_client_mode(self) -> Any:
        self.transport = _CarefulUdp(self.damaged).open_client_mode(self.iface)
        return self.transport


class _Target6(Udp6TransportTarget):  # type: ignore[misc] # pysnmp publishes no types
    damaged: Damaged

    def open_client_mode(self) -> Any:
        self.transport = _CarefulUdp6(self.damaged).open_client_mode(self.iface)
        return self.transport


async def open_target(address: Address, damaged: Damaged, *, seconds: float, retries: int) -> Any:
    """Pysnmp's object for a peer; raises PySnmpError when its name cannot be resolved."""
    kind = _Target6 if ":" in address.host else _Target
    target = await kind.create((address.host, address.port), timeout=seconds, retries=retries)
    target.damaged = damaged
    return target
