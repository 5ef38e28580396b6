"""Whatever a device sends, a parser gives a report or a DeviceError: nothing else, ever."""

import copy
import math
import random
import struct
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.core.device import Tier
from drivers.core.errors import DeviceError, Malformed
from drivers.core.object_map import ObjectMap
from drivers.core.points import POINTS
from drivers.core.profile_file import load_profiles
from drivers.core.reading import Quality, Report
from drivers.core.register_map import RegisterMap
from drivers.miners.antminer.driver import identity_of
from drivers.miners.antminer.fields import split_stats
from drivers.miners.antminer.parser import AntminerParser
from drivers.pdus.snmp_pdu import decode, has_probe
from drivers.pdus.snmp_pdu import identity_of as pdu_identity
from drivers.testing.snmp_agent import RecordedAgent, serve_agent
from drivers.transports.cgminer import Answers, parse, split_joined
from drivers.transports.snmp import SnmpTarget, SnmpTransport

STOCK = load_profiles()["antminer-stock"]
COMMANDS = ("summary", "stats", "pools")
GENERATED = 100_000

REPLY: dict[str, Any] = {
    "summary": [{"STATUS": [{"STATUS": "S", "Code": 11}], "SUMMARY": [{"GHS 5s": 110566.89, "Elapsed": 50474}]}],
    "stats": [
        {
            "STATS": [
                {"Type": "Antminer S19 Pro", "Miner": "49.0.1.3"},
                {
                    "miner_count": 1, "fan_num": 1, "fan1": 6000, "chain_acn1": 114, "chain_rate1": "37603.30",
                    "temp_chip1": "78-50-69-70", "temp_pcb1": "73-45-64-65", "rate_unit": "GH",
                },
            ]
        }
    ],
    "pools": [{"POOLS": [{"Status": "Alive", "URL": "stratum+tcp://p", "User": "w", "Stratum Active": True}]}],
}  # fmt: skip
ODD: tuple[Any, ...] = (
    None, True, "", "nan", "inf", "-inf", -1, 0, 2**63, -(2**63), 1.5e300, -1.5e-300, "9" * 400, "\ud7ff\x00\n", [], {},
    [[[[]]]], {"a": {"b": []}}, [None, 1, "x"], "78--50", "-5-6-7-8", "Antminer S21 Hyd.", "E", 14, 1e9, "0-0-0-0",
    "TH",
)  # fmt: skip


def check(report: Report) -> None:
    assert len(report.values) == len(report.quality) == len(report.layout)
    for signal, value, quality in zip(report.layout.signals, report.values, report.quality, strict=True):
        assert Quality(quality).has_value == math.isfinite(value), (signal, value, quality)
        assert math.isnan(value) or abs(value) <= 1e12
        names = POINTS[signal.point].codes
        assert not names or math.isnan(value) or value in range(len(names))


