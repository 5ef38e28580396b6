"""A miner entered twice is found to be one, and nothing else is."""

import itertools
from uuid import UUID

from console.domain.same_asset import Entry, canonical, same_assets
from drivers.core.identity import DeviceKind

FIRST, SECOND, THIRD = (UUID(int=number) for number in (1, 2, 3))
MAC = "aa:bb:cc:00:00:01"
MINER = DeviceKind.MINER


def test_that_the_same_serial_entered_on_two_laptops_is_one_asset_under_the_smallest_id() -> None:
    same = same_assets([Entry(SECOND, "b", MINER, serial="SN-1001"), Entry(FIRST, "a", MINER, serial="sn-1001")])
    assert same == {SECOND: FIRST}
    assert canonical(SECOND, same) == FIRST
    assert canonical(THIRD, same) == THIRD


def test_that_a_mac_address_counts_where_a_serial_is_not_told() -> None:
    assert same_assets([Entry(FIRST, "a", MINER, mac=MAC), Entry(SECOND, "b", MINER, serial="SN-1", mac=MAC)])


def test_that_two_serials_are_two_assets_even_behind_one_mac_address() -> None:
    swapped = [
        Entry(FIRST, "a", MINER, serial="SN-1001", mac=MAC),
        Entry(SECOND, "b", MINER, serial="SN-1002", mac=MAC),
    ]
    assert not same_assets(swapped)


def test_that_one_origin_never_enters_an_asset_twice() -> None:
    assert not same_assets([Entry(FIRST, "a", MINER, mac=MAC), Entry(SECOND, "a", MINER, mac=MAC)])


def test_that_meters_behind_one_gateway_stay_apart() -> None:
    meters = [Entry(FIRST, "a", DeviceKind.METER, 1, mac=MAC), Entry(SECOND, "b", DeviceKind.METER, 2, mac=MAC)]
    assert not same_assets(meters)


def test_that_placeholders_are_no_identity() -> None:
    for serial, mac in (("0000", ""), ("n/a", ""), ("", "00:00:00:00:00:00"), ("", "")):
        pair = [Entry(FIRST, "a", MINER, serial=serial, mac=mac), Entry(SECOND, "b", MINER, serial=serial, mac=mac)]
        assert not same_assets(pair)


def test_that_three_entries_of_one_asset_are_one_in_whatever_order_they_are_told() -> None:
    entries = [
        Entry(FIRST, "a", MINER, mac=MAC),
        Entry(SECOND, "b", MINER, serial="SN-77", mac=MAC),
        Entry(THIRD, "c", MINER, serial="SN-77"),
    ]
    for order in itertools.permutations(entries):
        assert same_assets(order) == {SECOND: FIRST, THIRD: FIRST}


def test_that_a_person_may_say_that_two_are_the_same() -> None:
    assert same_assets([], [(THIRD, SECOND), (SECOND, FIRST)]) == {SECOND: FIRST, THIRD: FIRST}
