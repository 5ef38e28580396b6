"""One incident for many alarms of one cause."""

from console.domain.alarms import Condition, Severity
from console.domain.incidents import EventKind, IncidentState
from tests.unit.console.services.scene import Scene, build_site, kinds


async def test_that_a_pump_trip_is_one_incident_with_its_miners_inside() -> None:
    scene = Scene(build_site())
    await scene.take_in(scene.alarm("pump-tripped", "PLC-B", "2"))
    incident = await scene.only()
    assert incident.title == "LOOP-B: pump 2 tripped"
    assert incident.severity is Severity.SEV1
    assert incident.category == "cooling"
    assert incident.where == "LOOP-B"
    await scene.wait(5)
    await scene.take_in(scene.alarm("coolant-flow-low", "PLC-B"))
    hot = [f"M{pdu}-{outlet}" for pdu in (3, 4) for outlet in range(1, 25)]
    for name in hot:
        await scene.wait(1)
        await scene.take_in(scene.alarm("miner-chip-temperature-high", name))
    await scene.wait(10)
    incident = await scene.only()
    assert incident.title == "LOOP-B: pump 2 tripped, flow 61 % of minimum"
    assert incident.cause == "pump 2 tripped"
    assert scene.names(incident) == {"PLC-B", *hot}
    assert incident.devices[0] == scene.by_name["PLC-B"].id
    assert all(alarm.incident == incident.id for alarm in scene.log.kept.values())


async def test_that_a_pump_trip_among_three_thousand_miners_is_one_incident() -> None:
    scene = Scene(build_site(pdus=125, tanks=14))
    await scene.take_in(scene.alarm("pump-tripped", "PLC-B", "2"))
    hot = sorted(scene.triage.book.topology.tree("cooling").members("LOOP-B"))
    names = {device.id: device.name for device in scene.site.devices}
    for start in range(0, len(hot), 100):
        batch = [scene.alarm("miner-chip-temperature-high", names[device]) for device in hot[start : start + 100]]
        scene.clock.at += 2
        await scene.take_in(*batch)
    await scene.wait(6)
    incident = await scene.only()
    assert len(hot) > 1400
    assert len(incident.devices) == len(hot) + 1
    assert len(incident.events) <= 2 + 2 * len(hot) // 100 // 5, "growth is told every few seconds, not for each alarm"


async def test_that_a_hot_miner_of_another_loop_stays_outside_the_pump_trip() -> None:
    scene = Scene(build_site())
    await scene.take_in(scene.alarm("pump-tripped", "PLC-B", "1"), scene.alarm("miner-chip-temperature-high", "M1-1"))
    await scene.wait(15)
    pump, miner = await scene.open()
    assert scene.names(pump) == {"PLC-B"}
    assert scene.names(miner) == {"M1-1"}
    assert miner.severity is Severity.SEV4


async def test_that_a_dead_board_does_not_hide_in_a_pump_trip() -> None:
    scene = Scene(build_site())
    await scene.take_in(scene.alarm("pump-tripped", "PLC-B", "1"), scene.alarm("miner-dead-board", "M4-1", "2"))
    await scene.wait(15)
    assert [incident.title for incident in await scene.open()] == [
        "LOOP-B: pump 1 tripped",
        "M4-1: board 2 dead, 78 chips",
    ]


async def test_that_a_pdu_whose_outlets_drop_is_one_incident_and_its_residue_becomes_single_ones() -> None:
    scene = Scene(build_site())
    outlets = [str(outlet) for outlet in range(1, 25)]
    await scene.take_in(*(scene.alarm("pdu-outlet-off", "PDU-2", outlet) for outlet in outlets))
    await scene.wait(60)
    miners = [f"M2-{outlet}" for outlet in outlets]
    await scene.take_in(*(scene.alarm("miner-unreachable", name, onset=scene.clock.at - 60) for name in miners))
    await scene.wait(6)
    incident = await scene.only()
    assert incident.title == "PDU-2: 24 outlets off"
    assert scene.names(incident) == {"PDU-2", *miners}
    assert len(await scene.log.incidents()) == 1

    await scene.take_in(*(scene.clear("pdu-outlet-off", "PDU-2", outlet) for outlet in outlets))
    await scene.take_in(*(scene.clear("miner-unreachable", name) for name in miners[2:]))
    await scene.wait(600, 5)
    assert (await scene.only()).id == incident.id, "inside the hold-off nothing new is opened"
    await scene.wait(400, 5)
    residual = await scene.open()
    assert [scene.names(one) for one in residual] == [{"M2-1"}, {"M2-2"}]
    assert all(one.events[0].text == f"residual of {incident.label}" for one in residual)
    resolved = next(one for one in await scene.log.incidents() if one.id == incident.id)
    assert resolved.state is IncidentState.RESOLVED


