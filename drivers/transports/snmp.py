"""SNMP v1, v2c and v3 (authPriv) through pysnmp: reading only.

pysnmp spends most of a request on turning object identifiers into its own objects; they are built once for each
identifier and used again, for every device and every poll. What an agent does not have is left out of the answer,
so a value is never made up; an agent that fails a whole request for one object is asked again without that object.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self, TypeAlias

from pysnmp.error import PySnmpError
from pysnmp.hlapi.v3arch.asyncio import (
    USM_AUTH_HMAC96_MD5,
    USM_AUTH_HMAC96_SHA,
    USM_AUTH_HMAC192_SHA256,
    USM_AUTH_HMAC384_SHA512,
    USM_PRIV_CBC56_DES,
    USM_PRIV_CFB128_AES,
    USM_PRIV_CFB192_AES,
    USM_PRIV_CFB256_AES,
    CommunityData,
    ContextData,
    ObjectIdentity,
    ObjectType,
    SnmpEngine,
    UsmUserData,
    bulk_cmd,
    get_cmd,
    next_cmd,
)
from pysnmp.proto import errind
from pysnmp.proto.rfc1905 import EndOfMibView, NoSuchInstance, NoSuchObject

from drivers.core.errors import Malformed, Refused, Rejected, TimedOut, Unreachable
from drivers.core.identity import Address
from drivers.transports.snmp_socket import open_target

TIMEOUT_S: Final = 1.0
RETRIES: Final = 1
"""Repeats after the first question; reading twice harms nothing."""
OBJECTS_PER_REQUEST: Final = 40
ROWS_PER_BULK: Final = 24
ROW_LIMIT: Final = 512
"""Rows of one table that are read at most, so that no agent can keep us walking."""

_TOO_BIG: Final = 1
_NO_ACCESS: Final = 6
_AUTHORIZATION: Final = 16
_AUTH: Final[Mapping[str, object]] = {
    "MD5": USM_AUTH_HMAC96_MD5,
    "SHA": USM_AUTH_HMAC96_SHA,
    "SHA256": USM_AUTH_HMAC192_SHA256,
    "SHA512": USM_AUTH_HMAC384_SHA512,
}
_PRIV: Final[Mapping[str, object]] = {
    "DES": USM_PRIV_CBC56_DES,
    "AES": USM_PRIV_CFB128_AES,
    "AES192": USM_PRIV_CFB192_AES,
    "AES256": USM_PRIV_CFB256_AES,
}

SnmpValue: TypeAlias = int | bytes | str
"""A number; the octets of a text; an object identifier in numbers."""


@dataclass(frozen=True, slots=True)
class SnmpTarget:
    """How an agent lets itself be read.

    Attributes:
        version: "1", "2c" or "3".
        community: For versions 1 and 2c.
        user: For version 3.
        auth_key: Passphrase of the authentication, at least 8 characters.
        priv_key: Passphrase of the encryption, at least 8 characters.
        auth_protocol: "MD5", "SHA", "SHA256" or "SHA512".
        priv_protocol: "DES", "AES", "AES192" or "AES256".
    """

    version: str = "2c"
    community: str = field(default="public", repr=False)
    user: str = ""
    auth_key: str = field(default="", repr=False)
    priv_key: str = field(default="", repr=False)
    auth_protocol: str = "SHA"
    priv_protocol: str = "AES"

    def __post_init__(self) -> None:
        if self.version not in {"1", "2c", "3"}:
            raise ValueError(f"SNMP has no version {self.version!r}; use 1, 2c or 3")
        if self.version == "3":
            if self.auth_protocol not in _AUTH or self.priv_protocol not in _PRIV:
                raise ValueError(f"SNMP v3 protocols are {', '.join(_AUTH)} and {', '.join(_PRIV)}")
            if not self.user or min(len(self.auth_key), len(self.priv_key)) < 8:
                raise ValueError("SNMP v3 needs a user and two passphrases of at least 8 characters")
        elif not self.community:
            raise ValueError("SNMP v1 and v2c need a community")

    @classmethod
    def from_secret(cls, version: str, secret: str) -> Self:
        """Read what a keyring entry holds.

        Args:
            version: "1", "2c" or "3".
            secret: The community; for version 3 `user:passphrase`, or `user:authentication:encryption`.

        Raises:
            ValueError: The secret does not suit the version.
        """
        if version != "3":
            return cls(version=version, community=secret)
        user, _, keys = secret.partition(":")
        auth_key, _, priv_key = keys.partition(":")
        return cls(version="3", user=user, auth_key=auth_key, priv_key=priv_key or auth_key)


class SnmpTransport:
    """Reads any number of agents over one socket for each kind of access."""

    def __init__(self, *, timeout: float = TIMEOUT_S, retries: int = RETRIES) -> None:
        self._timeout = timeout
        self._retries = retries
        self._engines: dict[SnmpTarget | None, Any] = {}
        self._peers: dict[Address, Any] = {}
        self._access: dict[SnmpTarget, Any] = {}
        self._objects: dict[str, Any] = {}
        self._context = ContextData()
        self._damaged: dict[tuple[str, int], bytes] = {}

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
            status, at, bindings = await self._request(get_cmd, address, target, oids)
            if status == 0:
                _collect(bindings, oids, values, str(address))
                return
            if status == _TOO_BIG and len(oids) > 1:
                half = len(oids) // 2
                await self._get(address, target, oids[:half], values)
                oids = oids[half:]
            elif 1 <= at <= len(oids) and status not in {_TOO_BIG, _NO_ACCESS, _AUTHORIZATION}:
                del oids[at - 1]
            else:
                raise _status_error(str(address), status)

    async def column(
        self, address: Address, target: SnmpTarget, column: str, *, limit: int = ROW_LIMIT
    ) -> Mapping[str, SnmpValue]:
        """Every row of a table's column, by the row's index (`3`, or `1.3` where it has several parts).

        Raises a `DeviceError`.
        """
        rows: dict[str, SnmpValue] = {}
        last = column
        while len(rows) < limit:
            command, options = (next_cmd, ()) if target.version == "1" else (bulk_cmd, (0, ROWS_PER_BULK))
            status, _, bindings = await self._request(command, address, target, [last], *options)
            if status == 2:
                return rows
            if status:
                raise _status_error(str(address), status)
            last = _take_rows(bindings, column, last, rows)
            if not last:
                return rows
        return rows

    async def _request(
        self, command: Any, address: Address, target: SnmpTarget, oids: Sequence[str], *options: int
    ) -> tuple[int, int, Sequence[Any]]:
        """Error status, index of the object that caused it, and what came back; raises for what is no answer."""
        engine, access = self._access_for(target)
        peer = await self._peer(address)
        objects = [self._object(engine, oid) for oid in oids]
        place = peer.transport_address[:2]
        self._damaged.pop(place, None)
        try:
            indication, status, at, bindings = await command(
                engine, access, peer, self._context, *options, *objects, lookupMib=False
            )
        except PySnmpError as error:
            raise Malformed(str(address), f"the answer is no SNMP: {type(error).__name__}") from error
        damaged = self._damaged.pop(place, b"")
        if isinstance(indication, errind.RequestTimedOut) and damaged:
            raise Malformed(str(address), "the answer is no SNMP", damaged)
        if indication is not None:
            raise _indication_error(str(address), indication, self._timeout * (self._retries + 1))
        return int(status), int(at), bindings

    def _access_for(self, target: SnmpTarget) -> tuple[Any, Any]:
        """The engine and the credentials. Each v3 user gets an engine: one engine takes a user name only once."""
        key = target if target.version == "3" else None
        if key not in self._engines:
            self._engines[key] = SnmpEngine()
        access = self._access.get(target)
        if access is None:
            access = self._access[target] = _credentials(target)
        return self._engines[key], access

    async def _peer(self, address: Address) -> Any:
        peer = self._peers.get(address)
        if peer is None:
            try:
                peer = await open_target(address, self._damaged, seconds=self._timeout, retries=self._retries)
            except (PySnmpError, OSError, UnicodeError) as error:
                raise Unreachable(str(address), "the name cannot be resolved") from error
            self._peers[address] = peer
        return peer

    def _object(self, engine: Any, oid: str) -> Any:
        known = self._objects.get(oid)
        if known is None:
            known = ObjectType(ObjectIdentity(oid)).resolve_with_mib(engine.cache["mibViewController"])
            self._objects[oid] = known
        return known

    async def close(self) -> None:
        """Close the sockets and stop the timers; the transport may be used again afterwards."""
        for engine in self._engines.values():
            engine.close_dispatcher()
        self._engines.clear()
        self._peers.clear()
        await asyncio.sleep(0)


def _credentials(target: SnmpTarget) -> Any:
    if target.version == "3":
        return UsmUserData(
            target.user,
            target.auth_key,
            target.priv_key,
            authProtocol=_AUTH[target.auth_protocol],
            privProtocol=_PRIV[target.priv_protocol],
        )
    return CommunityData(target.community, mpModel=0 if target.version == "1" else 1)


def _collect(bindings: Sequence[Any], oids: Sequence[str], values: dict[str, SnmpValue], place: str) -> None:
    if len(bindings) != len(oids):
        raise Malformed(place, f"{len(bindings)} objects came, {len(oids)} were asked")
    for asked, (name, value) in zip(oids, bindings, strict=True):
        if str(name) != asked:
            raise Malformed(place, f"object {name} came, {asked} was asked")
        if not isinstance(value, NoSuchObject | NoSuchInstance | EndOfMibView):
            values[asked] = _plain(value)


def _take_rows(bindings: Sequence[Any], column: str, last: str, rows: dict[str, SnmpValue]) -> str:
    """Add the rows that belong to the column; returns where to go on, empty at its end."""
    for name, value in bindings:
        oid = str(name)
        index = oid.removeprefix(f"{column}.")
        if index == oid or isinstance(value, EndOfMibView) or oid == last or index in rows:
            return ""
        rows[index] = _plain(value)
        last = oid
    return last if bindings else ""


def _plain(value: Any) -> SnmpValue:
    """A value in Python's own types, told by what it can do: the classes differ between requests and replies."""
    if hasattr(value, "asOctets"):
        return bytes(value)
    if hasattr(value, "asTuple"):
        return str(value)
    return int(value) if hasattr(value, "__int__") else b""


def _indication_error(place: str, indication: Any, waited: float) -> TimedOut | Refused | Malformed:
    if isinstance(indication, errind.RequestTimedOut):
        return TimedOut(place, f"no answer within {waited:g} s; off, or the community or port is wrong")
    if isinstance(indication, errind.SerializationError | errind.DeserializationError | errind.ParseError):
        return Malformed(place, f"the answer is no SNMP: {indication}")
    return Refused(place, f"the agent does not take these credentials: {indication}")


def _status_error(place: str, status: int) -> Refused | Rejected:
    if status in {_NO_ACCESS, _AUTHORIZATION}:
        return Refused(place, f"the agent denies access (error status {status})")
    return Rejected(place, f"the agent answered with error status {status}")
