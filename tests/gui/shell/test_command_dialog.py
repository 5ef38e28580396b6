"""The question before a command: nothing can be sent without what it needs and a reason."""

import pytest
from PySide6.QtWidgets import QComboBox, QLineEdit, QSpinBox
from pytestqt.qtbot import QtBot

from console.shell.command_desk import CommandQuestion
from console.shell.command_dialog import CommandDialog
from drivers.core.command import Capability, Offer

POOL = "stratum+tcp://pool.example:3333"


def dialog(
    qtbot: QtBot, capability: Capability, offer: Offer | None = None, pools: tuple[str, ...] = ()
) -> CommandDialog:
    made = CommandDialog(CommandQuestion(capability, offer or Offer(), "T14-118", "Antminer S19, 10.0.0.7:4028", pools))
    qtbot.addWidget(made)
    return made


def test_that_a_command_needs_a_reason(qtbot: QtBot) -> None:
    reboot = dialog(qtbot, Capability.REBOOT)
    assert not reboot.send.isEnabled()
    reboot.reason.setText("  ")
    assert not reboot.send.isEnabled()
    reboot.reason.setText("stuck at 40 TH/s")
    assert reboot.send.isEnabled()
    assert (reboot.wish.arguments, reboot.wish.reason) == ({}, "stuck at 40 TH/s")


@pytest.mark.parametrize(
    ("capability", "offer", "arguments"),
    [
        (Capability.LOCATE, Offer(), {"on": True}),
        (Capability.SET_POWER_MODE, Offer(modes=("low", "normal")), {"mode": "low"}),
        (Capability.SET_POWER_TARGET, Offer(low=1000, high=3600), {"watts": 3600.0}),
        (Capability.SET_FANS, Offer(low=30, high=100), {"percent": None}),
    ],
)
def test_that_each_command_starts_with_what_its_profile_offers(
    qtbot: QtBot, capability: Capability, offer: Offer, arguments: dict[str, object]
) -> None:
    asked = dialog(qtbot, capability, offer)
    asked.reason.setText("retrofit")
    assert asked.send.isEnabled()
    assert asked.wish.arguments == arguments


def test_that_a_fan_speed_stays_within_the_offer(qtbot: QtBot) -> None:
    asked = dialog(qtbot, Capability.SET_FANS, Offer(low=30, high=90))
    (field,) = asked.findChildren(QSpinBox)
    field.setValue(500)
    assert asked.wish.arguments == {"percent": 90.0}
    field.setValue(30)
    assert asked.wish.arguments == {"percent": 30.0}


def test_that_only_pools_of_the_allow_list_can_be_chosen_and_an_account_is_needed(qtbot: QtBot) -> None:
    asked = dialog(qtbot, Capability.SET_POOLS, pools=(POOL,))
    asked.reason.setText("failover")
    assert not asked.send.isEnabled()
    (choice,) = asked.findChildren(QComboBox)
    assert not choice.isEditable()
    account = next(field for field in asked.findChildren(QLineEdit) if field.accessibleName() == "account or worker")
    account.setText("acme.rig1")
    assert asked.send.isEnabled()
    assert asked.wish.arguments == {"pools": [{"url": POOL, "user": "acme.rig1"}]}


def test_that_without_an_allow_list_no_pool_can_be_sent(qtbot: QtBot) -> None:
    asked = dialog(qtbot, Capability.SET_POOLS)
    asked.reason.setText("failover")
    account = next(field for field in asked.findChildren(QLineEdit) if field.accessibleName() == "account or worker")
    account.setText("acme.rig1")
    assert not asked.send.isEnabled()
