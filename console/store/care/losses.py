"""What a damaged file cost, in hours and devices."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from console.store.care.check_figures import Registries
from console.store.care.sizes import NAME_OF_LEVEL
from console.store.history.levels import RAW, SECONDS_IN_HOUR

NAMED = 4
"""Devices and points that are named one by one."""


class TileKey(NamedTuple):
    """Which tile it is, in the order of the table's columns."""

    level: int
    origin: str
    shard: int
    point: str
    chunk: int
    hour: int
    rev: int


def loss_texts(lost: Collection[TileKey], registries: Registries | None, names: Mapping[UUID, str]) -> list[str]:
    """One sentence for each span of hours whose raw samples are lost, and one for the levels made again."""
    raw: dict[tuple[frozenset[str], frozenset[str]], list[int]] = defaultdict(list)
    by_hour: dict[int, list[TileKey]] = defaultdict(list)
    for key in lost:
        if key.level == RAW:
            by_hour[key.hour].append(key)
    for hour, keys in by_hour.items():
        points = frozenset(key.point for key in keys)
        devices = frozenset(name for key in keys for name in _devices(key, registries, names))
        raw[points, devices].append(hour)
    texts = [
        f"raw samples of {_some(points)} of {_some(devices)}: {_spans(hours)}"
        for (points, devices), hours in sorted(raw.items(), key=lambda item: min(item[1]))
    ]
    coarse: dict[str, int] = defaultdict(int)
    for key in lost:
        if key.level != RAW:
            coarse[NAME_OF_LEVEL.get(key.level, str(key.level))] += 1
    texts += [
        f"{count} tiles of level {level}, worked out again where finer ones remain"
        for level, count in sorted(coarse.items())
    ]
    return texts


def _devices(key: TileKey, registries: Registries | None, names: Mapping[UUID, str]) -> list[str]:
    if registries is None:
        return ["devices that are not known"]
    try:
        arrangement = registries.arrangement(key.origin, key.shard)
        seats, _ = arrangement.places(arrangement.chunks(key.point)[key.chunk])
        shard = registries.registry(key.origin).shards[key.shard]
    except (KeyError, IndexError):
        return ["devices that are not known"]
    found = {shard.seats[seat].device for seat in seats.tolist()}
    return [names.get(device, str(device)) for device in found]


def _some(words: Collection[str]) -> str:
    ordered = sorted(words)
    if len(ordered) <= NAMED:
        return ", ".join(ordered)
    return f"{', '.join(ordered[:NAMED])} and {len(ordered) - NAMED} more"


def _spans(hours: Sequence[int]) -> str:
    """Hours since the epoch as spans of time."""
    spans: list[list[int]] = []
    for hour in sorted(set(hours)):
        if spans and spans[-1][1] == hour:
            spans[-1][1] = hour + 1
        else:
            spans.append([hour, hour + 1])
    return ", ".join(f"{_time(first)} to {_time(stop)}" for first, stop in spans)


def _time(hour: int) -> str:
    return datetime.fromtimestamp(hour * SECONDS_IN_HOUR, UTC).strftime("%Y-%m-%d %H:%M UTC")
