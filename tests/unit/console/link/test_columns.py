"""What goes over the link: columns, and what stands."""

from dataclasses import replace
from uuid import uuid4

import numpy as np

from console.domain.alarms import Alarm, Condition, Severity
from console.domain.incidents import Deadlines, Incident, IncidentState
from console.domain.telemetry import LiveColumns
from console.link.columns import shape_of, snapshot_of
from console.link.framing import frame, read_from_collector, unpack
from console.link.messages import Health, Snapshot
from console.link.standing import CLOSED_KEPT, Standing
from drivers.core.reading import DeviceState, Layout, Report, Signal

MINER = Layout((Signal("hashrate"), Signal("power")))


def test_that_a_shape_says_where_each_device_stands() -> None:
    columns = LiveColumns()
    devices = [uuid4() for _ in range(3)]
    for device in devices:
        columns.add(device, 5.0)
    columns.ingest(2, Report(0.0, 1.0, DeviceState.HASHING, MINER, [1.0, 2.0], bytes(2)))
    columns.ingest(0, Report(0.0, 1.0, DeviceState.HASHING, Layout(MINER.signals), [3.0, 4.0], bytes(2)))
    shape = unpack(shape_of(columns))
    assert shape.revision == columns.revision
    assert shape.series == 4
    assert [row.device for row in shape.rows] == devices
    assert [(row.start, row.signals) for row in shape.rows] == [(2, MINER.signals), (0, ()), (0, MINER.signals)]
    assert shape.rows[0].signals is shape.rows[2].signals


def test_that_a_snapshot_brings_the_arrays_as_they_are() -> None:
    columns = LiveColumns()
    columns.add(uuid4(), 5.0)
    columns.add(uuid4(), 1.0)
    columns.ingest(0, Report(0.0, 90.0, DeviceState.HASHING, MINER, [1.5, 2.5], bytes([0, 1])))
    message = read_from_collector(frame(snapshot_of(columns, 7, 100.0, Health(polls=3)))[4:])
    assert isinstance(message, Snapshot)
    assert (message.tick, message.at, message.newest, message.health.polls) == (7, 100.0, 90.0, 3)
    assert np.frombuffer(message.values).tolist() == [1.5, 2.5]
    assert list(message.quality) == [0, 1]
    assert np.frombuffer(message.period).tolist() == [5.0, 1.0]
    assert list(message.state) == [DeviceState.HASHING, DeviceState.UNKNOWN]


def test_that_before_any_reply_a_snapshot_has_no_newest() -> None:
    assert snapshot_of(LiveColumns(), 1, 100.0, Health()).newest == 0.0


def alarm() -> Alarm:
    return Alarm(uuid4(), "r", uuid4(), "d", "", Severity.SEV3, Condition.ACTIVE, "", None, None, 0.0, 0.0)


def incident(number: int, state: IncidentState) -> Incident:
    deadlines = Deadlines(1.0, 2.0, 3.0)
    return Incident(
        uuid4(), number, 1, Severity.SEV2, "cooling", state, "", "", "", "", (), 0.0, 0.0, None, None, None, None,
        deadlines, (),
    )  # fmt: skip


def test_that_a_cleared_alarm_is_no_longer_told() -> None:
    standing = Standing()
    first, second = alarm(), alarm()
    standing.take_alarms([first, second])
    standing.take_alarms([replace(first, cleared_at=9.0)])
    assert standing.alarms == (second,)


def test_that_every_open_incident_is_told_and_only_the_latest_closed_ones() -> None:
    standing = Standing()
    oldest = incident(1, IncidentState.ACKNOWLEDGED)
    standing.take_incidents([oldest])
    standing.take_incidents(incident(number, IncidentState.RESOLVED) for number in range(2, 500))
    assert len(standing.incidents) == CLOSED_KEPT + 1
    assert standing.incidents[0] == oldest
    assert standing.incidents[-1].number == 499
    standing.take_incidents([replace(oldest, state=IncidentState.CLOSED)])
    assert oldest.id in {each.id for each in standing.incidents}
    assert len(standing.incidents) == CLOSED_KEPT
