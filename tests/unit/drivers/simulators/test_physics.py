"""Laws that hold whatever the numbers are."""

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.simulators.blueprint import read_blueprint
from drivers.simulators.faults import FaultKind, parse_fault
from drivers.simulators.hydraulics import HEAT_CAPACITY
from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports
from drivers.simulators.world import World

LOOP_A, LOOP_B = 0, 1


@pytest.fixture
def world() -> World:
    return World(read_blueprint(demo_site(300, ports=Ports(), story=False)))


def of_loop(world: World, loop: int) -> NDArray[np.bool_]:
    return np.equal(world.topology.loop_of_tank[world.topology.tank_of_miner], loop)


@pytest.mark.parametrize("fault", [None, "pump_trip=PLC-B/2", "pump_trip=PLC-B/1", "breaker_trip=PDU-01/2"])
def test_that_heat_made_is_heat_stored_plus_heat_carried(world: World, fault: str | None) -> None:
    if fault:
        world.set_fault(parse_fault(fault))
    hydraulics = world.hydraulics
    stored = hydraulics.tank_temp * hydraulics.heat_capacity
    carried = hydraulics.carried.sum()
    made = 0.0
    for _ in range(240):
        world.step(0.5)
        made += 0.5 * world.heat.sum()
    kept = (hydraulics.tank_temp * hydraulics.heat_capacity - stored).sum()
    assert kept + hydraulics.carried.sum() - carried == pytest.approx(made, rel=1e-9)


def test_that_a_steady_loop_carries_what_its_miners_draw(world: World) -> None:
    world.step(30.0)
    drawn = np.bincount(world.topology.loop_of_tank, world.heat)
    assert world.hydraulics.heat == pytest.approx(drawn, rel=0.01)
    rise = world.hydraulics.return_temp - world.hydraulics.supply_temp
    assert world.hydraulics.flow / 60 * HEAT_CAPACITY * rise == pytest.approx(drawn, rel=0.01)


def test_that_a_pump_trip_heats_only_its_own_loop(world: World) -> None:
    world.step(5.0)
    before = world.hydraulics.tank_temp.copy()
    chips = world.mining.chip_temp.max(axis=1).copy()
    world.set_fault(parse_fault("pump_trip=PLC-B/2"))
    world.step(60.0)
    warmer = world.hydraulics.tank_temp - before
    assert (warmer[world.topology.loop_of_tank == LOOP_B] > 4.0).all()
    assert np.abs(warmer[world.topology.loop_of_tank == LOOP_A]).max() < 0.1
    hotter = world.mining.chip_temp.max(axis=1) - chips
    assert np.abs(hotter[of_loop(world, LOOP_A)]).max() < 0.5
    assert hotter[of_loop(world, LOOP_B)].min() > 4.0


def test_that_within_a_minute_of_a_pump_trip_chips_alarm_and_miners_throttle(world: World) -> None:
    world.set_fault(parse_fault("pump_trip=PLC-B/2"))
    world.step(20.0)
    assert world.mining.chip_temp.max() > 75.0
    world.step(40.0)
    throttled = world.mining.throttle < 0.97
    assert np.count_nonzero(throttled & of_loop(world, LOOP_B)) > 50
    assert not (throttled & of_loop(world, LOOP_A)).any()
    assert world.hydraulics.flow[LOOP_B] == pytest.approx(0.554 * world.hydraulics.flow[LOOP_A], rel=0.02)


def test_that_throttling_costs_hashrate_and_saves_power(world: World) -> None:
    rate, power = world.mining.rate.sum(), world.mining.power.sum()
    world.set_fault(parse_fault("pump_trip=PLC-B/2"))
    world.step(90.0)
    assert world.mining.rate.sum() < 0.98 * rate
    assert world.mining.power.sum() < power


def test_that_a_loop_recovers_when_its_pump_does(world: World) -> None:
    world.step(5.0)
    before = world.hydraulics.tank_temp.copy()
    world.set_fault(parse_fault("pump_trip=PLC-B/2"))
    world.step(60.0)
    assert world.clear_fault(FaultKind.PUMP_TRIP, "PLC-B/2") == 1
    world.step(240.0)
    assert world.hydraulics.tank_temp == pytest.approx(before, abs=0.5)
    assert world.mining.throttle.min() > 0.99


