"""The flat arrays that hold the live state of a site."""

import math
from uuid import UUID, uuid4

import numpy as np
import pytest

from console.domain.telemetry import LiveColumns
from drivers.core.reading import DeviceState, Layout, Quality, Report, Signal, Source

BOARDS = tuple(Signal("board_temp", str(part), Source.PCB) for part in range(3))
MINER = Layout((Signal("hashrate"), *BOARDS, Signal("uptime")))
METER = Layout((Signal("power"), Signal("power", "L1")))


def report(layout: Layout, values: list[float], *, quality: bytes | None = None, answered: float = 100.0) -> Report:
    codes = bytes(len(values)) if quality is None else quality
    return Report(answered - 0.1, answered, DeviceState.HASHING, layout, values, codes)


def columns_with(*layouts: Layout) -> tuple[LiveColumns, list[UUID]]:
    columns = LiveColumns()
    devices = [uuid4() for _ in layouts]
    for device, layout in zip(devices, layouts, strict=True):
        columns.ingest(columns.add(device, 5.0), report(layout, [float(at) for at in range(len(layout))]))
    return columns, devices


def test_that_a_device_has_a_row_before_it_reports() -> None:
    columns = LiveColumns()
    device = uuid4()
    assert columns.add(device, 5.0) == 0
    assert columns.block(device) is None
    assert math.isnan(columns.answered[0])
    assert columns.state[0] == DeviceState.UNKNOWN
    assert columns.period[0] == 5.0


def test_that_adding_a_device_again_changes_nothing() -> None:
    columns, (device,) = columns_with(MINER)
    revision = columns.revision
    assert columns.add(device, 10.0) == 0
    assert columns.revision == revision
    assert columns.period[0] == 5.0


def test_that_a_report_fills_the_device_s_block_and_no_other() -> None:
    columns, (first, second) = columns_with(MINER, MINER)
    columns.ingest(columns.row(second), report(MINER, [9.0] * 5, answered=200.0))
    block = columns.block(first)
    assert block is not None
    assert columns.values[block.start : block.stop].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert columns.values[block.stop :].tolist() == [9.0] * 5
    assert columns.answered.tolist() == [100.0, 200.0]
    assert columns.age(205.0).tolist() == [105.0, 5.0]


def test_that_the_revision_grows_with_the_shape_and_only_then() -> None:
    columns, (device,) = columns_with(MINER)
    revision = columns.revision
    columns.ingest(0, report(MINER, [1.0] * 5))
    columns.ingest(0, report(Layout(MINER.signals), [1.0] * 5))
    columns.lose(0, Quality.TIMED_OUT, DeviceState.UNREACHABLE)
    assert columns.revision == revision, "an equal layout of another driver is the same shape"
    columns.ingest(columns.row(device), report(METER, [1.0, 2.0]))
    assert columns.revision > revision


def test_that_what_a_light_poll_did_not_ask_for_keeps_its_value_and_quality() -> None:
    columns, _ = columns_with(MINER)
    quality = bytes([Quality.GOOD, Quality.SUSPECT, Quality.GOOD, Quality.GOOD, Quality.NOT_POLLED])
    columns.ingest(0, report(MINER, [7.0, 8.0, 9.0, 10.0, math.nan], quality=quality))
    assert columns.values.tolist() == [7.0, 8.0, 9.0, 10.0, 4.0]
    assert columns.quality.tolist() == [Quality.GOOD, Quality.SUSPECT, Quality.GOOD, Quality.GOOD, Quality.GOOD]


def test_that_a_lost_device_shows_no_value_but_the_reason_and_its_last_time() -> None:
    columns, _ = columns_with(MINER, METER)
    columns.lose(0, Quality.MALFORMED, DeviceState.UNKNOWN)
    assert np.isnan(columns.values[:5]).all()
    assert (columns.quality[:5] == Quality.MALFORMED).all()
    assert columns.answered[0] == 100.0
    assert columns.values[5:].tolist() == [0.0, 1.0]


def test_that_losing_a_device_that_never_reported_only_sets_its_state() -> None:
    columns = LiveColumns()
    columns.lose(columns.add(uuid4(), 5.0), Quality.UNREACHABLE, DeviceState.UNREACHABLE)
    assert columns.state[0] == DeviceState.UNREACHABLE
    assert len(columns.values) == 0


def test_that_the_reason_of_a_failed_poll_is_known_even_before_a_first_report() -> None:
    columns = LiveColumns()
    row = columns.add(uuid4(), 5.0)
    assert columns.reason[row] == Quality.NOT_POLLED
    columns.lose(row, Quality.REFUSED, DeviceState.UNKNOWN)
    assert columns.reason[row] == Quality.REFUSED
    columns.ingest(row, report(METER, [1.0, 2.0]))
    assert columns.reason[row] == Quality.GOOD


