"""SNMP v1, v2c and v3 (authPriv): reading only.

Versions 1 and 2c go through a plain client of our own; version 3, and agents that answer with something unusual, go
through pysnmp. What an agent does not have is left out of the answer, so a value is never made up; an agent that
fails a whole request for one object is asked again without that object.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from drivers.core.errors import Malformed, Refused, Rejected
from drivers.core.identity import Address
from drivers.transports import snmp_ber
from drivers.transports.snmp_ber import SnmpValue
from drivers.transports.snmp_engine import EngineClient
from drivers.transports.snmp_plain import PlainClient, UnusualAnswerError
from drivers.transports.snmp_request import Found, Request
from drivers.transports.snmp_target import SnmpTarget

__all__ = ["SnmpTarget", "SnmpTransport", "SnmpValue"]

TIMEOUT_S: Final = 1.0
RETRIES: Final = 1
"""Repeats after the first question; reading twice harms nothing."""
OBJECTS_PER_REQUEST: Final = 40
ROWS_PER_BULK: Final = 24
ROW_LIMIT: Final = 512
"""Rows of one table that are read at most, so that no agent can keep us walking."""

_TOO_BIG: Final = 1
_NO_SUCH_NAME: Final = 2
_NO_ACCESS: Final = 6
_AUTHORIZATION: Final = 16


class SnmpTransport:
    """Reads any number of agents over one socket for each kind of access.

    Args:
        timeout: Seconds until a question is repeated or given up.
        retries: Repeats.
        plain: False takes pysnmp for every version.
    """

    def __init__(self, *, timeout: float = TIMEOUT_S, retries: int = RETRIES, plain: bool = True) -> None:
        self._plain = PlainClient(timeout, retries) if plain else None
        self._engine = EngineClient(timeout, retries)

    async def get(
        self, address: Address, target: SnmpTarget, oids: Sequence[str], *, per_request: int = OBJECTS_PER_REQUEST
    ) -> Mapping[str, SnmpValue]:
        """The values of single objects; an object that the agent does not have is left out.

        Raises a `DeviceError`.
        """
        values: dict[str, SnmpValue] = {}
        for start in range(0, len(oids), per_request):
            await self._get(address, target, list(oids[start : start + per_request]), values)
        return values

    async def _get(self, address: Address, target: SnmpTarget, oids: list[str], values: dict[str, SnmpValue]) -> None:
        """One request, split in two when its answer would be too big, repeated without an object that fails it."""
        while oids:
            found = await self._request(address, target, Request(snmp_ber.GET, tuple(oids)))
            if found.status == 0:
                _collect(found, oids, values, str(address))
                return
            if found.status == _TOO_BIG and len(oids) > 1:
                half = len(oids) // 2
                await self._get(address, target, oids[:half], values)
                oids = oids[half:]
            elif 1 <= found.index <= len(oids) and found.status not in {_TOO_BIG, _NO_ACCESS, _AUTHORIZATION}:
                del oids[found.index - 1]
            else:
                raise _status_error(str(address), found.status)

    async def column(
        self, address: Address, target: SnmpTarget, column: str, *, limit: int = ROW_LIMIT
    ) -> Mapping[str, SnmpValue]:
        """Every row of a table's column, by the row's index (`3`, or `1.3` where it has several parts).

        Raises a `DeviceError`.
        """
        kind, numbers = (
            (snmp_ber.GET_NEXT, (0, 0)) if target.version == "1" else (snmp_ber.GET_BULK, (0, ROWS_PER_BULK))
        )
        rows: dict[str, SnmpValue] = {}
        last = column
        while last and len(rows) < limit:
            found = await self._request(address, target, Request(kind, (last,), numbers))
            if found.status == _NO_SUCH_NAME:
                break
            if found.status:
                raise _status_error(str(address), found.status)
            last = _take_rows(found, column, last, rows)
        return rows

    async def _request(self, address: Address, target: SnmpTarget, request: Request) -> Found:
        """Whatever the agent says; raises a `DeviceError` for what is no answer."""
        if self._plain is not None and target.version != "3":
            try:
                return await self._plain.request(address, target, request)
            except UnusualAnswerError:
                # A whole engine may know better; what it does not know either gets its own error there.
                return await self._engine.request(address, target, request)
        return await self._engine.request(address, target, request)

    async def close(self) -> None:
        """Close the sockets and stop the timers; the transport may be used again afterwards."""
        if self._plain is not None:
            await self._plain.close()
        await self._engine.close()


def _collect(found: Found, oids: Sequence[str], values: dict[str, SnmpValue], place: str) -> None:
    if len(found.bindings) != len(oids):
        raise Malformed(place, f"{len(found.bindings)} objects came, {len(oids)} were asked")
    for asked, (name, value) in zip(oids, found.bindings, strict=True):
        if name != asked:
            raise Malformed(place, f"object {name} came, {asked} was asked")
        if value is not None:
            values[asked] = value


def _take_rows(found: Found, column: str, last: str, rows: dict[str, SnmpValue]) -> str:
    """Add the rows that belong to the column; returns where to go on, empty at its end."""
    for oid, value in found.bindings:
        index = oid.removeprefix(f"{column}.")
        if index == oid or value is None or oid == last or index in rows:
            return ""
        rows[index] = value
        last = oid
    return last if found.bindings else ""


def _status_error(place: str, status: int) -> Refused | Rejected:
    if status in {_NO_ACCESS, _AUTHORIZATION}:
        return Refused(place, f"the agent denies access (error status {status})")
    return Rejected(place, f"the agent answered with error status {status}")
