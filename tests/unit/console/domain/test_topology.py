"""The trees of a site."""

from dataclasses import replace
from uuid import uuid4

from console.domain.inventory import Device, Feed, Link, Loop, Site
from console.domain.topology import SITE_NODE, build_topology, follow
from drivers.core.identity import Address, DeviceKind


def device(name: str, kind: DeviceKind = DeviceKind.MINER, place: str = "") -> Device:
    return Device(uuid4(), name, kind, Address("127.0.0.1", 1), place=place)


M1, M2, M3 = device("M1", place="B/T14/1"), device("M2", place="B/T14/2"), device("M3")
PDU, METER, PLC = device("PDU-28", DeviceKind.PDU), device("EM-1", DeviceKind.METER), device("PLC-B", DeviceKind.PLANT)


def site(**parts: tuple[object, ...]) -> Site:
    return Site(uuid4(), "S", "UTC", 1.0, 1.0, (M1, M2, M3, PDU, METER, PLC), **parts)  # type: ignore[arg-type]


def test_that_an_outlet_hangs_under_its_pdu_and_the_pdu_under_its_meter() -> None:
    tree = build_topology(
        site(feeds=(Feed("PDU-28/1", "M1"), Feed("PDU-28/2", "M2"), Feed("EM-1", "PDU-28"), Feed("panel 3", "EM-1")))
    ).tree("power")
    assert tree.ancestors("M1") == ("PDU-28/1", "PDU-28", "EM-1", "panel 3", SITE_NODE)
    assert tree.children("PDU-28") == ("PDU-28/1", "PDU-28/2")
    assert tree.members("EM-1") == {M1.id, M2.id}
    assert tree.members("PDU-28/2") == {M2.id}


def test_that_a_loop_cools_places_and_devices() -> None:
    topology = build_topology(site(loops=(Loop("LOOP-B", ("PLC-B",), ("B/T14", "M3")),)))
    tree = topology.tree("cooling")
    assert tree.members("LOOP-B") == {M1.id, M2.id, M3.id}
    assert tree.ancestors("M2") == ("B/T14", "LOOP-B", SITE_NODE)
    assert topology.loop_of == {PLC.id: "LOOP-B"}
    assert "M1" in tree
    assert "PDU-28" not in tree


def test_that_a_place_is_matched_by_its_parts_and_not_by_its_letters() -> None:
    tree = build_topology(site(loops=(Loop("LOOP-B", ("PLC-B",), ("B/T1",)),))).tree("cooling")
    assert tree.members("LOOP-B") == frozenset()


def test_that_what_is_missing_on_both_sides_never_matches() -> None:
    topology = build_topology(
        site(
            loops=(Loop("LOOP-X", ("", "PLC-B"), ("",)), Loop("", ("PLC-B",), ("B/T14",))),
            feeds=(Feed("", "M3"), Feed("PDU-28", ""), Feed("", "")),
            links=(Link("", ""), Link("/", "M1")),
        )
    )
    assert topology.tree("cooling").members("LOOP-X") == frozenset()
    assert "M3" not in topology.tree("cooling")
    assert "M3" not in topology.tree("power")
    assert "" not in topology.tree("network")


def test_that_a_port_hangs_under_its_switch() -> None:
    tree = build_topology(site(links=(Link("SW-05/17", "M1"), Link("SW-05/18", "M2")))).tree("network")
    assert tree.ancestors("M1") == ("SW-05/17", "SW-05", SITE_NODE)
    assert tree.members("SW-05") == {M1.id, M2.id}


def test_that_a_device_with_two_feeds_hangs_under_both() -> None:
    tree = build_topology(site(feeds=(Feed("PDU-28/1", "M1"), Feed("EM-1", "M1")))).tree("power")
    assert set(tree.ancestors("M1")) == {"PDU-28/1", "PDU-28", "EM-1", SITE_NODE}
    assert tree.ancestors("M1")[-1] == SITE_NODE


def test_that_a_circle_of_feeds_is_cut() -> None:
    tree = build_topology(site(feeds=(Feed("PDU-28", "EM-1"), Feed("EM-1", "PDU-28"), Feed("M1", "M1")))).tree("power")
    assert tree.ancestors("EM-1") == ("PDU-28", SITE_NODE)
    assert tree.ancestors("PDU-28") == (SITE_NODE,)
    assert "M1" not in tree


def test_that_a_node_nobody_knows_has_no_relatives() -> None:
    tree = build_topology(site()).tree("power")
    assert tree.ancestors("M1") == ()
    assert tree.children("M1") == ()
    assert tree.nodes() == (SITE_NODE,)


def test_that_facts_about_devices_leave_the_trees_as_they_are() -> None:
    before = build_topology(site(feeds=(Feed("PDU-28/1", "M1"),)))
    told = replace(before.site, devices=(replace(M1, serial="S1", model="Antminer S21"), *before.site.devices[1:]))
    after = follow(before, told)
    assert after.trees is before.trees
    assert after.site is told


def test_that_a_device_that_moved_or_was_renamed_gets_new_trees() -> None:
    before = build_topology(site(loops=(Loop("LOOP-B", ("PLC-B",), ("B/T14",)),)))
    moved = replace(before.site, devices=(replace(M1, place="A/T1"), *before.site.devices[1:]))
    assert follow(before, moved).tree("cooling").members("LOOP-B") == {M2.id}
    fed = replace(before.site, feeds=(Feed("PDU-28/1", "M1"),))
    assert follow(before, fed).tree("power").members("PDU-28") == {M1.id}
    fewer = replace(before.site, devices=before.site.devices[1:])
    assert follow(before, fewer).tree("cooling").members("LOOP-B") == {M2.id}