async def test_that_a_single_outlet_takes_its_own_miner_and_not_the_neighbour() -> None:
    scene = Scene(build_site())
    await scene.take_in(scene.alarm("pdu-outlet-off", "PDU-2", "7"))
    await scene.wait(60)
    late = [scene.alarm("miner-unreachable", name, onset=scene.clock.at - 60) for name in ("M2-7", "M2-8")]
    await scene.take_in(*late)
    await scene.wait(30)
    outlet, miner = await scene.open()
    assert scene.names(outlet) == {"PDU-2", "M2-7"}
    assert scene.names(miner) == {"M2-8"}


async def test_that_silent_miners_of_one_switch_are_one_network_incident() -> None:
    scene = Scene(build_site(switch_ports=16, pdus=6))
    gone = [f"M1-{outlet}" for outlet in range(1, 17)]
    onset = scene.clock.at
    scene.clock.at += 60
    for name in gone:
        await scene.take_in(scene.alarm("miner-unreachable", name, onset=onset))
        await scene.wait(0.4, 0.4)
    assert await scene.open() == []
    await scene.wait(20)
    incident = await scene.only()
    assert incident.title == "SW-1: 16 of 16 miners unreachable"
    assert incident.category == "network"
    assert incident.cause == "common network link: SW-1"
    assert scene.names(incident) == set(gone)


async def test_that_two_equal_explanations_are_named_as_uncertain() -> None:
    scene = Scene(build_site(switch_ports=24, pdus=6))
    onset = scene.clock.at
    scene.clock.at += 60
    gone = [f"M2-{outlet}" for outlet in range(1, 25)]
    await scene.take_in(*(scene.alarm("miner-unreachable", name, onset=onset) for name in gone))
    await scene.wait(20)
    incident = await scene.only()
    assert incident.cause == "cause uncertain: PDU-2 or SW-2"


async def test_that_a_silent_pdu_decides_between_equal_explanations() -> None:
    scene = Scene(build_site(switch_ports=24, pdus=6))
    onset = scene.clock.at
    scene.clock.at += 30
    await scene.take_in(scene.alarm("pdu-unreachable", "PDU-2", onset=onset))
    await scene.wait(30)
    gone = [f"M2-{outlet}" for outlet in range(1, 25)]
    await scene.take_in(*(scene.alarm("miner-unreachable", name, onset=onset) for name in gone))
    await scene.wait(20)
    incident = await scene.only()
    assert incident.title == "PDU-2: no answer"
    assert scene.names(incident) == {"PDU-2", *gone}


async def test_that_hot_miners_of_one_tank_without_evidence_are_one_incident() -> None:
    scene = Scene(build_site(pdus=28, outlets=24, tanks=14, plant=True))
    hot = [f"M27-{outlet}" for outlet in range(1, 25)] + [f"M28-{outlet}" for outlet in range(1, 13)]
    await scene.take_in(*(scene.alarm("miner-chip-temperature-high", name) for name in hot))
    await scene.wait(15)
    incident = await scene.only()
    assert incident.title == "H/T14: 36 of 48 miners with hot chips"
    assert incident.severity is Severity.SEV2


async def test_that_half_a_silent_site_is_one_incident_about_the_site() -> None:
    scene = Scene(build_site(pdus=4))
    onset = scene.clock.at
    scene.clock.at += 15
    await scene.take_in(*(scene.alarm("plant-unreachable", name, onset=onset) for name in ("PLC-A", "PLC-B")))
    await scene.wait(17)
    await scene.take_in(*(scene.alarm("pdu-unreachable", f"PDU-{pdu}", onset=onset) for pdu in range(1, 5)))
    await scene.wait(30)
    miners = [name for name in scene.by_name if name.startswith("M")]
    await scene.take_in(*(scene.alarm("miner-unreachable", name, onset=onset) for name in miners))
    await scene.wait(30)
    incident = await scene.only()
    assert incident.title == "Pecos-2: site unreachable, 102 of 102 devices silent"
    assert incident.severity is Severity.SEV1
    assert len(await scene.log.incidents()) == 1


