"""Moving between displays, and the way back up."""

from console.shell.navigation import DEVICE, FLEET, INCIDENTS, OVERVIEW, SITE, Navigation, Place


def _navigation() -> tuple[Navigation, list[Place]]:
    moves: list[Place] = []
    return Navigation(Place(OVERVIEW), moves.append), moves


def test_that_an_incident_on_the_overview_reaches_its_device_and_up_leads_back_the_same_way() -> None:
    navigation, moves = _navigation()
    navigation.open_incident("i", 1)
    navigation.open_device("d")
    assert navigation.place == Place(DEVICE, 1, "d", "i")
    navigation.up()
    assert navigation.place.display == INCIDENTS
    navigation.up()
    assert navigation.place.display == OVERVIEW
    assert len(moves) == 4


def test_that_up_without_a_way_goes_one_level_up() -> None:
    navigation = Navigation(Place(DEVICE, device="d"), lambda _: None)
    navigation.up()
    assert navigation.place.display == SITE
    navigation.up()
    assert navigation.place.display == OVERVIEW
    navigation.up()
    assert navigation.place.display == OVERVIEW


def test_that_a_selection_moves_no_display_and_stays_across_displays() -> None:
    navigation, _ = _navigation()
    navigation.show(SITE)
    navigation.choose_device("d")
    navigation.choose_incident("i")
    navigation.show(FLEET)
    assert navigation.place == Place(FLEET, 0, "d", "i")
    navigation.up()
    assert navigation.place.display == SITE


def test_that_another_site_forgets_the_selection_of_the_first() -> None:
    navigation, _ = _navigation()
    navigation.choose_device("d")
    navigation.open_site(1)
    assert navigation.place == Place(SITE, 1)


def test_that_going_where_one_is_changes_nothing() -> None:
    navigation, moves = _navigation()
    navigation.show(OVERVIEW)
    assert moves == []