def test_that_without_any_pump_miners_shut_down_before_they_burn(world: World) -> None:
    world.set_fault(parse_fault("pump_trip=PLC-B/1"))
    world.set_fault(parse_fault("pump_trip=PLC-B/2"))
    world.step(600.0)
    assert world.mining.chip_temp.max() < 130.0
    assert world.mining.rate[of_loop(world, LOOP_B)].sum() < 0.5 * world.mining.rate[of_loop(world, LOOP_A)].sum()


def test_that_hot_outdoor_air_warms_the_supply_and_cool_air_does_not_chill_it(world: World) -> None:
    world.hydraulics.ambient = 5.0
    world.step(300.0)
    assert world.hydraulics.supply_temp == pytest.approx([40.0, 40.0], abs=0.3)
    world.hydraulics.ambient = 42.0
    world.step(300.0)
    assert (world.hydraulics.supply_temp > 42.0).all()


def test_that_power_adds_up_from_outlets_to_meters(world: World) -> None:
    world.step(5.0)
    electricity = world.electricity
    assert electricity.outlet_power.sum() == pytest.approx(world.mining.power.sum())
    assert electricity.line_power.sum() == pytest.approx(world.mining.power.sum())
    whole = world.mining.power.sum() + world.plant_power().sum()
    assert electricity.meter_power.sum() == pytest.approx(whole)


def test_that_energy_is_power_over_time(world: World) -> None:
    before = world.electricity.pdu_energy.copy()
    power = world.electricity.line_power.sum(axis=1)
    world.step(360.0)
    assert world.electricity.pdu_energy - before == pytest.approx(power / 1000.0 * 0.1, rel=0.01)


def test_that_an_outlet_that_goes_off_stops_its_miner_and_no_other(world: World) -> None:
    world.set_fault(parse_fault("outlet_off=PDU-01/7"))
    world.step(10.0)
    fed = world.topology.outlet_of_miner == world.topology.outlet_start[0] + 6
    assert np.count_nonzero(fed) == 1
    assert world.mining.power[fed] == 0.0
    assert not world.mining.answering[fed].any()
    assert (world.mining.rate[~fed].sum(axis=1) > 0).all()
    assert not world.electricity.outlet_on[6]


def test_that_power_that_comes_back_means_boot_then_ramp(world: World) -> None:
    fed = world.topology.outlet_of_miner == world.topology.outlet_start[0] + 6
    full = world.mining.rate[fed].sum()
    world.set_fault(parse_fault("outlet_off=PDU-01/7"))
    world.step(2.0)
    world.clear_fault(None, "PDU-01/7")
    world.step(5.0)
    assert not world.mining.answering[fed].any()
    world.step(10.0)
    assert world.mining.answering[fed].all()
    assert world.mining.rate[fed].sum() == 0.0
    world.step(15.0)
    assert 0.2 * full < world.mining.rate[fed].sum() < 0.9 * full
    world.step(20.0)
    assert world.mining.rate[fed].sum() == pytest.approx(full, rel=0.05)


def test_that_a_breaker_drops_its_bank_and_leaves_the_relays(world: World) -> None:
    world.set_fault(parse_fault("breaker_trip=PDU-02/3"))
    world.step(2.0)
    electricity, topology = world.electricity, world.topology
    bank = topology.banks * 1 + 2
    assert electricity.bank_current[bank] == 0.0
    assert np.count_nonzero(electricity.bank_current == 0.0) == 1
    dark = topology.bank_of_outlet == bank
    assert electricity.outlet_power[dark].sum() == 0.0
    assert electricity.outlet_on.all()
    assert np.count_nonzero(world.mining.power == 0.0) == np.count_nonzero(dark)


def test_that_the_same_seed_makes_the_same_site_and_another_does_not() -> None:
    def rates(seed: int) -> list[float]:
        made = World(read_blueprint(demo_site(20, ports=Ports(), seed=seed)))
        made.step(30.0)
        return [float(rate) for rate in made.mining.rate.sum(axis=1)]

    assert rates(3) == rates(3)
    assert rates(3) != rates(4)


def test_that_long_steps_and_short_ones_end_alike(world: World) -> None:
    other = World(world.blueprint)
    for one in (world, other):
        one.set_fault(parse_fault("pump_trip=PLC-B/2@10"))
    world.step(60.0)
    for _ in range(240):
        other.step(0.25)
    assert world.hydraulics.tank_temp == pytest.approx(other.hydraulics.tank_temp, abs=0.5)
