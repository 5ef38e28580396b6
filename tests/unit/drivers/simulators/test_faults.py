import pytest

from drivers.simulators.faults import Fault, FaultKind, FaultSchedule, parse_fault, read_fault


def test_that_a_fault_is_written_in_one_line() -> None:
    assert parse_fault("pump_trip=PLC-B/2@25+60") == Fault(FaultKind.PUMP_TRIP, "PLC-B/2", 25.0, 60.0)
    assert parse_fault("slow_device=T01-002:3.5") == Fault(FaultKind.SLOW_DEVICE, "T01-002", amount=3.5)
    assert parse_fault("dead_miner=A/T1") == Fault(FaultKind.DEAD_MINER, "A/T1")


@pytest.mark.parametrize("spec", ["", "pump_trip", "pump_trip=", "gremlins=PLC-A", "pump_trip=PLC-A@soon"])
def test_that_another_form_is_refused_with_the_right_one(spec: str) -> None:
    with pytest.raises(ValueError, match=r"KIND=TARGET|there is no fault"):
        parse_fault(spec)


@pytest.mark.parametrize(
    "table",
    [
        {"kind": "leak"},
        {"kind": "leak", "target": ""},
        {"kind": "leak", "target": "PLC-A", "when": 3},
        {"kind": "leak", "target": "PLC-A", "at": -1},
        {"kind": "leak", "target": "PLC-A", "at": float("nan")},
        {"kind": "leak", "target": "PLC-A", "at": True},
        {"kind": ["leak"], "target": "PLC-A"},
    ],
)
def test_that_a_wrong_table_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="fault"):
        read_fault(table)


def test_that_faults_come_when_due_and_go_when_over() -> None:
    schedule = FaultSchedule([parse_fault("leak=PLC-A@10+5"), parse_fault("dead_miner=M1")])
    assert schedule.advance(0.0)
    assert [fault.kind for fault in schedule.standing] == [FaultKind.DEAD_MINER]
    assert not schedule.advance(9.9)
    assert schedule.advance(10.0)
    assert len(schedule.standing) == 2
    assert schedule.advance(15.0)
    assert [fault.target for fault in schedule.standing] == ["M1"]


def test_that_clearing_takes_standing_and_waiting_faults() -> None:
    schedule = FaultSchedule([parse_fault("leak=PLC-A"), parse_fault("leak=PLC-A@50"), parse_fault("leak=PLC-B")])
    schedule.advance(0.0)
    assert schedule.clear(FaultKind.LEAK, "PLC-A") == 2
    assert schedule.clear(None, "*") == 1
    assert not schedule.advance(100.0)
    assert schedule.standing == ()