def test_that_texts_are_kept_by_name_and_become_another_object_only_when_one_changes() -> None:
    columns = LiveColumns()
    row = columns.add(uuid4(), 5.0)

    def hear(at: float, **texts: str) -> None:
        columns.ingest(row, Report(at, at, DeviceState.HASHING, METER, [1.0, 2.0], bytes(2), texts))

    hear(1.0, pool="stratum+tcp://a:3333", worker="w1")
    first = columns.texts[row]
    hear(2.0, pool="stratum+tcp://a:3333")
    assert columns.texts[row] is first
    hear(3.0, pool="stratum+tcp://b:3333")
    assert columns.texts[row].values == {"pool": "stratum+tcp://b:3333", "worker": "w1"}
    assert (first.at, columns.texts[row].at, columns.texts_revision) == (1.0, 3.0, 2)


def test_that_a_column_holds_every_part_in_row_order_whatever_the_layouts() -> None:
    four = Layout((Signal("hashrate"), *BOARDS, Signal("board_temp", "3")))
    columns, _ = columns_with(MINER, METER, four, MINER)
    column = columns.column("board_temp")
    assert column.row.tolist() == [0, 0, 0, 2, 2, 2, 2, 3, 3, 3]
    assert column.parts == ("0", "1", "2", "0", "1", "2", "3", "0", "1", "2")
    assert columns.values[column.at].tolist() == [1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0]
    assert columns.column("flow").at.tolist() == []


def test_that_a_column_follows_a_change_of_shape() -> None:
    columns, (device,) = columns_with(MINER)
    assert len(columns.column("board_temp").at) == 3
    columns.ingest(columns.row(device), report(METER, [1.0, 2.0]))
    assert len(columns.column("board_temp").at) == 0
    assert columns.values[columns.column("power").at].tolist() == [1.0, 2.0]


def test_that_the_whole_is_the_greatest_part_with_the_quality_of_the_worst() -> None:
    columns, _ = columns_with(MINER, METER)
    quality = bytes([0, Quality.GOOD, Quality.NOT_REPORTED, Quality.SUSPECT, 0])
    columns.ingest(0, report(MINER, [1.0, 61.0, math.nan, 64.0, 2.0], quality=quality))
    values, codes = columns.whole("board_temp")
    assert values[0] == 64.0
    assert codes[0] == Quality.NOT_REPORTED
    assert math.isnan(values[1])
    assert codes[1] == Quality.NOT_REPORTED


def test_that_a_device_that_flaps_between_two_layouts_does_not_grow_the_arrays() -> None:
    columns, _ = columns_with(MINER)
    for _ in range(50):
        columns.ingest(0, report(METER, [1.0, 2.0]))
        columns.ingest(0, report(MINER, [5.0, 6.0, 7.0, 8.0, 9.0]))
    assert len(columns.values) == len(MINER) + len(METER)
    assert columns.values[:5].tolist() == [5.0, 6.0, 7.0, 8.0, 9.0]
    assert np.isnan(columns.values[5:]).all()
    assert (columns.quality[5:] == Quality.NOT_REPORTED).all()


def test_that_a_removed_device_leaves_nothing_but_its_row() -> None:
    columns, (first, second) = columns_with(MINER, MINER)
    columns.remove(first)
    assert columns.block(first) is None
    assert math.isnan(columns.answered[0])
    assert columns.period[0] == math.inf
    assert columns.column("board_temp").row.tolist() == [1, 1, 1]
    assert [block.device for block in columns.blocks()] == [second]
    columns.ingest(columns.add(first, 10.0), report(MINER, [1.0] * 5))
    assert columns.period[0] == 10.0
    assert columns.column("board_temp").row.tolist() == [0, 0, 0, 1, 1, 1]


def test_that_the_source_of_a_series_is_known() -> None:
    columns, _ = columns_with(MINER)
    assert columns.source(0, "board_temp", "1") is Source.PCB
    assert columns.source(0, "flow") is None


def test_that_an_unknown_device_has_no_row() -> None:
    with pytest.raises(KeyError):
        LiveColumns().row(uuid4())


def test_that_twenty_thousand_devices_copy_the_arrays_a_few_times_and_not_once_each() -> None:
    columns = LiveColumns()
    rooms: set[int] = set()
    for _ in range(20_000):
        columns.lay_out(columns.add(uuid4(), 5.0), MINER)
        rooms.add(len(columns._values._room))
    assert len(columns.values) == 100_000
    assert len(rooms) < 15
    assert len(columns.column("board_temp").at) == 60_000
    assert columns.column("board_temp") is columns.column("board_temp")
