"""Whatever a miner of any family sends, its parser gives a sound report or a DeviceError: quickly, and in little room.

The replies that are mutated are those that the family's own driver gets from a virtual miner, so a new family needs
one row in `PARSERS` and no recorded reply. What is recorded is tried in `tests/replay`.
"""

import copy
import math
import random
import time
import tracemalloc
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from drivers.core.credentials import Login
from drivers.core.device import Tier
from drivers.core.errors import DeviceError
from drivers.core.points import POINTS
from drivers.core.profile import Profile
from drivers.core.profile_file import load_profiles
from drivers.core.reading import Quality, Report
from drivers.family import Access
from drivers.registry import open_driver
from drivers.simulators.firmwares import PERSONALITIES
from drivers.simulators.personality import Controls, HttpQuestion, HttpReply, Personality, VirtualMiner, Wire
from drivers.testing.stand import stand
from drivers.transports.cgminer import SIZE_LIMIT, parse
from drivers.transports.connections import Connections
from tests.property.miner_parsers import PARSERS, PLACE, Documents, Parse

GENERATED = 500
MANY = 1_000_000
MOST_NANOSECONDS = 50_000_000
MOST_BYTES = 10_000_000


@dataclass
class Listener:
    """A firmware whose answers are kept as they go out."""

    firmware: Personality
    documents: Documents = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.firmware.name

    @property
    def wires(self) -> Mapping[Wire, int]:
        return self.firmware.wires

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        answer = self.firmware.text(miner, question)
        content = _json(answer)
        commands = str(_json(question).get("command") or _json(question).get("cmd")).split("+")
        for command in commands:
            wrapped = content.get(command)
            part = wrapped[0] if isinstance(wrapped, list) and wrapped else content if len(commands) == 1 else None
            if isinstance(part, dict):
                self.documents[command] = part
        return answer

    def http(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
        reply = self.firmware.http(miner, question)
        content = _json(reply.body)
        if reply.status == 200 and content:
            self.documents[question.path] = content
        return reply

    def framed(self, miner: VirtualMiner, body: bytes) -> bytes:
        answer = self.firmware.framed(miner, body)
        asked = _json(body)
        self.documents[f"{asked.get('cmd')} {asked.get('param') or ''}"] = _json(answer)
        return answer


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw.strip(b"\0\r\n\t "))
    except ValueError:
        return {}


async def answers_of(name: str) -> Documents:
    """What the family's driver is told in one full poll of a healthy virtual miner."""
    profile = profile_of(name)
    listener = Listener(PERSONALITIES[profile.id])
    login = None if name == "antminer-stock" else Login("root", "open-sesame")
    async with Connections() as connections, stand(listener, controls=Controls(login=("root", "open-sesame"))) as at:
        wire = {"http": Wire.HTTP, "whatsminer-v3": Wire.FRAMED}.get(profile.protocol, Wire.TEXT)
        web = at.addresses[Wire.HTTP].port if Wire.HTTP in at.addresses and wire is not Wire.HTTP else 0
        driver = open_driver(profile, at.address(wire), Access(connections, login=login, web_port=web))
        try:
            await driver.read(Tier.FULL)
        finally:
            await driver.close()
    return listener.documents


