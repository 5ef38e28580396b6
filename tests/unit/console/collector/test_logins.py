"""Whose login is read from where, and that a vendor's default is found out without asking the device."""

from dataclasses import replace
from uuid import UUID

import pytest

from console.collector.logins import Logins
from console.domain.inventory import CredentialGroup, Device, Site
from drivers.core.credentials import Login
from drivers.core.identity import Address, DeviceKind
from drivers.core.profile import Evidence, Profile

ROOT = Profile(
    "root-miner", DeviceKind.MINER, "Test", "t", "http", 80, "d", "s", Evidence.SIMULATED,
    default_logins=("root:root", "root:admin"),
)  # fmt: skip
WORD = Profile(
    "word-miner", DeviceKind.MINER, "Test", "t", "http", 80, "d", "s", Evidence.SIMULATED, default_logins=(":admin",)
)  # fmt: skip
MINER = Device(UUID(int=1), "T1-001", DeviceKind.MINER, Address("10.0.0.1", 80), "root-miner", "B/T1/1/1")
SITE = Site(
    UUID(int=9), "Pecos-2", "UTC", 1.0, 1.0, devices=(MINER,), credentials=(CredentialGroup("hall-b", place="B"),)
)
SECRETS = {"hall-b": "root:hunter22", "own": "hunter23", "default": "root:admin", "word": "admin", "empty": "root:"}


def logins() -> Logins:
    def read(name: str) -> str:
        try:
            return SECRETS[name]
        except KeyError:
            raise LookupError(f"there is no secret {name!r}") from None

    return Logins(lambda: SITE, {profile.id: profile for profile in (ROOT, WORD)}, read)


def test_that_a_device_gets_its_own_login_else_that_of_its_group() -> None:
    assert logins().read(MINER) == Login("root", "hunter22")
    assert logins().is_set(MINER)
    assert not logins().is_set(replace(MINER, place="A/T1/1/1"))
    assert logins().read(replace(MINER, login="own")) == Login("root", "hunter23"), "the vendor's user by default"
    assert logins().read(replace(MINER, place="A/T1/1/1")) is None


def test_that_a_vendor_s_default_is_told_and_another_login_is_not() -> None:
    assert logins().standing(MINER).text == "hall-b"
    assert logins().standing(replace(MINER, login="default")).text == "default: the vendor's default, change it"
    assert logins().standing(replace(MINER, login="word", profile="word-miner")).is_default
    assert logins().standing(replace(MINER, place="A")).text == "none set"
    assert logins().standing(replace(MINER, place="A", profile="open-miner")).text == "", "it knows no logins"


def test_that_miners_of_a_virtual_site_have_the_vendor_s_default_and_nobody_beyond_loopback_is_sent_it() -> None:
    virtual = replace(MINER, login="virtual-site", address=Address("127.32.1.1", 18080))
    assert logins().read(virtual) == Login("root", "root")
    with pytest.raises(LookupError, match="virtual site"):
        logins().read(replace(virtual, address=Address("10.0.0.1", 80)))
    with pytest.raises(LookupError, match="virtual site"):
        logins().read(replace(virtual, profile="unknown"))


def test_that_a_login_that_is_named_and_not_there_is_a_problem_and_not_no_login() -> None:
    with pytest.raises(LookupError, match="lost"):
        logins().read(replace(MINER, login="lost"))
    assert logins().standing(replace(MINER, login="lost")).problem == "there is no secret 'lost'"
    assert "no secret" in logins().standing(replace(MINER, login="empty")).problem
