"""Which login belongs to which device."""

from dataclasses import replace
from uuid import UUID

import pytest

from console.domain.credentials import login_entry
from console.domain.inventory import CredentialGroup, Device, Site
from drivers.core.identity import Address, DeviceKind

MINER = Device(UUID(int=2), "T1", DeviceKind.MINER, Address("10.0.0.1", 4028), "luxos", "B/T1/1/1")
SITE = Site(
    UUID(int=1), "Pecos-2", "UTC", 10.0, 1.0,
    credentials=(
        CredentialGroup("everybody"),
        CredentialGroup("all luxos", profile="luxos"),
        CredentialGroup("hall b", place="B"),
        CredentialGroup("luxos in hall b", profile="luxos", place="B"),
        CredentialGroup("tank 1", place="B/T1"),
        CredentialGroup("meters", profile="modbus-meter"),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "entry"),
    [
        ({"login": "its own"}, "its own"),
        ({}, "tank 1"),
        ({"place": "B/T10/1/1"}, "luxos in hall b"),
        ({"place": "B/T10/1/1", "profile": "vnish"}, "hall b"),
        ({"place": "BB/T1/1/1"}, "all luxos"),
        ({"place": "", "profile": "vnish"}, "everybody"),
        ({"profile": ""}, ""),
        ({"profile": "", "login": "its own"}, "its own"),
        ({"kind": DeviceKind.METER, "profile": "modbus-meter"}, "meters"),
        ({"kind": DeviceKind.PDU, "profile": "apc-rpdu2"}, ""),
    ],
)
def test_that_the_nearest_login_is_the_one(changes: dict[str, object], entry: str) -> None:
    assert login_entry(SITE, replace(MINER, **changes)) == entry  # type: ignore[arg-type]


def test_that_no_login_is_made_up() -> None:
    assert login_entry(replace(SITE, credentials=()), MINER) == ""
