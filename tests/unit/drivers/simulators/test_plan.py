from collections import Counter

import pytest

from drivers.core.identity import DeviceKind
from drivers.core.profile_file import load_profiles
from drivers.simulators.blueprint import read_blueprint
from drivers.simulators.faults import FaultKind
from drivers.simulators.mix import MIX
from drivers.simulators.plan import TUNING, demo_site, size_of
from drivers.simulators.ports import Ports
from drivers.simulators.topology import NO_LOOP, build_topology
from drivers.simulators.world import World

COUNTS = [2, 3, 10, 19, 57, 100, 300, 599, 1000, 2912]


@pytest.mark.parametrize("miners", COUNTS)
def test_that_every_miner_has_a_tank_a_loop_and_an_outlet_of_its_own(miners: int) -> None:
    blueprint = read_blueprint(demo_site(miners, ports=Ports()))
    topology = build_topology(blueprint)
    assert len(blueprint.miners) == miners
    assert NO_LOOP not in topology.loops
    assert (topology.outlet_of_miner >= 0).all()
    assert len(set(topology.outlet_of_miner.tolist())) == miners
    assert len({entry.place for entry in blueprint.miners}) == miners
    assert len(topology.loops) >= 2


@pytest.mark.parametrize("miners", COUNTS)
def test_that_devices_name_profiles_that_exist(miners: int) -> None:
    profiles = load_profiles()
    for entry in read_blueprint(demo_site(miners, ports=Ports())).devices:
        assert profiles[entry.profile].kind is entry.kind


def test_that_2912_miners_are_the_site_of_the_pictures() -> None:
    blueprint = read_blueprint(demo_site(2912, ports=Ports()))
    topology = build_topology(blueprint)
    assert len(topology.tanks) == 14
    assert set(Counter(topology.tank_of_miner.tolist()).values()) == {208}
    assert [loop.cools[0] for loop in blueprint.loops] == ["A/T1", "B/T8"]
    assert len(blueprint.pdus) == 28
    assert topology.outlet_start[-1] == 28 * 104
    assert blueprint.miners[-1].name == "T14-208"
    assert blueprint.miners[-1].place == "B/T14/16/13"


def test_that_300_miners_stand_in_six_tanks_on_two_loops() -> None:
    size = size_of(300)
    assert (size.tanks, size.tank_size, size.loops) == (6, 50, 2)


def test_that_a_site_runs_within_the_rating_of_its_banks() -> None:
    for miners in (10, 300, 2912):
        world = World(read_blueprint(demo_site(miners, ports=Ports(), story=False)))
        assert world.electricity.bank_current.max() < world.blueprint.options.bank_limit


def test_that_the_story_can_be_left_out() -> None:
    assert read_blueprint(demo_site(50, ports=Ports(), story=False)).faults == ()


@pytest.mark.parametrize("miners", COUNTS)
def test_that_the_story_s_faults_fit_the_site_and_trip_a_pump_of_loop_b(miners: int) -> None:
    world = World(read_blueprint(demo_site(miners, ports=Ports())))
    assert FaultKind.PUMP_TRIP not in {fault.kind for fault in world.faults}
    world.step(30.0)
    assert ("pump_trip", "PLC-B/2") in {(str(fault.kind), fault.target) for fault in world.faults}


def test_that_everything_answers_on_loopback() -> None:
    ports = Ports(cgminer=14100, snmp=14200, modbus=14300)
    for entry in read_blueprint(demo_site(300, ports=ports)).devices:
        wanted = {DeviceKind.MINER: 14100, DeviceKind.PDU: 14200}.get(entry.kind, 14300)
        assert entry.host.startswith("127.")
        assert entry.port == wanted


@pytest.mark.parametrize("miners", [0, 1, 60_001])
def test_that_a_site_nobody_has_is_refused(miners: int) -> None:
    with pytest.raises(ValueError, match="2 to 60000 miners"):
        demo_site(miners, ports=Ports())


@pytest.mark.parametrize("miners", COUNTS)
def test_that_a_mixed_site_is_a_site_of_known_miners(miners: int) -> None:
    profiles = load_profiles()
    text = demo_site(miners, ports=Ports(), mix=MIX)
    blueprint = read_blueprint(text)
    assert len(blueprint.miners) == miners
    assert blueprint.miners[0].profile == "antminer-stock"
    for entry in blueprint.miners:
        assert profiles[entry.profile].model(entry.model) is not None
    target = TUNING * sum(model.hashrate for model in blueprint.models)
    assert f"target_hashrate = {target:.1f}" in text


def test_that_the_last_tank_is_of_one_firmware_and_the_tank_before_it_has_the_others_in_rows() -> None:
    blueprint = read_blueprint(demo_site(300, ports=Ports(), mix=MIX))
    seen = Counter((entry.place.split("/")[1], entry.profile) for entry in blueprint.miners)
    assert seen["T6", "whatsminer-v2"] == 50
    assert {profile for tank, profile in seen if tank == "T5"} == {"luxos", "vnish", "braiins"}
    assert {profile for tank, profile in seen if tank not in {"T5", "T6"}} == {"antminer-stock"}
    assert len({entry.profile for entry in read_blueprint(demo_site(40, ports=Ports(), mix=MIX)).miners}) == 5
    assert {entry.port for entry in blueprint.miners} == {Ports().cgminer, Ports().http}
