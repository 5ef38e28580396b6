"""A write-ahead log that a power cut left torn: what can be read is whole sweeps, from the first without a gap."""

import random
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from console.domain.telemetry import LiveColumns
from console.store.site_store import SiteStore
from tests.integration.store.killing import expected, killed_run
from tests.integration.store.sweeper import DEVICES, LAYOUT, SECONDS, START, ingest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

SWEEPS = 40
_BACKFILLED_AT = 96
"""Where the shared memory of a log tells how much of it a checkpoint has brought into the file (SQLite, walformat)."""


def cut(log: bytes, chance: random.Random) -> bytes:
    """The end never reached the disk."""
    return log[: chance.randrange(len(log))]


def overwritten(log: bytes, chance: random.Random) -> bytes:
    """From some byte on there is what stood on the disk before."""
    start = chance.randrange(len(log))
    return log[:start] + chance.randbytes(len(log) - start)


def lengthened(log: bytes, chance: random.Random) -> bytes:
    """Behind the end stands what no transaction wrote."""
    return log + chance.randbytes(chance.randrange(1, 30_000))


def with_a_flipped_bit(log: bytes, chance: random.Random) -> bytes:
    """One bit somewhere is another."""
    at = chance.randrange(len(log))
    return log[:at] + bytes([log[at] ^ 1 << chance.randrange(8)]) + log[at + 1 :]


def logs(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*-wal")) if path.stat().st_size]


def never_checkpointed(log: Path) -> bool:
    """Whether the log still holds everything: only then may any of its frames be the last that reached the disk."""
    shared = log.with_name(log.name.removesuffix("-wal") + "-shm").read_bytes()
    return bool(struct.unpack_from("=I", shared, _BACKFILLED_AT)[0] == 0)


async def whole_sweeps(folder: Path, sweeps: int) -> int:
    """How many sweeps from the first on are there, as a collector that starts finds them; asserts that they are whole.

    Then one more sweep is kept, so that the file is known to be sound for writing too.
    """
    store = await SiteStore.open(folder)
    try:
        said = expected(sweeps)
        kept = sweeps
        for at, signal in enumerate(LAYOUT.signals):
            total = await store.reader.total(signal.point, START, START + sweeps * SECONDS)
            counts = total.count.reshape(sweeps, -1)[:, 0]
            kept = int(np.count_nonzero(counts))
            assert counts.tolist() == [DEVICES] * kept + [0] * (sweeps - kept)
            sums = total.values.reshape(sweeps, -1)[:kept, 0]
            np.testing.assert_allclose(sums, said[at].sum(axis=0)[:kept], rtol=0, atol=1e-6)
        assert await store.history.append(LiveColumns(), START + sweeps * SECONDS) == 0
        columns = LiveColumns()
        assert await store.history.append(columns, ingest(columns, sweeps)) == DEVICES * len(LAYOUT)
        return kept
    finally:
        await store.close()


async def test_that_a_torn_log_gives_whole_sweeps_from_the_first_on(tmp_path: Path) -> None:
    chance = random.Random(11)
    live = tmp_path / "live"
    live.mkdir()
    last = await killed_run(live, 0, SWEEPS, chance)
    assert logs(live)
    assert all(never_checkpointed(log) for log in logs(live))
    found: dict[str, set[int]] = {}
    for number, tear in enumerate(3 * (cut, overwritten, lengthened, with_a_flipped_bit)):
        folder = tmp_path / str(number)
        shutil.copytree(live, folder, ignore=shutil.ignore_patterns("*-shm"))
        for log in logs(folder):
            log.write_bytes(tear(log.read_bytes(), chance))
        found.setdefault(tear.__name__, set()).add(await whole_sweeps(folder, last + 40))
    assert min(found["lengthened"]) > last, "nothing that was acknowledged is lost before the garbage"
    assert len(found["cut"] | found["overwritten"]) > 3, "the log was torn in different places"
