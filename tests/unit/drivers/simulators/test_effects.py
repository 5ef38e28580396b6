"""Each fault has an effect that somebody can see, and each goes away when it is cleared."""

import pytest

from drivers.simulators.blueprint import read_blueprint
from drivers.simulators.conduct import Manner
from drivers.simulators.faults import parse_fault
from drivers.simulators.manners import Manners
from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports
from drivers.simulators.world import World


@pytest.fixture
def world() -> World:
    return World(read_blueprint(demo_site(40, ports=Ports(), story=False)))


def row(world: World, name: str) -> int:
    return [entry.name for entry in world.blueprint.miners].index(name)


@pytest.mark.parametrize(
    ("spec", "manner"),
    [
        ("dead_miner=T01-003", Manner.RESETS),
        ("hung_api=T01-003", Manner.HANGS),
        ("broken_json=T01-003", Manner.CUTS),
        ("slow_device=T01-003", Manner.SLOW),
    ],
)
def test_that_a_fault_of_the_network_side_changes_one_miner_s_manner(world: World, spec: str, manner: Manner) -> None:
    manners = Manners(world)
    world.set_fault(parse_fault(spec))
    assert manners.of_miner(row(world, "T01-003")) == manner
    assert manners.of_miner(row(world, "T01-004")) == Manner.ANSWERS
    world.clear_fault(None, "T01-003")
    assert manners.of_miner(row(world, "T01-003")) == Manner.ANSWERS


@pytest.mark.parametrize("name", ["PDU-01", "PLC-A", "MTR-A"])
def test_that_other_devices_hang_and_are_slow_too(world: World, name: str) -> None:
    manners = Manners(world)
    entry = next(entry for entry in world.blueprint.devices if entry.name == name)
    world.set_fault(parse_fault(f"hung_api={name}"))
    assert manners.of(entry) is Manner.HANGS
    world.clear_fault(None, name)
    world.set_fault(parse_fault(f"slow_device={name}:0.7"))
    assert (manners.of(entry), manners.delay(name)) == (Manner.SLOW, 0.7)


def test_that_a_dead_miner_makes_no_heat_and_no_hashes(world: World) -> None:
    world.set_fault(parse_fault("dead_miner=T01-003"))
    world.step(5.0)
    assert world.mining.rate[row(world, "T01-003")].sum() == 0.0
    assert 0.0 < world.mining.power[row(world, "T01-003")] < 60.0


def test_that_a_dead_board_takes_its_third(world: World) -> None:
    world.set_fault(parse_fault("dead_board=T01-003:3"))
    world.step(5.0)
    rates = world.mining.rate[row(world, "T01-003")]
    assert rates[2] == 0.0
    assert rates[:2].min() > 30.0


def test_that_a_lost_pool_stops_the_work_of_a_whole_tank(world: World) -> None:
    world.set_fault(parse_fault("pool_loss=A/T1"))
    world.step(5.0)
    tank = world.topology.tank_of_miner == world.topology.tanks.index("A/T1")
    assert world.mining.rate[tank].sum() == 0.0
    assert (world.mining.rate[~tank].sum(axis=1) > 0).all()


def test_that_a_leak_lowers_the_level_until_it_is_mended(world: World) -> None:
    world.set_fault(parse_fault("leak=LOOP-A"))
    world.step(100.0)
    assert world.hydraulics.leak.tolist() == [True, False]
    low, full = world.hydraulics.level.tolist()
    assert low < full - 5.0
    world.clear_fault(None, "LOOP-A")
    world.step(100.0)
    assert not world.hydraulics.leak.any()
    assert world.hydraulics.level[0] > low


def test_that_a_fault_ends_by_itself_after_its_duration(world: World) -> None:
    world.set_fault(parse_fault("dead_board=T01-003@10+20"))
    world.step(5.0)
    assert not world.effects.dead_board.any()
    world.step(10.0)
    assert world.effects.dead_board.any()
    world.step(20.0)
    assert not world.effects.dead_board.any()


@pytest.mark.parametrize(
    "spec",
    [
        "dead_miner=nobody",
        "dead_board=T01-003:4",
        "dead_fan=T01-003:9",
        "outlet_off=PDU-01",
        "outlet_off=PDU-01/999",
        "outlet_off=T01-003/1",
        "breaker_trip=PDU-01/5",
        "pump_trip=PDU-01",
        "pump_trip=LOOP-Z/1",
        "leak=T01-003",
        "frozen_sensor=PLC-A/oil_level",
        "broken_json=PDU-01",
    ],
)
def test_that_a_target_that_is_not_there_is_refused_and_changes_nothing(world: World, spec: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        world.set_fault(parse_fault(spec))
    assert world.faults == ()
