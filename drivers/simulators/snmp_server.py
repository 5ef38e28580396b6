"""The SNMP agents of all PDUs of a site on one socket: v1 and v2c, read only.

A community that is not the PDU's own gets no answer, as agents do. SET is answered notWritable.
"""

import asyncio
import socket
import zlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drivers.simulators.apc_mib import Object, PduView, objects
from drivers.simulators.blueprint import Entry
from drivers.simulators.conduct import Manner
from drivers.simulators.electricity import LINE_VOLTAGE, LINES, POWER_FACTOR
from drivers.simulators.loopback import asked_address, can_bind_to_loopback, is_loopback, reply_from
from drivers.simulators.manners import Manners
from drivers.simulators.world import World
from drivers.transports import snmp_ber
from drivers.transports.snmp_ber import Oid, Question

LARGEST_MESSAGE = 1472
"""Bytes of a response: what one Ethernet frame takes; a GET that needs more is answered tooBig."""
_RECEIVE = 65535
_CONTROL = 256
_PACKETS_AT_ONCE = 64
_TOO_BIG, _NO_SUCH_NAME, _NOT_WRITABLE = 1, 2, 17
_REMEMBERED = 2048
_HEAD_ROOM = 32


@dataclass(frozen=True, slots=True)
class Tree:
    """The objects of one shape of PDU, ready to be looked up and stepped through."""

    names: list[Oid]
    place: dict[Oid, int]
    encoded: list[bytes]
    objects: list[Object]

    @classmethod
    def of(cls, found: list[Object]) -> "Tree":
        """Index objects that stand in order."""
        names = [name for name, _ in found]
        return cls(names, {name: at for at, name in enumerate(names)}, [snmp_ber.oid(name) for name in names], found)


