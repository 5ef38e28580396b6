"""Read samples from a site folder: as lines, as JSON, or as a table in CSV or Parquet."""

import argparse
import asyncio
import json
import math
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from console.domain.inventory import Device, Site
from console.services.ports import Matrix
from console.store.engine import StoreError
from console.store.history.codec import CorruptBlob
from console.store.reading.export import CsvTable, Exported, NewFile, Selection, write_table
from console.store.site_store import SiteStore
from console.support.plain_text import visible
from drivers.core.points import POINTS
from drivers.core.reading import Quality

OK = 0
FOUND_PROBLEMS = 1
USAGE = 2
ENVIRONMENT = 3

ALL_PARTS = "*"
"""Instead of the name of a part: every part there is, and the device as a whole."""

_WORDS = {int(quality): quality.name.lower() for quality in Quality}

_NO_PYARROW = 'Parquet needs the optional package pyarrow: pip install "terrahash-console[parquet]"'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="site folder")
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument(
        "--device", "--devices", action="append", metavar="D", help="name or UUID of a device; may stand several times"
    )
    whose.add_argument("--all-devices", action="store_true", help="every device of the site")
    parser.add_argument(
        "--point", "--points", dest="points", required=True, action="append", metavar="P",
        choices=sorted(POINTS), help="canonical point: hashrate; may stand several times",
    )  # fmt: skip
    parser.add_argument(
        "--part", "--parts", dest="parts", action="append", metavar="X",
        help='board, fan, outlet, phase; "*" for every part; leave out for the device as a whole',
    )  # fmt: skip
    parser.add_argument("--from", dest="start", required=True, type=moment, metavar="T", help="ISO 8601, or epoch s")
    parser.add_argument("--to", dest="stop", required=True, type=moment, metavar="T", help="the end, not included")
    parser.add_argument("--step", type=_step, default=0.0, metavar="S", help="seconds; default is the stored period")
    table = parser.add_mutually_exclusive_group()
    table.add_argument("--csv", nargs="?", const="-", metavar="FILE", help="a table; - or nothing for stdout")
    table.add_argument("--parquet", type=Path, metavar="FILE", help="a table as Parquet (needs pyarrow)")
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
    if arguments.json and arguments.csv == "-":
        print("terrahash history: --json and --csv cannot both have stdout; name a file", file=sys.stderr)
        return USAGE
    try:
        return asyncio.run(_run(arguments))
    except BrokenPipeError:
        raise
    except (StoreError, CorruptBlob, OSError) as error:
        print(f"terrahash history: {error}", file=sys.stderr)
        return ENVIRONMENT


async def _run(arguments: argparse.Namespace) -> int:
    store = await SiteStore.open(arguments.folder, read_only=True)
    try:
        devices, unknown = _find(await store.site(), arguments)
        if unknown:
            print(f'terrahash history: the site has no device "{visible(unknown)}"', file=sys.stderr)
            return USAGE
        if arguments.csv is None and arguments.parquet is None:
            return await _show(store, devices, arguments)
        return await _export(store, devices, arguments)
    finally:
        await store.close()


def _find(site: Site, arguments: argparse.Namespace) -> tuple[list[Device], str]:
    """The devices that are meant, and the first name that is none."""
    if arguments.all_devices:
        return list(site.devices), ""
    known = {name: device for device in site.devices for name in (str(device.id), device.name)}
    names = list(dict.fromkeys(arguments.device))
    unknown = next((name for name in names if name not in known), "")
    return [known[name] for name in names if name in known], unknown


async def _show(store: SiteStore, devices: Sequence[Device], arguments: argparse.Namespace) -> int:
    found: list[dict[str, object]] = []
    span = arguments.start, arguments.stop, arguments.step
    level = await store.reader.level(*span)
    for device in devices:
        for point in dict.fromkeys(arguments.points):
            matrix = await store.reader.matrix(point, *span, devices={device.id})
            wanted = [row for row, part in enumerate(matrix.parts) if _is_wanted(part, arguments.parts)]
            found += [_answer(device.name, matrix, row, level) for row in wanted]
    if arguments.json:
        several = len(devices) * len(set(arguments.points)) > 1 or len(found) > 1
        print(json.dumps({"series": found} if several else found[0] if found else _nothing(devices[0], arguments)))
    else:
        for series in found:
            _print_lines(series, named=len(found) > 1)
    return _verdict(len(found), devices, arguments)


