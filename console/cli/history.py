"""Read the samples of one series of a device from a site folder."""

import argparse
import asyncio
import csv
import json
import math
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from console.domain.inventory import Device, Site
from console.services.ports import History
from console.store.engine import StoreError
from console.store.history.codec import CorruptBlob
from console.store.site_store import SiteStore
from drivers.core.points import POINTS
from drivers.core.reading import Quality

FOUND_PROBLEMS = 1
USAGE = 2
ENVIRONMENT = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="site folder")
    parser.add_argument("--device", required=True, metavar="D", help="name or UUID of the device")
    parser.add_argument("--point", required=True, metavar="P", choices=sorted(POINTS), help="canonical point: hashrate")
    parser.add_argument("--part", default="", metavar="X", help="board, fan, outlet, phase; leave out for the device")
    parser.add_argument("--from", dest="start", required=True, type=moment, metavar="T", help="ISO 8601, or epoch s")
    parser.add_argument("--to", dest="stop", required=True, type=moment, metavar="T", help="the end, not included")
    parser.add_argument("--step", type=_step, default=0.0, metavar="S", help="seconds; default is the stored period")
    parser.add_argument("--csv", action="store_true", help="a table on stdout")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def moment(text: str) -> float:
    """UTC seconds of an ISO 8601 time (without a zone: UTC) or of epoch seconds; raises ValueError."""
    try:
        seconds = float(text)
    except ValueError:
        when = datetime.fromisoformat(text)
        return (when if when.tzinfo is not None else when.replace(tzinfo=UTC)).timestamp()
    if not 0 <= seconds < 1e11:
        raise ValueError(f"{text} lies outside the years that history can hold")
    return seconds


def _step(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < math.inf:
        raise ValueError("a step is a number of seconds, 0 or more")
    return seconds


def run(arguments: argparse.Namespace) -> int:
    """Read and print; 1 when nothing is stored there, 2 for an unknown device, 3 when the folder cannot be read."""
    if arguments.stop <= arguments.start:
        print("terrahash history: --to must be later than --from", file=sys.stderr)
        return USAGE
    try:
        return asyncio.run(_run(arguments))
    except (StoreError, CorruptBlob, OSError) as error:
        print(f"terrahash history: {error}", file=sys.stderr)
        return ENVIRONMENT


async def _run(arguments: argparse.Namespace) -> int:
    store = await SiteStore.open(arguments.folder, read_only=True)
    try:
        device = _find(await store.site(), arguments.device)
        if device is None:
            print(f'terrahash history: the site has no device "{arguments.device}"', file=sys.stderr)
            return USAGE
        series = [(arguments.point, arguments.part)]
        found = await store.reader.read(device.id, series, arguments.start, arguments.stop, arguments.step)
    finally:
        await store.close()
    if not found:
        part = f" of part {arguments.part}" if arguments.part else ""
        print(f"terrahash history: {device.name} has no {arguments.point}{part} in that time", file=sys.stderr)
    _print(arguments, device, found)
    return 0 if found else FOUND_PROBLEMS


def _find(site: Site, wanted: str) -> Device | None:
    for device in site.devices:
        if device.name == wanted:
            return device
    try:
        identity = UUID(wanted)
    except ValueError:
        return None
    return next((device for device in site.devices if device.id == identity), None)


def _print(arguments: argparse.Namespace, device: Device, found: Sequence[History]) -> None:
    if arguments.json:
        print(json.dumps(_answer(arguments, device, found)))
        return
    out = csv.writer(sys.stdout, lineterminator="\n")
    if arguments.csv:
        out.writerow(["time", "value", "min", "max", "quality"])
    for history in found:
        rows = zip(
            history.times.tolist(),
            _numbers(history.values),
            _numbers(history.low),
            _numbers(history.high),
            history.quality.tolist(),
            strict=True,
        )
        for time, value, low, high, quality in rows:
            when = datetime.fromtimestamp(time, UTC).isoformat().replace("+00:00", "Z")
            word = Quality(quality).name.lower()
            if arguments.csv:
                out.writerow([when, _text(value), _text(low), _text(high), word])
            else:
                print(f"{when}  {_text(value):>14} {history.signal.unit}  {'' if quality == 0 else word}".rstrip())


def _answer(arguments: argparse.Namespace, device: Device, found: Sequence[History]) -> dict[str, object]:
    history = found[0] if found else None
    return {
        "device": device.name,
        "point": arguments.point,
        "part": arguments.part,
        "unit": POINTS[arguments.point].unit,
        "step_s": history.step if history is not None else arguments.step,
        "t": history.times.tolist() if history is not None else [],
        "value": _numbers(history.values) if history is not None else [],
        "min": _numbers(history.low) if history is not None else [],
        "max": _numbers(history.high) if history is not None else [],
        "quality": [Quality(code).name.lower() for code in history.quality.tolist()] if history is not None else [],
    }


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"
