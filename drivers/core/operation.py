"""The one way in which a command is carried out: precondition, one write, read-back."""

import asyncio
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

from drivers.core.command import CommandResult, Outcome
from drivers.core.errors import DeviceError, Refused, Rejected

LOOK_AGAIN_S: Final = 1.0
"""Between two looks at a device that does not show the effect yet."""
ANSWER_LIMIT: Final = 300
"""Characters of a device's answer that are kept."""


class PreconditionFailed(Exception):
    """The command must not be sent; the text is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What reading the device back shows.

    Attributes:
        text: For the record, such as `work mode 1 (sleep)`; secrets left out.
        holds: Whether it is what the command asked for.
    """

    text: str
    holds: bool


class Operation(ABC):
    """One command to one device. A family writes `look` and `write`; `carry_out` does the rest.

    Attributes:
        confirm_s: Seconds within which the effect must show.
        may_vanish: Whether the device is expected to be away for a while (a reboot), so that silence is no failure
            before the time is over.
    """

    confirm_s: float = 30.0
    may_vanish: bool = False

    @abstractmethod
    async def look(self) -> Seen:
        """Read what the command changes. Raises a `DeviceError`, before the write also `PreconditionFailed`."""

    @abstractmethod
    async def write(self) -> str:
        """Send the one write; what the device answered.

        Raises:
            DeviceError: `Rejected` when the device said no; any other when the answer is lost.
            PreconditionFailed: Nothing was written: the session that the write needs was not to be had.
        """

    @abstractmethod
    def check(self, before: Seen) -> None:
        """Refuse what must not be sent in the state that was read; raises `PreconditionFailed`."""


async def carry_out(operation: Operation, *, look_again_s: float = LOOK_AGAIN_S) -> CommandResult:
    """Look, write once, look until the effect shows or the time is over. Raises nothing but cancellation.

    A write whose answer is lost is not sent again: reading decides, and where it cannot, the outcome is unknown.
    """
    began = time.time()
    try:
        before = await operation.look()
        operation.check(before)
    except PreconditionFailed as refusal:
        return _not_sent(str(refusal), began)
    except DeviceError as error:
        return _not_sent(f"nothing was sent: the device could not be read before ({error.text})", began)
    doubt, answer = "", ""
    try:
        answer = (await operation.write())[:ANSWER_LIMIT]
    except PreconditionFailed as refusal:
        return _not_sent(str(refusal), began)
    except (Rejected, Refused) as error:
        text = f"the device refused: {error.text}"
        return CommandResult(
            Outcome.REJECTED, text, True, before.text, "", error.text[:ANSWER_LIMIT], began, time.time()
        )
    except DeviceError as error:
        doubt = error.text
    after, trouble = await _look_until(operation, look_again_s)
    outcome, text = _judge(operation, after, doubt, trouble)
    shown = after.text if after is not None else ""
    return CommandResult(outcome, text, True, before.text, shown, answer, began, time.time())


def _not_sent(text: str, began: float) -> CommandResult:
    return CommandResult(Outcome.REJECTED, text, sent=False, began=began, ended=time.time())


def _judge(operation: Operation, after: Seen | None, doubt: str, trouble: str) -> tuple[Outcome, str]:
    if after is not None and after.holds:
        lost = f", although the answer was lost ({doubt})" if doubt else ""
        return Outcome.CONFIRMED, f"reading it back shows the effect{lost}"
    if after is None or doubt:
        return Outcome.UNKNOWN, f"it was sent, and whether it took effect could not be read: {doubt or trouble}"
    return Outcome.REJECTED, (
        f"the device accepted it, but reading back shows no effect after {operation.confirm_s:g} s: {after.text}"
    )


async def _look_until(operation: Operation, look_again_s: float) -> tuple[Seen | None, str]:
    """What the last look showed, and why there was none."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + operation.confirm_s
    seen: Seen | None = None
    trouble = ""
    while True:
        try:
            seen = await operation.look()
            if seen.holds:
                return seen, ""
        except (DeviceError, PreconditionFailed) as error:
            trouble = str(error)
            if not operation.may_vanish:
                seen = None
        if loop.time() + look_again_s > deadline:
            return seen, trouble
        await asyncio.sleep(look_again_s)
