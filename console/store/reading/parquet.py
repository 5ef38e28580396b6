"""A table of samples as Parquet. Needs the optional extra `parquet`; importing this without it raises ImportError."""

from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from console.store.reading.export import Piece, polled_lines
from drivers.core.reading import Quality

_WORDS = pa.array([quality.name.lower() for quality in Quality])
_PLACE_OF = {int(quality): place for place, quality in enumerate(Quality)}
_TEXT = pa.dictionary(pa.int32(), pa.string())

SCHEMA = pa.schema(
    [
        ("time", pa.timestamp("ms", tz="UTC")),
        ("device", _TEXT),
        ("point", _TEXT),
        ("part", _TEXT),
        ("unit", _TEXT),
        ("value", pa.float64()),
        ("min", pa.float64()),
        ("max", pa.float64()),
        ("quality", _TEXT),
    ]
)
"""Columns as those of the CSV; a missing number is null."""


class ParquetTable:
    """A table as Parquet, compressed with zstd: each series of each piece becomes rows of one group.

    Use as a context manager: leaving it writes the end of the file.
    """

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, SCHEMA, compression="zstd")

    def __enter__(self) -> "ParquetTable":
        return self

    def write(self, piece: Piece) -> None:
        """Append the samples of a piece; slots in which nobody was polled are left out."""
        matrix = piece.matrix
        tables = []
        for number, slots, times in polled_lines(piece):
            row = piece.series[number]
            texts = [_repeated(text, len(slots)) for text in (row.device, row.point, row.part, row.unit)]
            numbers = [
                pa.array(column[number, slots], from_pandas=True) for column in (matrix.values, matrix.low, matrix.high)
            ]
            places = pa.array([_PLACE_OF[code] for code in matrix.quality[number, slots].tolist()], pa.int32())
            quality = pa.DictionaryArray.from_arrays(places, _WORDS)
            stamps = pa.array(times, pa.timestamp("ms", tz="UTC"))
            tables.append(pa.Table.from_arrays([stamps, *texts, *numbers, quality], schema=SCHEMA))
        if tables:
            self._writer.write_table(pa.concat_tables(tables).unify_dictionaries())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()


def _repeated(text: str, times: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array([0] * times, pa.int32()), pa.array([text]))