def read_miner(raw: bytes, parser: AntminerParser, *, closely: bool = True) -> None:
    """Everything that is done with the bytes of a miner's reply."""
    content, repaired = parse(raw, "127.0.0.1:4028")
    sections = split_joined(content, COMMANDS, raw, "127.0.0.1:4028")
    report = parser.report(Answers(sections, repaired, 1.0, 2.0), Tier.FULL)
    if closely:
        check(report)
    header, data = split_stats(sections.get("stats", {}))
    identity_of(data, header, STOCK)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += places(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += places(item, (*at, index))
    return found


PLACES = places(REPLY)
PLAIN = orjson.dumps(REPLY)
NOISE = (
    b"\0",
    b"}{",
    b",",
    b'"',
    b"[",
    b"]",
    b"{",
    b"}",
    b":",
    b"nan",
    b"\xff\xfe",
    b"\\u",
    b"\\ud800",
    b"-",
    b"1e999",
)


def odd_values(random_: random.Random) -> bytes:
    """A well-formed reply with up to four values of the wrong type or size."""
    reply = orjson.loads(PLAIN)
    for _ in range(random_.randint(1, 4)):
        place = random_.choice(PLACES)
        target = reply
        try:
            for step in place[:-1]:
                target = target[step]
            if isinstance(place[-1], str) == isinstance(target, dict):
                target[place[-1]] = copy.deepcopy(random_.choice(ODD))
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change has taken this place away
    return orjson.dumps(reply)


def broken_bytes(random_: random.Random) -> bytes:
    """A reply that was cut, or that carries bytes which do not belong there."""
    raw = bytearray(PLAIN)
    for _ in range(random_.randint(1, 3)):
        at = random_.randrange(len(raw) + 1)
        kind = random_.random()
        if kind < 0.3:
            del raw[at:]
        elif kind < 0.6:
            raw[at:at] = random_.choice(NOISE)
        elif kind < 0.8 and raw:
            raw[min(at, len(raw) - 1)] = random_.randrange(256)
        else:
            del raw[at : at + random_.randint(1, 20)]
    return bytes(raw)


@pytest.mark.timeout(180)  # 9 s of CPU; the usual limit leaves too little room on a loaded machine
def test_that_100_000_generated_miner_replies_give_a_report_or_a_device_error() -> None:
    random_ = random.Random(20261122)
    parser = AntminerParser(STOCK)
    reports = 0
    for number in range(GENERATED):
        if number % 10 == 0:  # a shape that was seen stays, and odd counts make it large
            parser = AntminerParser(STOCK)
        raw = odd_values(random_) if number % 10 else broken_bytes(random_)
        try:
            read_miner(raw, parser, closely=number % 5 == 0)
            reports += 1
        except DeviceError:
            continue
    assert GENERATED // 2 < reports < GENERATED, "the generator must reach both outcomes"


def test_that_100_000_generated_register_blocks_give_values_with_a_quality() -> None:
    random_ = random.Random(4)
    points = [
        point
        for name in ("carlo-gavazzi-em24", "generic-cdu")
        for point in RegisterMap.of(load_profiles()[name]).points
    ]
    odd = (0, 0x8000, 0xFFFF, 0x7FFF, 0x7FC0, 0x7F80, 0xFF80, 1)
    for _ in range(GENERATED):
        point = random_.choice(points)
        words = [
            random_.choice(odd) if random_.random() < 0.5 else random_.randrange(65536) for _ in range(point.words)
        ]
        value, quality = point.decode(words)
        assert quality.has_value == math.isfinite(value)


def test_that_100_000_generated_snmp_values_give_values_with_a_quality() -> None:
    random_ = random.Random(161)
    maps = [ObjectMap.of(load_profiles()[name]) for name in ("apc-rpdu2", "apc-rpdu")]
    points = [point for objects in maps for point in objects.points]
    odd: tuple[Any, ...] = (
        None,
        -1,
        0,
        2**64,
        -(2**63),
        b"",
        b"nan",
        b"inf",
        b"12.5",
        b"\xff\x00",
        b"notsupported",
        "1.3.6",
        10**400,
    )
    for _ in range(GENERATED):
        raw = random_.choice(odd) if random_.random() < 0.7 else random_.randrange(-(2**33), 2**33)
        value, quality = decode(random_.choice(points), raw)
        assert quality.has_value == math.isfinite(value)
    for objects in maps:
        every = {oid: random_.choice(odd[1:]) for oid in (*objects.model, *objects.serial, objects.probe)}
        pdu_identity(load_profiles()["apc-rpdu2"], objects, every, "")
        has_probe(objects, every)


class DamagingAgent(RecordedAgent):
    """Sends two damaged copies before each reply, or nothing but one."""

    random = random.Random(7)
    only_damaged = False

    def datagram_received(self, data: bytes, peer: tuple[str | object, int]) -> None:
        good = self.answer(data)
        bad = bytearray(good)
        for _ in range(self.random.randint(1, 4)):
            bad[self.random.randrange(len(bad))] = self.random.randrange(256)
        assert self._transport is not None
        for reply in (bytes(bad), bytes(bad[: self.random.randint(0, len(bad))])):
            self._transport.sendto(reply if not self.only_damaged else good[:-3], peer)
        if not self.only_damaged:
            self._transport.sendto(good, peer)


async def test_that_damaged_snmp_datagrams_harm_no_request() -> None:
    transport, target = SnmpTransport(timeout=1.0, retries=0), SnmpTarget()
    oids = ["1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.2.0"]
    values: dict[tuple[int, ...], bytes] = {
        (1, 3, 6, 1, 2, 1, 1, 1, 0): b"\x04\x03APC",
        (1, 3, 6, 1, 2, 1, 1, 2, 0): b"\x06\x03\x2b\x06\x01",
    }
    agent = DamagingAgent(values)
    async with serve_agent(agent) as address:
        understood = 0
        for _ in range(200):
            try:
                understood += set(await transport.get(address, target, oids)) == set(oids)
            except DeviceError:
                continue
        agent.only_damaged = True
        with pytest.raises(Malformed, match="no SNMP"):
            await transport.get(address, target, oids)
    await transport.close()
    assert understood > 150


words = st.text(st.characters(codec="utf-8"), max_size=12)
json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        words,
    ),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(words, children, max_size=4),
    max_leaves=12,
)
keys = st.sampled_from(
    (
        *("GHS 5s", "GHS av", "Elapsed", "fan_num", "miner_count", "rate_unit", "total_rateideal", "power", "Type"),
        *("chain_acn1", "chain_acn16", "temp_chip1", "temp2_1", "fan16", "Status", "URL", "Stratum Active"),
    )
)
rows = st.lists(st.dictionaries(keys, json_values, max_size=8) | json_values, max_size=4)


@settings(deadline=None, max_examples=300)
@given(
    st.fixed_dictionaries({"SUMMARY": rows}),
    st.fixed_dictionaries({"STATS": rows}),
    st.fixed_dictionaries({"POOLS": rows}),
)
def test_that_any_json_in_the_right_places_gives_a_sound_report(summary: Any, stats: Any, pools: Any) -> None:
    parser = AntminerParser(STOCK)
    for _ in range(2):
        answers = Answers({"summary": summary, "stats": stats, "pools": pools}, False, 1.0, 2.0)
        check(parser.report(answers, Tier.FULL))


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=400) | json_values.map(orjson.dumps))
def test_that_any_bytes_give_an_object_or_a_device_error(raw: bytes) -> None:
    try:
        content, _ = parse(raw, "x:1")
    except DeviceError:
        return
    assert content
    try:
        read_miner(raw, AntminerParser(STOCK))
    except DeviceError:
        return


@settings(deadline=None, max_examples=200)
@given(st.integers(-(2**31), 2**31 - 1))
def test_that_a_32_bit_register_pair_decodes_to_the_number_that_was_encoded(value: int) -> None:
    point = next(p for p in RegisterMap.of(load_profiles()["carlo-gavazzi-em24"]).points if p.signal.part == "L1")
    high, low = struct.unpack(">HH", struct.pack(">i", value))
    assert point.raw([low, high]) == value


@pytest.mark.parametrize("breaker", [odd_values, broken_bytes])
def test_that_the_generators_change_something(breaker: Callable[[random.Random], bytes]) -> None:
    random_ = random.Random(1)
    assert len({breaker(random_) for _ in range(50)}) > 20