class Mutator:
    """Makes odd replies out of a sound one; the same seed makes the same replies."""

    ODD: tuple[Any, ...] = (
        None, True, "", "nan", "inf", "-inf", -1, 0, 2**63, -(2**63), 1.5e300, -1.5e-300, "9" * 400, "\ud7ff\x00\n",
        [], {}, [[[[]]]], {"a": {"b": []}}, [None, 1, "x"], "78--50", "1" * 4, "12.5 W", "E", 14, 1e9, "0-0-0-0", "TH",
        {"ID": 10**6}, [{"ID": 3}] * 40, "Rev[1] [2]", "<b>&", "00:00:00:00:00:00", "\u202ecod",
    )  # fmt: skip
    NOISE = (
        b"\0", b"}{", b",", b'"', b"[", b"]", b"{", b"}", b":", b"nan", b"\xff\xfe", b"\\u", b"\\ud800", b"-", b"1e999",
        b'""', b",]", b"[,{", b"BYE",
    )  # fmt: skip

    def __init__(self, documents: Documents, seed: int) -> None:
        self.random = random.Random(seed)
        self.plain = orjson.dumps(documents)
        self.places = list(_places(documents))

    def next(self) -> bytes:
        """A reply that no transport refuses for its size."""
        while len(raw := self._broken() if self.random.random() < 0.15 else self._odd()) > SIZE_LIMIT:
            pass
        return raw

    def _odd(self) -> bytes:
        reply = orjson.loads(self.plain)
        for _ in range(self.random.randint(1, 5)):
            place = self.random.choice(self.places)
            target = reply
            try:
                for step in place[:-1]:
                    target = target[step]
                self._change(target, place[-1])
            except (KeyError, IndexError, TypeError):
                continue  # an earlier change has taken this place away
        return orjson.dumps(reply)

    def _change(self, target: Any, key: Any) -> None:
        if isinstance(key, str) != isinstance(target, dict):
            return  # an earlier change has put something else there
        kind = self.random.random()
        if kind < 0.6:
            target[key] = copy.deepcopy(self.random.choice(self.ODD))
        elif kind < 0.75:
            del target[key]
        elif kind < 0.85 and isinstance(target, dict):
            target[self.random.choice((str(key).upper(), f"{key}9", f" {key}", ""))] = target.pop(key)
        elif isinstance(target, list):
            target *= self.random.choice((2, 5, 30))
        else:
            target[key] = [target[key]] * self.random.choice((2, 20))

    def _broken(self) -> bytes:
        raw = bytearray(self.plain)
        for _ in range(self.random.randint(1, 3)):
            at = self.random.randrange(len(raw) + 1)
            kind = self.random.random()
            if kind < 0.3:
                del raw[at:]
            elif kind < 0.6:
                raw[at:at] = self.random.choice(self.NOISE)
            elif kind < 0.8 and raw:
                raw[min(at, len(raw) - 1)] = self.random.randrange(256)
            else:
                del raw[at : at + self.random.randint(1, 20)]
        return bytes(raw)


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += _places(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += _places(item, (*at, index))
    return found


def read(raw: bytes, reader: Parse) -> Report:
    content, repaired = parse(raw, PLACE)
    return reader(dict(content), repaired)


def check(report: Report) -> None:
    assert len(report.values) == len(report.quality) == len(report.layout)
    for signal, value, quality in zip(report.layout.signals, report.values, report.quality, strict=True):
        assert Quality(quality).has_value == math.isfinite(value), (signal, value, quality)
        assert math.isnan(value) or abs(value) <= 1e15, (signal, value)
        names = POINTS[signal.point].codes
        assert not names or math.isnan(value) or value in range(len(names)), (signal, value)
    assert all(isinstance(text, str) and len(text) <= 4096 for text in report.texts.values())


def profile_of(name: str) -> Profile:
    return load_profiles()[name.partition(" ")[0]]


def test_that_every_family_of_miners_has_a_row() -> None:
    """The long tail goes through a library that parses by itself; its replies are no bytes here."""
    spoken = {"cgminer", "http", "whatsminer-v3"}
    miners = {name for name, profile in load_profiles().items() if profile.protocol in spoken}
    assert miners - {"long-tail"} == {profile_of(name).id for name in PARSERS}


@pytest.mark.parametrize("name", sorted(PARSERS))
async def test_that_generated_replies_give_a_sound_report_or_a_device_error(name: str) -> None:
    profile = profile_of(name)
    documents = await answers_of(name)
    whole = read(orjson.dumps(documents), PARSERS[name](profile))
    check(whole)
    assert any(math.isfinite(value) for value in whole.values), "the reply that is mutated must be a sound one"
    mutator = Mutator(documents, seed=20261122)
    reader = PARSERS[name](profile)
    reports = 0
    for number in range(GENERATED):
        if number % 20 == 0:  # a shape that was seen stays, and odd counts make it large
            reader = PARSERS[name](profile)
        try:
            check(read(mutator.next(), reader))
            reports += 1
        except DeviceError:
            continue
    assert GENERATED // 4 < reports < GENERATED, "the generator must reach both outcomes"


@pytest.mark.parametrize("name", sorted(PARSERS))
@pytest.mark.parametrize("most", [2, pytest.param(100, marks=pytest.mark.long)], ids=["some", "all"])
async def test_that_a_reply_blown_up_to_the_size_limit_takes_little_room(name: str, most: int) -> None:
    profile = profile_of(name)
    documents = await answers_of(name)
    places = [place for place in _places(documents) if _is_big(documents, place)]
    random.Random(name).shuffle(places)
    for place in places[:most]:
        blown = _blown_up(documents, place)
        raw = orjson.dumps(blown)[:SIZE_LIMIT]
        tracemalloc.start()
        try:
            check(read(raw, PARSERS[name](profile)))
        except DeviceError:
            pass
        finally:
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert peak <= MOST_BYTES, f"{peak:,} bytes for {len(raw):,}"


def _is_big(documents: Documents, place: tuple[Any, ...]) -> bool:
    found: Any = documents
    for step in place:
        found = found[step]
    return isinstance(found, list | dict) and bool(found)


def _blown_up(documents: Documents, place: tuple[Any, ...]) -> Documents:
    """A copy in which one list is long, or one object wide."""
    blown = copy.deepcopy(documents)
    target: Any = blown
    for step in place:
        target = target[step]
    if isinstance(target, list):
        target *= 3000
    else:
        for key, value in list(target.items())[:3]:
            target.update({f"{key}{number}": value for number in range(2000)})
    return blown


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", sorted(PARSERS))
async def test_that_a_million_generated_replies_are_read_quickly_and_in_little_room(name: str) -> None:
    """The time is this thread's own CPU time; room is counted for every thousandth, since counting is slow.

    A slow one is read once more: the garbage of a thousand earlier ones is not its own.
    """
    profile = profile_of(name)
    documents = await answers_of(name)
    mutator = Mutator(documents, seed=4)
    reader = PARSERS[name](profile)
    reports = slowest = largest = 0
    for number in range(MANY):
        if number % 20 == 0:
            reader = PARSERS[name](profile)
        raw = mutator.next()
        if number % 1000 == 0:
            tracemalloc.start()
            _timed(raw, reader)
            largest = max(largest, tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        took, report = _timed(raw, reader)
        if took > MOST_NANOSECONDS:
            took, _ = _timed(raw, PARSERS[name](profile))
        slowest = max(slowest, took)
        if report is not None:
            reports += 1
            if number % 50 == 0:
                check(report)
    assert MANY // 4 < reports < MANY
    assert slowest <= MOST_NANOSECONDS, f"{slowest / 1e6:.1f} ms"
    assert largest <= MOST_BYTES, f"{largest:,} bytes"


def _timed(raw: bytes, reader: Parse) -> tuple[int, Report | None]:
    """Nanoseconds of CPU, and the report; None for a DeviceError."""
    began = time.thread_time_ns()
    try:
        report = read(raw, reader)
    except DeviceError:
        return time.thread_time_ns() - began, None
    return time.thread_time_ns() - began, report
