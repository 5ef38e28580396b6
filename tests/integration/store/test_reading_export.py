"""Tables of samples: streamed in pieces, harmless in a spreadsheet, there whole or not at all."""

import asyncio
import csv
import io
import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from console.services.ports import Matrix
from console.store.reading import export
from console.store.reading.export import CsvTable, NewFile, Piece, Selection, spreadsheet_text, write_table
from console.store.site_store import SiteStore
from drivers.core.reading import Quality
from tests.integration.store.sampling import DAY, LAYOUT, a_site, device, samples, values_at

HOSTILE = '=HYPERLINK("http://x","y")'


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SiteStore]:
    store = await SiteStore.open(tmp_path)
    await store.save_site(a_site(device(1), device(2)))
    await store.history.insert(UUID(int=1), LAYOUT, *samples(DAY, DAY + 1200))
    await store.history.insert(UUID(int=2), LAYOUT, *samples(DAY + 600, DAY + 1200))
    yield store
    await store.close()


def wanted(*points: str, step: float = 0.0) -> Selection:
    return Selection({UUID(int=1): HOSTILE, UUID(int=2): "D2"}, points, DAY, DAY + 1200, step)


async def test_that_an_export_holds_every_sample_once_in_bounded_pieces(
    store: SiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "CELLS", 100)
    out = io.StringIO()
    shares: list[float] = []
    found = await write_table(store.reader, wanted("hashrate", "chip_temp"), CsvTable(out), shares.append)
    rows = list(csv.reader(io.StringIO(out.getvalue())))
    assert len(rows) == 1 + found.rows == 1 + 3 * (240 + 120)
    mine = [row for row in rows if row[1] == "D2" and row[2] == "hashrate"]
    assert [float(row[5]) for row in mine] == [values_at(DAY + 1 + at)[0] for at in range(600, 1200, 5)]
    assert len({(row[0], row[1], row[2], row[3]) for row in rows}) == len(rows)
    assert shares == sorted(shares)
    assert len(shares) > 10
    assert shares[-1] == 1.0


async def test_that_text_of_a_device_is_never_a_formula(store: SiteStore) -> None:
    out = io.StringIO()
    await write_table(store.reader, wanted("hashrate"), CsvTable(out))
    rows = list(csv.reader(io.StringIO(out.getvalue())))
    assert {row[1] for row in rows[1:]} == {"'" + HOSTILE, "D2"}
    assert [spreadsheet_text(text) for text in ("-1+2", " @x", "\t=1", "a=b", "x\ny")] == [
        "'-1+2", "' @x", "\\t=1", "a=b", "x\\ny",
    ]  # fmt: skip


async def test_that_a_negative_number_stays_a_number() -> None:
    out = io.StringIO()
    one = np.array([[-1.5]])
    matrix = Matrix("inlet_temp", (UUID(int=1),), ("",), DAY, 5.0, one, np.zeros((1, 1), np.uint8), one, one)
    CsvTable(out).write(Piece((export.Row("D1", "inlet_temp", "", "degC"),), matrix, 1.0))
    assert out.getvalue().splitlines()[1] == "2027-01-15T00:00:00Z,D1,inlet_temp,,degC,-1.5,-1.5,-1.5,good"


async def test_that_a_coarser_step_gives_one_row_for_each_slot(store: SiteStore) -> None:
    out = io.StringIO()
    found = await write_table(store.reader, wanted("hashrate", step=60.0), CsvTable(out))
    assert found.rows == 20 + 10
    assert len(found.series) == 2


async def test_that_a_cancelled_export_leaves_no_file(store: SiteStore, tmp_path: Path) -> None:
    begun = asyncio.Event()
    path = tmp_path / "out.csv"

    async def work() -> None:
        with NewFile(path) as file, file.partial.open("w", encoding="utf-8", newline="") as out:
            await write_table(store.reader, wanted("hashrate", "chip_temp"), CsvTable(out), lambda _share: begun.set())
            file.keep()

    export_task = asyncio.create_task(work())
    await begun.wait()
    export_task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await export_task
    assert not [path for path in os.listdir(tmp_path) if "out.csv" in path]  # noqa: PTH208 - nobody waits here


async def test_that_parquet_holds_the_same(store: SiteStore, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the optional extra parquet is not installed")
    from console.store.reading.parquet import ParquetTable  # noqa: PLC0415 - there only with the extra

    with NewFile(tmp_path / "out.parquet") as file:
        with ParquetTable(file.partial) as table:
            found = await write_table(store.reader, wanted("hashrate", "accepted"), table)
        file.keep()
    read = parquet.read_table(tmp_path / "out.parquet")
    assert read.num_rows == found.rows == 2 * (240 + 120)
    rows = [row for row in read.to_pylist() if row["device"] == "D2" and row["point"] == "hashrate"]
    assert [row["value"] for row in rows] == [values_at(DAY + 1 + at)[0] for at in range(600, 1200, 5)]
    assert rows[0]["time"].timestamp() == DAY + 600
    assert {row["quality"] for row in rows} == {Quality.GOOD.name.lower()}
