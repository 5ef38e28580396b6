"""The live source: what a console knows, live and paused."""

import dataclasses

import pytest

from console.presenters.source import CollectorHealth, Connection, LiveSource
from tests.unit.console.presenters.sites import NOW, frame_of, incident, site, state_of


def _source() -> LiveSource:
    source = LiveSource()
    source.welcome(site(), (), (), "/sites/pecos", NOW)
    return source


def test_that_nothing_is_shown_before_the_collector_said_anything() -> None:
    source = LiveSource()
    assert source.present is None
    assert source.shown is None
    with pytest.raises(ValueError, match="welcome"):
        source.alarms_changed(())


def test_that_a_paused_source_holds_the_displays_and_not_the_present() -> None:
    source = _source()
    first = frame_of(site())
    source.take_in(first, CollectorHealth())
    source.pause(NOW + 1)
    source.take_in(frame_of(site(), NOW + 5), CollectorHealth())
    assert source.shown is not None
    assert source.shown.frame is first
    assert source.present is not None
    assert source.present.frame is not first
    assert not source.moment.live
    assert source.moment.at == NOW + 1
    source.go_live()
    assert source.shown is source.present
    assert source.moment.live


def test_that_an_older_version_of_an_incident_never_replaces_a_newer_one() -> None:
    source = _source()
    case = incident(state_of(), ["T1-001"])
    newer = dataclasses.replace(case, version=3, owner="M. Okafor")
    assert source.incidents_changed([newer]) == [newer]
    assert source.incidents_changed([case]) == []
    assert source.present is not None
    assert source.present.incidents[case.id] is newer


def test_that_the_last_state_stays_when_the_collector_is_lost() -> None:
    source = _source()
    source.take_in(frame_of(site()), CollectorHealth())
    source.connection(Connection.LOST, NOW + 10)
    assert source.present is not None
    assert source.present.connection is Connection.LOST
    assert source.present.connected_at == NOW + 10
    assert len(source.present.frame.values) > 0


def test_that_changed_devices_replace_their_former_facts() -> None:
    source = _source()
    device = dataclasses.replace(site().devices[0], model="T21")
    source.devices_changed([device])
    assert source.present is not None
    assert source.present.devices[device.id].model == "T21"
    assert len(source.present.site.devices) == len(site().devices)
