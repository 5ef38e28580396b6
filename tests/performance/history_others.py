"""The same samples in other stores: plain rows of SQLite, and VictoriaMetrics where it is installed."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from console.store.history.quantise import scale_of, to_steps
from console.store.history.tiles import SERIES, encode_segment, join_segments
from tests.performance.history_site import TEN, Fleet, Window

DEVICES = 256
HOURS = 1
PERIOD = 5.0
SLOTS = round(HOURS * 3600 / PERIOD)
PROGRAM = "victoria-metrics"
PATIENCE_SECONDS = 20.0

_TABLES = {
    "rows": "CREATE TABLE sample (at INTEGER, device INTEGER, series INTEGER, value REAL)",
    "rows_clustered": "CREATE TABLE sample (device INTEGER, series INTEGER, at INTEGER, value REAL,"
    " PRIMARY KEY (device, series, at)) WITHOUT ROWID",
}


def beside_others() -> dict[str, object]:
    """Bytes of a sample and samples a second and core of an hour of 256 devices with ten series, without outages."""
    values = np.concatenate([window.values for window in _windows()], axis=2)
    found: dict[str, object] = {"samples": values.size, "tiles": _tiles(values)}
    for name, table in _TABLES.items():
        found[name] = _rows(values, table)
    program = shutil.which(PROGRAM)
    found["victoria_metrics"] = _victoria(values, program) if program else f"skipped: {PROGRAM} is not installed"
    return found


def _windows() -> Iterator[Window]:
    fleet = Fleet(DEVICES, TEN, PERIOD)
    slots = round(600 / PERIOD)
    for _ in range(SLOTS // slots):
        yield fleet.window(slots)


def _tiles(values: NDArray[np.float64]) -> dict[str, float]:
    """Only the encoding: what a whole ingest takes is measured elsewhere."""
    began = time.process_time()
    size = 0
    slots = round(600 / PERIOD)
    for point in dict.fromkeys(signal.point for signal in TEN.signals):
        at = [number for number, signal in enumerate(TEN.signals) if signal.point == point]
        series = values[:, at].reshape(-1, values.shape[2])
        for first in range(0, len(series), SERIES):
            parts: dict[int, bytes] = {}
            for place in range(SLOTS // slots):
                mine = series[first : first + SERIES, place * slots : (place + 1) * slots]
                steps, quality = to_steps(mine, np.zeros(mine.shape, np.uint8), scale_of(point))
                parts[place] = encode_segment(steps, quality, scale_of(point))
            size += len(join_segments(parts, SERIES, slots))
    spent = time.process_time() - began
    return {"bytes_per_sample": round(size / values.size, 3), "encoded_per_s_per_core": round(values.size / spent)}


def _rows(values: NDArray[np.float64], table: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.sqlite"
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(table)
        columns = "device, series, at, value" if "device INTEGER, series" in table else "at, device, series, value"
        statement = f"INSERT INTO sample ({columns}) VALUES (?, ?, ?, ?)"
        clustered = columns.startswith("device")
        spent = 0.0
        for slot in range(values.shape[2]):
            now = values[:, :, slot].tolist()
            began = time.process_time()
            if clustered:
                rows = [(d, s, slot, value) for d, report in enumerate(now) for s, value in enumerate(report)]
            else:
                rows = [(slot, d, s, value) for d, report in enumerate(now) for s, value in enumerate(report)]
            connection.execute("BEGIN")
            connection.executemany(statement, rows)
            connection.execute("COMMIT")
            spent += time.process_time() - began
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        began = time.process_time()
        connection.execute("SELECT at, value FROM sample WHERE device = 7 AND series = 0 ORDER BY at").fetchall()
        read = time.process_time() - began
        connection.close()
        return {
            "bytes_per_sample": round(path.stat().st_size / values.size, 2),
            "samples_per_s_per_core": round(values.size / spent),
            "one_series_of_the_hour_ms": round(read * 1e3, 1),
        }


def _victoria(values: NDArray[np.float64], program: str) -> dict[str, float] | str:
    began = int(time.time() // 3600 - 3) * 3600 * 1000
    times = [began + round(slot * PERIOD * 1000) for slot in range(values.shape[2])]
    with tempfile.TemporaryDirectory() as folder, _served(program, Path(folder)) as (address, process):
        if not address:
            return f"skipped: {PROGRAM} did not start"
        before = _cpu_seconds(process)
        for device in range(len(values)):
            lines = [
                json.dumps({"metric": _labels(device, number), "values": series.tolist(), "timestamps": times})
                for number, series in enumerate(values[device])
            ]
            _ask(f"{address}/api/v1/import", "\n".join(lines).encode())
        _ask(f"{address}/internal/force_flush")
        spent = _cpu_seconds(process) - before
        _ask(f"{address}/internal/force_merge")
        time.sleep(5.0)
        data = sum(path.stat().st_size for path in (Path(folder) / "data").rglob("*") if path.is_file())
        index = sum(path.stat().st_size for path in (Path(folder) / "indexdb").rglob("*") if path.is_file())
    return {
        "bytes_per_sample": round(data / values.size, 3),
        "index_bytes_per_sample": round(index / values.size, 3),
        "samples_per_s_per_core": round(values.size / spent),
    }


def _labels(device: int, series: int) -> dict[str, str]:
    signal = TEN.signals[series]
    return {"__name__": signal.point, "device": f"miner-{device}", "part": signal.part or "whole"}


@contextmanager
def _served(program: str, folder: Path) -> Iterator[tuple[str, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [program, f"-storageDataPath={folder}", f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ.get("PATH", ""), "GOMAXPROCS": "1"},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        yield (address if _answers(address) else ""), server.pid
    finally:
        server.terminate()
        server.wait(PATIENCE_SECONDS)


def _answers(address: str) -> bool:
    last = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < last:
        try:
            _ask(f"{address}/health")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
        else:
            return True
    return False


def _ask(url: str, body: bytes | None = None) -> None:
    with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=PATIENCE_SECONDS) as answer:
        answer.read()


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