async def test_that_single_incidents_move_into_a_cause_that_shows_itself_late() -> None:
    scene = Scene(build_site())
    await scene.take_in(scene.alarm("miner-chip-temperature-high", "M4-1"))
    await scene.wait(15)
    single = await scene.only()
    await scene.take_in(scene.alarm("pump-tripped", "PLC-B", "2"))
    group = await scene.only()
    assert scene.names(group) == {"PLC-B", "M4-1"}
    merged = next(one for one in await scene.log.incidents() if one.id == single.id)
    assert merged.state is IncidentState.CANCELLED
    assert kinds(merged)[-1] is EventKind.MERGED
    assert group.detected_at == single.detected_at


async def test_that_many_lonely_miners_are_many_incidents() -> None:
    scene = Scene(build_site(pdus=8, tanks=8))
    lonely = [f"M{pdu}-{pdu}" for pdu in range(1, 9)]
    await scene.take_in(*(scene.alarm("miner-dead-board", name, "1") for name in lonely))
    await scene.wait(15)
    assert len(await scene.open()) == 8


async def test_that_all_alarms_of_one_miner_are_one_incident() -> None:
    scene = Scene(build_site())
    await scene.take_in(scene.alarm("miner-dead-board", "M1-1", "1"), scene.alarm("miner-dead-board", "M1-1", "2"))
    await scene.wait(12)
    await scene.take_in(scene.alarm("miner-hashrate-low", "M1-1"))
    await scene.wait(12)
    assert (await scene.only()).devices == (scene.by_name["M1-1"].id,)


async def test_that_what_clears_while_it_waits_opens_nothing() -> None:
    scene = Scene(build_site())
    await scene.take_in(scene.alarm("miner-chip-temperature-high", "M1-1"))
    await scene.wait(5)
    await scene.take_in(scene.clear("miner-chip-temperature-high", "M1-1"))
    await scene.wait(30)
    assert await scene.log.incidents() == []
    assert len(scene.log.kept) == 1


async def test_that_growth_never_lowers_the_severity() -> None:
    scene = Scene(build_site())
    await scene.take_in(scene.alarm("coolant-flow-low", "PLC-A"))
    assert (await scene.only()).severity is Severity.SEV2
    await scene.take_in(scene.alarm("pump-tripped", "PLC-A", "1"))
    assert (await scene.only()).severity is Severity.SEV1
    await scene.take_in(scene.clear("pump-tripped", "PLC-A", "1"))
    await scene.wait(10)
    incident = await scene.only()
    assert incident.severity is Severity.SEV1
    assert incident.deadlines.response == incident.detected_at + 1800


async def test_that_unknown_data_keeps_an_incident_open() -> None:
    scene = Scene(build_site())
    await scene.take_in(scene.alarm("pump-tripped", "PLC-A", "1"))
    await scene.take_in(scene.change("pump-tripped", "PLC-A", "1", condition=Condition.UNKNOWN))
    await scene.wait(3600, 20)
    assert (await scene.only()).state is IncidentState.DETECTED


async def test_that_an_outlet_of_a_pdu_that_falls_silent_does_not_claim_the_whole_site() -> None:
    scene = Scene(build_site(pdus=4))
    await scene.take_in(scene.alarm("pdu-outlet-off", "PDU-2", "3"))
    onset = scene.clock.at
    await scene.wait(30)
    await scene.take_in(
        scene.change("pdu-outlet-off", "PDU-2", "3", condition=Condition.UNKNOWN),
        *(scene.alarm("pdu-unreachable", f"PDU-{pdu}", onset=onset) for pdu in range(1, 5)),
    )
    await scene.wait(30)
    miners = [name for name in scene.by_name if name.startswith("M")]
    await scene.take_in(*(scene.alarm("miner-unreachable", name, onset=onset) for name in miners))
    await scene.wait(30)
    outlet, site = await scene.open()
    assert scene.names(outlet) == {"PDU-2", "M2-3"}
    assert site.title.startswith("Pecos-2: site unreachable")


async def test_that_the_miners_of_a_pdu_that_died_join_its_open_incident() -> None:
    scene = Scene(build_site(pdus=8))
    onset = scene.clock.at
    scene.clock.at += 30
    await scene.take_in(scene.alarm("pdu-bank-overload", "PDU-2", "bank 1"))
    await scene.wait(15)
    known = await scene.only()
    scene.clock.at += 400
    onset = scene.clock.at - 60
    gone = [f"M2-{outlet}" for outlet in range(1, 25)]
    await scene.take_in(scene.alarm("pdu-unreachable", "PDU-2", onset=onset))
    await scene.take_in(*(scene.alarm("miner-unreachable", name, onset=onset) for name in gone))
    await scene.wait(30)
    incident = await scene.only()
    assert incident.id == known.id
    assert scene.names(incident) == {"PDU-2", *gone}
