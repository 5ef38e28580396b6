"""SNMP through pysnmp: version 3 (authPriv), and whatever the plain client does not understand.

pysnmp spends most of a request on turning object identifiers into its own objects; they are built once for each
identifier and used again, for every device and every poll.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

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

from drivers.core.errors import Malformed, Refused, Unreachable
from drivers.core.identity import Address
from drivers.transports import snmp_ber
from drivers.transports.snmp_ber import SnmpValue
from drivers.transports.snmp_request import Found, Request, silence
from drivers.transports.snmp_socket import open_target
from drivers.transports.snmp_target import SnmpTarget

_COMMANDS: Final = {snmp_ber.GET: get_cmd, snmp_ber.GET_NEXT: next_cmd, snmp_ber.GET_BULK: bulk_cmd}
_OBJECTS_KEPT: Final = 20_000
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


class EngineClient:
    """Sends requests through pysnmp's engines, over one socket for each kind of access."""

    def __init__(self, timeout: float, retries: int) -> None:
        self._timeout = timeout
        self._retries = retries
        self._engines: dict[SnmpTarget | None, Any] = {}
        self._peers: dict[Address, Any] = {}
        self._access: dict[SnmpTarget, Any] = {}
        self._objects: dict[str, Any] = {}
        self._context = ContextData()
        self._damaged: dict[tuple[str, int], bytes] = {}

    async def request(self, address: Address, target: SnmpTarget, request: Request) -> Found:
        """Ask once, with repeats; raises a `DeviceError` for what is no answer."""
        engine, access = self._access_for(target)
        peer = await self._peer(address)
        objects = [self._object(engine, oid) for oid in request.oids]
        options = request.numbers if request.kind == snmp_ber.GET_BULK else ()
        place = peer.transport_address[:2]
        self._damaged.pop(place, None)
        try:
            indication, status, at, bindings = await _COMMANDS[request.kind](
                engine, access, peer, self._context, *options, *objects, lookupMib=False
            )
        except PySnmpError as error:
            raise Malformed(str(address), f"the answer is no SNMP: {type(error).__name__}") from error
        damaged = self._damaged.pop(place, b"")
        if isinstance(indication, errind.RequestTimedOut):
            raise silence(str(address), self._timeout * (self._retries + 1), damaged)
        if indication is not None:
            raise _indication_error(str(address), indication)
        return Found(int(status), int(at), [(str(name), _plain(value)) for name, value in bindings])

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
            if len(self._objects) >= _OBJECTS_KEPT:
                self._objects.clear()
            self._objects[oid] = known
        return known

    async def close(self) -> None:
        """Close the sockets and stop the timers; the client may be used again afterwards."""
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


def _plain(value: Any) -> SnmpValue | None:
    """A value in Python's own types, told by what it can do: the classes differ between requests and replies."""
    if isinstance(value, NoSuchObject | NoSuchInstance | EndOfMibView):
        return None
    if hasattr(value, "asOctets"):
        return bytes(value)
    if hasattr(value, "asTuple"):
        return str(value)
    return int(value) if hasattr(value, "__int__") else b""


def _indication_error(place: str, indication: Any) -> Refused | Malformed:
    if isinstance(indication, errind.SerializationError | errind.DeserializationError | errind.ParseError):
        return Malformed(place, f"the answer is no SNMP: {indication}")
    return Refused(place, f"the agent does not take these credentials: {indication}")
