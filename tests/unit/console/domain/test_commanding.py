"""Who may be commanded, and when: the rules before anything is sent."""

from dataclasses import replace
from uuid import UUID

import pytest

from console.domain.commanding import CommandRecord, CommandState, Control, refusal
from drivers.core.command import (
    Capability,
    Command,
    Offer,
    Pool,
    Reboot,
    SetFans,
    SetPools,
    SetPowerMode,
    SetPowerTarget,
)

DEVICE, OTHER = UUID(int=1), UUID(int=2)
OFFERED = Offer()
NOW = 1_800_000_000.0
ENABLED = Control(DEVICE, True, "eve", NOW - 60, "commissioning")
REBOOTED = CommandRecord(
    UUID(int=9), DEVICE, Capability.REBOOT, "reboot", "eve", "stuck", NOW - 100, CommandState.CONFIRMED, sent=True,
    ended=NOW - 50,
)  # fmt: skip
ALLOWED = ("stratum+tcp://pool.example:3333",)


def why(
    command: Command, offer: Offer | None = OFFERED, control: Control | None = ENABLED, *recent: CommandRecord
) -> str:
    return refusal(command, DEVICE, control, offer, recent, ALLOWED, NOW)


def test_that_a_device_is_read_only_until_somebody_enables_it() -> None:
    assert "read-only" in why(Reboot(), control=None)
    assert "read-only" in why(Reboot(), control=replace(ENABLED, enabled=False))
    assert why(Reboot()) == ""


def test_that_what_a_profile_does_not_offer_is_refused_with_its_reason() -> None:
    assert why(Reboot(), Offer(unsupported="stock firmware has none")) == "stock firmware has none"
    assert "takes no commands" in why(Reboot(), None)


@pytest.mark.parametrize(
    ("command", "offer", "said"),
    [
        (SetPowerMode("turbo"), Offer(modes=("normal", "low")), "no power mode 'turbo'; there are normal, low"),
        (SetPowerTarget(9000), Offer(low=1000, high=3600), "outside what this device takes, 1000 to 3600"),
        (SetFans(10), Offer(low=30, high=100), "outside what this device takes"),
        (SetPools((Pool("stratum+tcp://thief.example:1", "x"),)), Offer(), "not on this site's allow-list"),
    ],
)
def test_that_arguments_outside_the_offer_are_refused(command: Command, offer: Offer, said: str) -> None:
    assert said in why(command, offer)


def test_that_automatic_fans_and_allowed_pools_pass() -> None:
    assert why(SetFans(None), Offer(low=30, high=100)) == ""
    assert why(SetPools((Pool(ALLOWED[0], "acme"),))) == ""


def test_that_the_same_command_waits_until_the_device_has_settled() -> None:
    assert "wait another 250 s" in why(Reboot(), Offer(), ENABLED, REBOOTED)
    assert why(Reboot(), Offer(), ENABLED, replace(REBOOTED, ended=NOW - 301)) == ""
    assert why(Reboot(), Offer(), ENABLED, replace(REBOOTED, device=OTHER)) == ""
    assert why(Reboot(), Offer(), ENABLED, replace(REBOOTED, sent=False)) == "", "nothing was sent"


def test_that_one_command_at_a_time_is_carried_out_on_a_device() -> None:
    running = replace(REBOOTED, state=CommandState.INTENDED, capability=Capability.LOCATE, text="locate on")
    assert "being carried out on this device: locate on" in why(Reboot(), Offer(), ENABLED, running)
