"""What a scan saw, held against the inventory."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from uuid import UUID

import pytest

from console.domain.inventory import Device, Site
from console.domain.sightings import Match, Sighting, Standing, match_sightings, plain_mac, take_in_sightings
from drivers.core.identity import Address, DeviceKind

KNOWN, MOVED, NEW, CONFLICT, DUPLICATE = Standing
MINER = DeviceKind.MINER


def device(number: int, **changes: object) -> Device:
    """T1 stands at 10.0.0.1 and has the serial number SER-0001 and the MAC address that ends in 01."""
    made = Device(
        UUID(int=number), f"T{number}", MINER, Address(f"10.0.0.{number}", 4028), "luxos", "B/T1/1/1",
        serial=f"SER-{number:04}", mac=f"02:00:00:00:00:{number:02x}", model="S19",
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def seen(
    host: int, of: int = 0, *, serial: bool = True, mac: bool = True, port: int = 4028, **changes: object
) -> Sighting:
    """What answers at a host; `of` says whose serial number and MAC address it tells, 0 tells none."""
    made = Sighting(
        Address(f"10.0.0.{host}", port), MINER, "luxos", "S19",
        f"SER-{of:04}" if of and serial else "", f"02:00:00:00:00:{of:02x}" if of and mac else "",
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def standings(devices: Sequence[Device], *sightings: Sighting) -> list[tuple[Standing, str]]:
    return [
        (item.standing, item.device.name if item.device is not None else "")
        for item in match_sightings(devices, sightings)
    ]


DEVICES = (device(1), device(2), device(3))


def test_that_what_answers_where_it_stands_is_known() -> None:
    told = (seen(1, 1), seen(2, 2, serial=False), seen(3))
    assert standings(DEVICES, *told) == [(KNOWN, "T1"), (KNOWN, "T2"), (KNOWN, "T3")]


def test_that_a_control_board_with_another_mac_does_not_make_another_asset() -> None:
    assert standings(DEVICES, seen(1, 1, mac=False)) == [(KNOWN, "T1")]
    assert standings(DEVICES, replace(seen(9, 1), mac="02:00:00:00:00:77")) == [(MOVED, "T1")]


@pytest.mark.parametrize("by", [{"serial": False}, {"mac": False}, {}])
def test_that_a_known_asset_at_a_new_address_has_moved(by: dict[str, bool]) -> None:
    assert standings(DEVICES, seen(9, 1, **by)) == [(MOVED, "T1")]


def test_that_one_mac_with_another_serial_number_is_another_asset() -> None:
    assert standings(DEVICES, replace(seen(9, 1), serial="SER-9999")) == [(NEW, "")]


def test_that_what_nobody_knows_is_new() -> None:
    assert standings(DEVICES, seen(9, 9), seen(10)) == [(NEW, ""), (NEW, "")]


@pytest.mark.parametrize(
    ("stranger", "reason"),
    [
        (seen(1, 9), "serial number SER-0009 answers at the address of T1, which has SER-0001"),
        (seen(1, 9, serial=False), "MAC address 02:00:00:00:00:09 answers at"),
        (seen(1, 2), "T2 answers at the address of T1"),
        (replace(seen(1), kind=DeviceKind.PDU), "a pdu answers at the address of T1, which is a miner"),
    ],
)
def test_that_another_asset_at_a_known_address_is_a_conflict(stranger: Sighting, reason: str) -> None:
    (found,) = match_sightings(DEVICES, [stranger])
    assert (found.standing, found.device) == (CONFLICT, DEVICES[0])
    assert reason in found.reason


def test_that_a_known_address_that_its_device_has_left_is_free() -> None:
    assert standings(DEVICES, seen(1, 2), seen(2, 1)) == [(MOVED, "T2"), (MOVED, "T1")]
    assert standings(DEVICES, seen(1, 9), seen(9, 1)) == [(NEW, ""), (MOVED, "T1")]
    assert standings(DEVICES, seen(1), seen(9, 1)) == [(NEW, ""), (MOVED, "T1")]


def test_that_an_address_is_not_free_whose_device_cannot_go_where_it_wants_to() -> None:
    """T1 answers at T2's address, T2 at T3's, and T3 at nobody's: it may be off, so T3's address is its own."""
    assert standings(DEVICES, seen(2, 1), seen(3, 2)) == [(CONFLICT, "T2"), (CONFLICT, "T3")]
    assert standings(DEVICES, seen(2, 1), seen(3, 2), seen(9, 3)) == [(MOVED, "T1"), (MOVED, "T2"), (MOVED, "T3")]


def test_that_a_whole_farm_that_was_renumbered_is_followed() -> None:
    farm = [device(number) for number in range(1, 100)]
    moved = [seen(number + 1, number) for number in range(1, 100)]
    assert {item.standing for item in match_sightings(farm, moved)} == {MOVED}
    assert {item.standing for item in match_sightings([*farm, device(100)], moved)} == {CONFLICT}


def test_that_one_device_at_two_addresses_is_a_duplicate_at_both() -> None:
    assert standings(DEVICES, seen(1, 1), seen(9, 1)) == [(DUPLICATE, "T1"), (DUPLICATE, "T1")]
    assert standings((), seen(1, 1, serial=False), seen(9, 1)) == [(DUPLICATE, ""), (DUPLICATE, "")]
    first, second = match_sightings((), [seen(1, 1), seen(9, 1, port=80)])
    assert first.reason == "it also answers at 10.0.0.9:80"
    assert second.reason == "it also answers at 10.0.0.1:4028"


def test_that_two_serial_numbers_behind_one_mac_are_no_duplicate() -> None:
    one, other = seen(8, 8), replace(seen(9, 8), serial="SER-0009")
    assert standings((), one, other) == [(NEW, ""), (NEW, "")]


def test_that_units_behind_one_gateway_are_not_told_by_its_mac() -> None:
    mac = "02:00:00:00:00:aa"
    gateway = Address("10.0.0.50", 502)
    meters = [
        device(number, kind=DeviceKind.METER, address=gateway, unit=number, serial="", mac=mac) for number in (1, 2)
    ]
    sighting = Sighting(Address("10.0.0.51", 502), DeviceKind.METER, mac=mac)
    assert standings(meters, sighting) == [(NEW, "")]
    assert standings(meters, replace(sighting, address=gateway)) == [(KNOWN, "T1")]


def test_that_new_firmware_on_another_port_of_the_same_host_is_said_and_changes_nothing() -> None:
    (found,) = match_sightings(DEVICES, [seen(1, port=80, profile="vnish")])
    assert (found.standing, found.device) == (KNOWN, DEVICES[0])
    assert found.reason == "it answers as vnish, and is entered as luxos"
    site = Site(UUID(int=99), "S", "UTC", 1.0, 1.0, DEVICES)
    assert take_in_sightings(site, [found.sighting, seen(1, 1, port=80, profile="vnish")][:1], fail)[0] is site


def test_that_miners_behind_one_address_and_many_ports_are_not_one() -> None:
    """A router that forwards a port to each of them."""
    assert standings((device(1, serial="", mac=""),), seen(1, port=5000)) == [(NEW, "")]


def fail() -> UUID:
    raise AssertionError("no device is new")


def test_that_new_devices_are_added_and_new_addresses_taken_over() -> None:
    site = Site(UUID(int=99), "S", "UTC", 1.0, 1.0, (*DEVICES, device(4, name="MINER-001")))
    numbers = count(1000)
    sightings = [seen(9, 1), seen(10, 10), seen(11), seen(12, profile=""), seen(3, 77), seen(20, 20), seen(21, 20)]
    after, taken = take_in_sightings(site, sightings, lambda: UUID(int=next(numbers)))
    assert taken.moved == ("T1",)
    assert taken.added == ("MINER-002", "MINER-003")
    by_name = {item.name: item for item in after.devices}
    assert by_name["T1"] == device(1, address=Address("10.0.0.9", 4028))
    assert by_name["MINER-002"] == Device(
        UUID(int=1000), "MINER-002", MINER, Address("10.0.0.10", 4028), "luxos",
        serial="SER-0010", mac="02:00:00:00:00:0a", model="S19",
    )  # fmt: skip
    assert by_name["T2"] == device(2)
    assert by_name["T3"] == device(3), "a conflict changes nothing"
    assert len(after.devices) == 6, "neither duplicates nor what has no profile are added"


def test_that_what_nobody_knew_of_a_known_device_is_kept() -> None:
    bare = device(1, serial="", mac="", model="")
    site = Site(UUID(int=99), "S", "UTC", 1.0, 1.0, (bare, device(2)))
    after, taken = take_in_sightings(site, [seen(1, 1)], fail)
    assert (taken.completed, after.devices[0]) == (("T1",), device(1))
    other, _ = take_in_sightings(site, [seen(1, 2, serial=False), seen(2, 2)], fail)
    assert other is site, "a duplicate says nothing"


def test_that_taking_in_twice_is_taking_in_once() -> None:
    site = Site(UUID(int=99), "S", "UTC", 1.0, 1.0, DEVICES)
    numbers = count(1000)
    sightings = [seen(9, 1), seen(10, 10), seen(2, 3), seen(3, 2)]
    once, _ = take_in_sightings(site, sightings, lambda: UUID(int=next(numbers)))
    assert take_in_sightings(once, sightings, fail)[0] is once
    assert {item.standing for item in match_sightings(once.devices, sightings)} == {KNOWN}


@pytest.mark.parametrize(
    ("told", "plain"),
    [
        ("AA-BB-CC-00-11-22", "aa:bb:cc:00:11:22"),
        ("aabbcc001122", "aa:bb:cc:00:11:22"),
        ("AABB.CC00.1122", "aa:bb:cc:00:11:22"),
        ("00:00:00:00:00:00", ""),
        ("ff:ff:ff:ff:ff:ff", ""),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_that_a_mac_address_is_read_however_it_is_written(told: str, plain: str) -> None:
    assert plain_mac(told) == plain


def test_that_a_match_names_what_was_seen() -> None:
    sighting = seen(9, 9)
    assert match_sightings((), [sighting]) == [Match(sighting, NEW)]