def _is_wanted(part: str, parts: Sequence[str] | None) -> bool:
    return part == "" if parts is None else ALL_PARTS in parts or part in parts


def _verdict(series: int, devices: Sequence[Device], arguments: argparse.Namespace) -> int:
    if series:
        return OK
    part = f" of part {' '.join(map(visible, arguments.parts))}" if arguments.parts else ""
    who = f"{visible(devices[0].name)} has no" if len(devices) == 1 else "none of the devices has"
    print(f"terrahash history: {who} {' '.join(arguments.points)}{part} in that time", file=sys.stderr)
    return FOUND_PROBLEMS


def _answer(device: str, matrix: Matrix, row: int, level: str) -> dict[str, object]:
    times = matrix.start + matrix.step * np.arange(matrix.values.shape[1])
    return {
        "device": device,
        "point": matrix.point,
        "part": matrix.parts[row],
        "unit": POINTS[matrix.point].unit,
        "step_s": matrix.step,
        "level": level,
        "t": times.tolist(),
        "value": _numbers(matrix.values[row]),
        "min": _numbers(matrix.low[row]),
        "max": _numbers(matrix.high[row]),
        "quality": [_WORDS[code] for code in matrix.quality[row].tolist()],
    }


def _nothing(device: Device, arguments: argparse.Namespace) -> dict[str, object]:
    """The answer's shape where nothing is stored."""
    part = arguments.parts[0] if arguments.parts else ""
    about = {"device": device.name, "point": arguments.points[0], "part": part}
    unit = POINTS[arguments.points[0]].unit
    return {**about, "unit": unit, "step_s": arguments.step, "t": [], "value": [], "min": [], "max": [], "quality": []}


def _print_lines(series: dict[str, object], *, named: bool) -> None:
    if named:
        print(visible(f"{series['device']} {series['point']} {series['part']}".rstrip()))
    columns = (cast("list[Any]", series[name]) for name in ("t", "value", "quality"))
    for time, value, word in zip(*columns, strict=True):
        when = datetime.fromtimestamp(time, UTC).isoformat().replace("+00:00", "Z")
        number = "" if value is None else f"{value:.10g}"
        print(f"{when}  {number:>14} {series['unit']}  {'' if word == 'good' else word}".rstrip())


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


async def _export(store: SiteStore, devices: Sequence[Device], arguments: argparse.Namespace) -> int:
    parts = arguments.parts
    wanted = Selection(
        {device.id: device.name for device in devices},
        list(dict.fromkeys(arguments.points)),
        arguments.start,
        arguments.stop,
        arguments.step,
        frozenset([""]) if parts is None else None if ALL_PARTS in parts else frozenset(parts),
    )
    if arguments.csv == "-":
        exported = await write_table(store.reader, wanted, CsvTable(sys.stdout))
        return _verdict(len(exported.series), devices, arguments)
    path = Path(arguments.csv) if arguments.csv is not None else arguments.parquet
    exported = await _write_file(store, wanted, path, parquet=arguments.csv is None)
    if arguments.json:
        print(json.dumps({"file": str(path), "rows": exported.rows, "series": len(exported.series)}))
    else:
        print(f"{path}: {exported.rows} rows of {len(exported.series)} series")
    return _verdict(len(exported.series), devices, arguments)


async def _write_file(store: SiteStore, wanted: Selection, path: Path, *, parquet: bool) -> Exported:
    """Write a table beside its place and rename it into it; nothing is left of one that was cancelled."""
    with NewFile(path) as file:
        if parquet:
            try:
                from console.store.reading.parquet import ParquetTable
            except ImportError as error:
                raise StoreError(_NO_PYARROW) from error
            with ParquetTable(file.partial) as table:
                exported = await write_table(store.reader, wanted, table, _report)
        else:
            with file.partial.open("w", encoding="utf-8", newline="") as out:
                exported = await write_table(store.reader, wanted, CsvTable(out), _report)
        await asyncio.to_thread(file.keep)
    return exported


def _report(done: float) -> None:
    if sys.stderr.isatty():
        print(f"\r{done:4.0%}", end="\n" if done >= 1 else "", file=sys.stderr, flush=True)