class Pdus:
    """The trees of all PDUs and their numbers at this moment."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._trees: dict[tuple[str, int], Tree] = {}
        self._views: dict[int, tuple[int, PduView]] = {}

    def tree(self, pdu: int) -> Tree:
        """The tree of a PDU; equal PDUs share one."""
        start, stop = self._world.topology.outlet_start[pdu : pdu + 2].tolist()
        key = (self._world.blueprint.pdus[pdu].profile, stop - start)
        if key not in self._trees:
            self._trees[key] = Tree.of(objects(*key, self._world.topology.banks))
        return self._trees[key]

    def view(self, pdu: int) -> PduView:
        """The numbers of a PDU, taken once in each step of the world; a frozen PDU keeps its old ones."""
        kept = self._views.get(pdu)
        entry = self._world.blueprint.pdus[pdu]
        if kept is not None and (kept[0] == self._world.revision or entry.name in self._world.effects.frozen):
            return kept[1]
        view = self._look(pdu, entry)
        self._views[pdu] = (self._world.revision, view)
        return view

    def _look(self, pdu: int, entry: Entry) -> PduView:
        electricity, topology = self._world.electricity, self._world.topology
        start, stop = topology.outlet_start[pdu : pdu + 2].tolist()
        banks = slice(pdu * topology.banks, (pdu + 1) * topology.banks)
        power = electricity.line_power[pdu]
        voltage = electricity.voltage[pdu]
        return PduView(
            name=entry.name,
            serial=entry.serial or f"ZA23{zlib.crc32(entry.name.encode()) % 10**8:08d}",
            ticks=round(self._world.now * 100) % 2**32,
            power=float(power.sum()),
            energy=float(electricity.pdu_energy[pdu]),
            line_current=(power / (LINE_VOLTAGE * POWER_FACTOR)).tolist(),
            line_voltage=voltage[:LINES].tolist(),
            line_power=power.tolist(),
            bank_current=electricity.bank_current[banks].tolist(),
            bank_limit=self._world.blueprint.options.bank_limit,
            outlet_on=electricity.outlet_on[start:stop].tolist(),
            outlet_power=electricity.outlet_power[start:stop].tolist(),
            temperature=self._world.hydraulics.ambient + 9.5 + pdu % 7 * 0.3,
            humidity=34.0 + pdu % 5,
        )


class SnmpServer:
    """Answers for all PDUs on sockets that somebody else opened and closes with `close`.

    Attributes:
        served: Responses sent since the start.
    """

    def __init__(
        self, sockets: Sequence[socket.socket], rows: Mapping[str, int], world: World, manners: Manners
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._sockets = sockets
        self._rows = rows
        self._entries = world.blueprint.pdus
        self._pdus = Pdus(world)
        self._manners = manners
        self._names: dict[bytes, tuple[Oid, ...]] = {}
        self._late: set[asyncio.TimerHandle] = set()
        self.served = 0
        for one in sockets:
            self._loop.add_reader(one, self._receive, one)

    def close(self) -> None:
        """Stop answering."""
        for timer in self._late:
            timer.cancel()
        for one in self._sockets:
            self._loop.remove_reader(one)
            one.close()

    def _receive(self, one: socket.socket) -> None:
        for _ in range(_PACKETS_AT_ONCE):
            try:
                data, peer, local = _read(one)
            except OSError:
                # Nothing more to read, or a peer refused our last reply.
                return
            row = self._rows.get(local)
            if row is None or not is_loopback(peer[0]):
                continue
            manner = self._manners.of(self._entries[row])
            if manner == Manner.ANSWERS:
                self._answer(one, row, data, local, peer)
            elif manner == Manner.SLOW:
                delay = self._manners.delay(self._entries[row].name)
                late = self._loop.call_later(delay, self._answer, one, row, data, local, peer)
                self._late = {timer for timer in self._late if timer.when() > self._loop.time()} | {late}

    def _answer(self, one: socket.socket, row: int, data: bytes, local: str, peer: tuple[str, int]) -> None:
        try:
            question = snmp_ber.read_question(data)
            if question.community.decode("latin-1") not in {"public", self._entries[row].community}:
                return
            reply = self._reply(row, question)
        except snmp_ber.NotSnmpError:
            return
        try:
            if can_bind_to_loopback():
                one.sendmsg([reply], reply_from(local), 0, peer)
            else:
                one.sendto(reply, peer)
            self.served += 1
        except OSError:
            # A full socket buffer drops the datagram, as a network does; the reader asks again.
            return

    def _reply(self, row: int, question: Question) -> bytes:
        if question.kind == snmp_ber.SET:
            status = _NOT_WRITABLE if question.version else _NO_SUCH_NAME
            return snmp_ber.write_answer(question, question.bindings, status, 1)
        names = self._read_names(question.bindings)
        tree, view = self._pdus.tree(row), self._pdus.view(row)
        if question.kind == snmp_ber.GET_BULK:
            found = _bulk(tree, view, question, names)
        else:
            find = _get if question.kind == snmp_ber.GET else _next
            found = [find(tree, view, name) for name in names]
        if not question.version:
            for at, binding in enumerate(found, 1):
                if _is_exception(binding):
                    return snmp_ber.write_answer(question, question.bindings, _NO_SUCH_NAME, at)
        reply = snmp_ber.write_answer(question, found)
        if len(reply) > LARGEST_MESSAGE:
            return snmp_ber.write_answer(question, b"" if question.version else question.bindings, _TOO_BIG)
        return reply

    def _read_names(self, bindings: bytes) -> tuple[Oid, ...]:
        """Readers repeat their questions: the decoded names are kept."""
        names = self._names.get(bindings)
        if names is None:
            names = snmp_ber.read_names(bindings)
            if len(self._names) < _REMEMBERED:
                self._names[bindings] = names
        return names


def _read(one: socket.socket) -> tuple[bytes, tuple[str, int], str]:
    """A datagram, who sent it, and the local address it was sent to. Raises OSError when there is none."""
    if not can_bind_to_loopback():
        data, peer = one.recvfrom(_RECEIVE)
        return data, peer, str(one.getsockname()[0])
    data, control, _, peer = one.recvmsg(_RECEIVE, _CONTROL)
    return data, peer, asked_address(control) or str(one.getsockname()[0])


def _is_exception(binding: bytes) -> bool:
    """Whether a binding ends in noSuchInstance or endOfMibView instead of a value."""
    _, start, _ = snmp_ber.head(binding, 0)
    _, _, value_at = snmp_ber.head(binding, start)
    return binding[value_at] in {snmp_ber.NO_SUCH_INSTANCE, snmp_ber.END_OF_VIEW}


def _binding(tree: Tree, view: PduView, at: int) -> bytes:
    return snmp_ber.tlv(snmp_ber.SEQUENCE, tree.encoded[at] + tree.objects[at][1](view))


def _missing(name: Oid, tag: int) -> bytes:
    return snmp_ber.tlv(snmp_ber.SEQUENCE, snmp_ber.oid(name) + bytes((tag, 0)))


def _get(tree: Tree, view: PduView, name: Oid) -> bytes:
    at = tree.place.get(name)
    return _missing(name, snmp_ber.NO_SUCH_INSTANCE) if at is None else _binding(tree, view, at)


def _after(tree: Tree, name: Oid) -> int:
    at = tree.place.get(name)
    return bisect_right(tree.names, name) if at is None else at + 1


def _next(tree: Tree, view: PduView, name: Oid) -> bytes:
    at = _after(tree, name)
    return _binding(tree, view, at) if at < len(tree.names) else _missing(name, snmp_ber.END_OF_VIEW)


def _bulk(tree: Tree, view: PduView, question: Question, names: tuple[Oid, ...]) -> list[bytes]:
    """GETBULK: non-repeaters once, the others up to max-repetitions, cut where the message is full."""
    once = max(min(question.first, len(names)), 0)
    found = [_next(tree, view, name) for name in names[:once]]
    room = LARGEST_MESSAGE - _HEAD_ROOM - len(question.community) - sum(map(len, found))
    places = [_after(tree, name) for name in names[once:]]
    lasts = list(names[once:])
    for _ in range(max(question.second, 0)):
        for column, at in enumerate(places):
            ended = at >= len(tree.names)
            part = _missing(lasts[column], snmp_ber.END_OF_VIEW) if ended else _binding(tree, view, at)
            room -= len(part)
            if room < 0:
                return found
            found.append(part)
            if not ended:
                lasts[column] = tree.names[at]
                places[column] = at + 1
        if all(at >= len(tree.names) for at in places) or not places:
            break
    return found
