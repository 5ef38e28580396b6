"""What an operator commands devices to do: asks what a device offers, asks for the reason, sends, shows the outcome."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID

from console.domain.commanding import CommandState
from console.domain.inventory import Device
from console.link.messages import Answer, AskOffers, CommandEnded, GiveCommand, Offers, Request, SetControl
from console.link.state import LinkLost
from console.presenters.commands import DISABLE, ENABLE, LABELS, PREFIX, DeviceCommands, outcome_words
from console.shell.context import Context
from console.shell.feed import SiteFeed
from console.shell.incident_desk import Ask, Question
from console.shell.operations import Operations, Trouble
from drivers.core.command import Capability, Offer

ASK_AGAIN_SECONDS = 10.0
"""How old what the collector said of a device may become while it is shown."""


class CommandChannel(Protocol):
    """Carries commands to a site's collector."""

    def next_request(self) -> int:
        """A number for the next request."""

    async def send(self, request: Request) -> Answer:
        """Send and wait for the answer; raises `LinkLost`."""

    async def give(self, request: GiveCommand) -> CommandEnded:
        """Send a command and wait for its outcome; raises `LinkLost`."""

    async def offers(self, request: AskOffers) -> Offers:
        """Ask what a device offers; raises `LinkLost`."""


@dataclass(frozen=True, slots=True)
class CommandQuestion:
    """What is asked before a command is sent.

    Attributes:
        capability: Which.
        offer: Its modes and range.
        name: Of the device.
        about: Its model and address.
        allowed_pools: What may be chosen for a change of pools.
    """

    capability: Capability
    offer: Offer
    name: str
    about: str
    allowed_pools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CommandWish:
    """What the operator wants sent: arguments as `read_command` takes them (`file` names an image), and why."""

    arguments: Mapping[str, Any]
    reason: str


AskCommand = Callable[[CommandQuestion], Awaitable[CommandWish | None]]
"""Shows the question of a command; None when the operator thinks better of it."""


class CommandDesk:
    """Turns the operator's wishes into commands, and remembers what the collector said of the device on show.

    Args:
        context: Where the operator is and who he is.
        channels: The collector of each site.
        operations: Runs the requests.
        ask: Shows a plain question.
        ask_command: Shows the question of a command.
        on_trouble: Shows outcomes that are no confirmation.
    """

    def __init__(
        self,
        context: Context,
        channels: Callable[[SiteFeed], CommandChannel],
        operations: Operations,
        ask: Ask,
        ask_command: AskCommand,
        on_trouble: Callable[[Trouble], None],
    ) -> None:
        self._context = context
        self._channels = channels
        self._operations = operations
        self._ask = ask
        self._ask_command = ask_command
        self._on_trouble = on_trouble
        self._known: dict[UUID, DeviceCommands] = {}
        self._asked_at: dict[UUID, float] = {}

    def of(self, device: Device) -> DeviceCommands:
        """What is known of a device's commands; asked for again when that is old."""
        now = self._context.clock()
        if not self._context.current.locked and now - self._asked_at.get(device.id, 0.0) > ASK_AGAIN_SECONDS:
            self._asked_at[device.id] = now
            self._operations.start(f"Asking what {device.name} can do", self._refresh(device.id))
        return self._known.get(device.id, DeviceCommands())

    def act(self, action: str, device: Device) -> bool:
        """Do what an action of the display says; False when it is none of ours."""
        if action not in {ENABLE, DISABLE} and not action.startswith(PREFIX):
            return False
        if reason := self._context.current.locked:
            self._on_trouble(Trouble(f"Not done: {reason}."))
        elif action in {ENABLE, DISABLE}:
            self._operations.start("The change of control", self._set_control(device, enabled=action == ENABLE))
        else:
            capability = Capability(action.removeprefix(PREFIX))
            self._operations.start(f"The command {LABELS[capability]}", self._command(device, capability))
        return True

    async def _refresh(self, device: UUID) -> None:
        channel = self._channels(self._context.current.feed)
        try:
            told = await channel.offers(AskOffers(channel.next_request(), device))
        except LinkLost:
            # The link itself says on the screen that it is down; what was known stays until it is back.
            return
        before = self._known.get(device, DeviceCommands())
        self._known[device] = DeviceCommands(
            told.error, told.offers, told.control, told.commands, told.allowed_pools, told.login, before.under_way
        )
        self._context.refresh()

    async def _set_control(self, device: Device, *, enabled: bool) -> None:
        word = "Enable" if enabled else "Disable"
        question = Question(
            f"{word} commands for {device.name}?",
            f"{device.address}. The reason is kept with your name.",
            word,
            note=True,
            needs_note=True,
        )
        reason = await self._ask(question)
        if not reason:
            return
        channel = self._channels(self._context.current.feed)
        request = SetControl(channel.next_request(), (device.id,), enabled, self._context.user.name, reason)
        try:
            answer = await channel.send(request)
        except LinkLost as error:
            self._on_trouble(Trouble(f"Not done: {error}."))
            return
        if answer.error:
            self._on_trouble(Trouble(f"Not done: {answer.error}."))
        await self._refresh(device.id)

    async def _command(self, device: Device, capability: Capability) -> None:
        known = self._known.get(device.id, DeviceCommands())
        offer = known.offers.get(capability)
        if offer is None:
            return
        label = LABELS[capability]
        about = f"{device.model}, {device.address}".removeprefix(", ")
        question = CommandQuestion(capability, offer, device.name, about, tuple(known.allowed_pools))
        wish = await self._ask_command(question)
        if wish is None:
            return
        self._note_under_way(device.id, label)
        try:
            await self._send(device, capability, wish)
        finally:
            self._note_under_way(device.id, "")
        await self._refresh(device.id)

    async def _send(self, device: Device, capability: Capability, wish: CommandWish) -> None:
        channel = self._channels(self._context.current.feed)
        arguments, user = dict(wish.arguments), self._context.user.name
        request = GiveCommand(channel.next_request(), device.id, capability.value, arguments, user, wish.reason)
        try:
            ended = await channel.give(request)
        except LinkLost as error:
            self._on_trouble(
                Trouble(f"{LABELS[capability]}, {device.name}: {error}; see its history for what became of it.")
            )
            return
        if ended.record is None:
            self._on_trouble(Trouble(f"Nothing was sent to {device.name}: {ended.error}."))
        elif ended.record.state is not CommandState.CONFIRMED:
            self._on_trouble(Trouble(f"{LABELS[capability]}, {device.name}: {outcome_words(ended.record)}."))

    def _note_under_way(self, device: UUID, words: str) -> None:
        self._known[device] = replace(self._known.get(device, DeviceCommands()), under_way=words)
        self._context.refresh()
