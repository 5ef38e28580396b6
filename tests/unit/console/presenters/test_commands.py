"""What a device can be commanded to do, as an operator reads it."""

from uuid import UUID

from console.domain.commanding import CommandRecord, CommandState, Control
from console.presenters.commands import DISABLE, ENABLE, DeviceCommands, command_actions, command_history
from drivers.core.command import Capability, Offer
from tests.unit.console.presenters.sites import NOW

OFFERS = {
    Capability.SET_POOLS: Offer(unsupported="takes three writes"),
    Capability.SET_POWER_TARGET: Offer(low=1000, high=3600),
    Capability.LOCATE: Offer(),
}
ENABLED = Control(UUID(int=1), True, "eve", NOW, "retrofit")


def test_that_a_device_is_read_only_until_it_is_enabled() -> None:
    (switch,) = command_actions(DeviceCommands(offers=OFFERS), "")
    assert (switch.id, switch.blocked, switch.note) == (ENABLE, "", "read-only; 2 commands offered")


def test_that_an_enabled_device_offers_what_it_can_and_says_why_not_the_rest() -> None:
    actions = {action.id: action for action in command_actions(DeviceCommands(offers=OFFERS, control=ENABLED), "")}
    assert actions[DISABLE].note == "enabled by eve: retrofit"
    assert actions["command:locate"].blocked == ""
    assert actions["command:set_power_target"].note == "1,000 to 3,600"
    assert actions["command:set_pools"].blocked == "takes three writes"


def test_that_nothing_is_commanded_in_the_past_or_beside_another_command() -> None:
    enabled = DeviceCommands(offers=OFFERS, control=ENABLED)
    assert all(action.blocked for action in command_actions(enabled, "the window shows the PAST"))
    busy = DeviceCommands(offers=OFFERS, control=ENABLED, under_way="Reboot")
    assert {action.blocked for action in command_actions(busy, "")} == {
        "", "Reboot is under way", "takes three writes",
    }  # fmt: skip
    assert command_actions(DeviceCommands(error="it has not answered yet"), "") == ()


def test_that_the_history_tells_the_outcome_the_newest_first() -> None:
    first = CommandRecord(
        UUID(int=3), UUID(int=1), Capability.REBOOT, "reboot", "eve", "stuck", NOW - 100, CommandState.UNKNOWN,
        "it was sent, and whether it took effect could not be read: deaf", True, ended=NOW - 50,
    )  # fmt: skip
    second = CommandRecord(UUID(int=4), UUID(int=1), Capability.LOCATE, "locate on", "bob", "find it", NOW - 5)
    items = command_history(DeviceCommands(records=(first, second)), NOW, "UTC")
    assert [item.text for item in items] == [
        "locate on: under way (bob: find it)",
        "reboot: unknown, it was sent, and whether it took effect could not be read: deaf (eve: stuck)",
    ]
