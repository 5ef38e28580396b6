"""Places read into grids."""

import dataclasses

import pytest

from console.domain.inventory import Feed
from console.presenters.places import natural, read_places
from tests.unit.console.presenters.sites import site


def test_that_tanks_stand_in_the_order_of_their_loops_with_row_and_slot_as_cells() -> None:
    places = read_places(site(tanks=3))
    assert [(tank.title, tank.loop, tank.rows, tank.columns) for tank in places.tanks] == [
        ("T1", "LOOP-A", 4, 3),
        ("T2", "LOOP-B", 4, 3),
        ("T3", "LOOP-B", 4, 3),
    ]
    assert places.tanks[0].cells.tolist() == list(range(12))


def test_that_t9_comes_before_t10() -> None:
    assert sorted(["T10", "T9", "T1"], key=natural) == ["T1", "T9", "T10"]


def test_that_the_foot_names_the_pdus_and_the_gap_lies_between_them() -> None:
    tank = read_places(site()).tanks[0]
    assert tank.foot == "PDU 01, 02"
    assert tank.gap_after == 1


def test_that_a_tank_fed_in_no_order_has_no_gap() -> None:
    plain = site()
    feeds = tuple(
        Feed(f"PDU-{1 + at % 2}/{at}", device.name) for at, device in enumerate(plain.devices) if device.place
    )
    assert read_places(dataclasses.replace(plain, feeds=feeds)).tanks[0].gap_after == -1


@pytest.mark.parametrize("place", ["", "B/T1/9999999/1", "B/T1/1/0", "B/T1/1/9999"])
def test_that_an_impossible_place_counts_as_not_placed(place: str) -> None:
    plain = site()
    device = dataclasses.replace(plain.devices[0], place=place)
    places = read_places(dataclasses.replace(plain, devices=(device, *plain.devices[1:])))
    assert places.placed == len(places.miners) - 1
    assert places.tank_of[0] == -1


@pytest.mark.parametrize(("place", "cells"), [("B/R7/{}", [0, 1, 2]), ("rack", [0, 1, 2])])
def test_that_shorter_places_are_laid_out_in_order(place: str, cells: list[int]) -> None:
    plain = site()
    devices = tuple(
        dataclasses.replace(device, place=place.format(at + 1)) for at, device in enumerate(plain.devices[:3])
    )
    tank = read_places(dataclasses.replace(plain, devices=devices)).tanks[0]
    assert tank.cells.tolist() == cells


def test_that_a_site_without_miners_has_no_tanks() -> None:
    plain = site()
    assert read_places(dataclasses.replace(plain, devices=plain.devices[-3:])).tanks == ()
