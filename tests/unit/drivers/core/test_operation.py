"""One command: precondition, one write, read-back; an outcome that says no more than is known."""

import pytest

from drivers.core.command import Outcome
from drivers.core.errors import DeviceError, Refused, Rejected, TimedOut
from drivers.core.operation import Operation, PreconditionFailed, Seen, carry_out

LOST = TimedOut("10.0.0.1:4028", "no complete answer within 3 s")


class Lamp(Operation):
    """Turns a lamp on. `looks` are what reading shows, one after another; the last one stays."""

    def __init__(self, *looks: bool | DeviceError, write: DeviceError | None = None, forbidden: str = "") -> None:
        self.confirm_s = 0.05
        self.writes = 0
        self._looks = list(looks)
        self._write = write
        self._forbidden = forbidden

    async def look(self) -> Seen:
        look = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        if isinstance(look, DeviceError):
            raise look
        return Seen("on" if look else "off", look)

    def check(self, before: Seen) -> None:
        if self._forbidden:
            raise PreconditionFailed(self._forbidden)

    async def write(self) -> str:
        self.writes += 1
        if self._write is not None:
            raise self._write
        return "OK"


@pytest.mark.parametrize(
    ("lamp", "outcome", "writes", "said"),
    [
        (Lamp(False, True), Outcome.CONFIRMED, 1, "reading it back shows the effect"),
        (Lamp(False, False, True), Outcome.CONFIRMED, 1, "reading it back shows the effect"),
        (Lamp(False, False), Outcome.REJECTED, 1, "reading back shows no effect"),
        (Lamp(False, forbidden="it is tuning"), Outcome.REJECTED, 0, "it is tuning"),
        (Lamp(LOST), Outcome.REJECTED, 0, "could not be read before"),
        (Lamp(False, write=Rejected("a:1", "locked")), Outcome.REJECTED, 1, "the device refused: locked"),
        (Lamp(False, write=Refused("a:1", "wrong login")), Outcome.REJECTED, 1, "the device refused: wrong login"),
        (Lamp(False, True, write=LOST), Outcome.CONFIRMED, 1, "although the answer was lost"),
        (Lamp(False, False, write=LOST), Outcome.UNKNOWN, 1, "whether it took effect could not be read"),
        (Lamp(False, LOST), Outcome.UNKNOWN, 1, "whether it took effect could not be read"),
    ],
    ids=[
        "effect at once", "effect a little later", "false OK", "forbidden", "unread before", "said no", "wrong login",
        "answer lost, effect there", "answer lost, no effect yet", "deaf afterwards",
    ],
)  # fmt: skip
async def test_that_the_outcome_is_what_was_read_and_the_write_goes_out_once(
    lamp: Lamp, outcome: Outcome, writes: int, said: str
) -> None:
    result = await carry_out(lamp, look_again_s=0.01)
    assert result.outcome is outcome
    assert said in result.text
    assert lamp.writes == writes
    assert result.sent is bool(writes)


async def test_that_a_device_that_is_expected_away_is_waited_for() -> None:
    reboot = Lamp(False, LOST, LOST, True)
    reboot.may_vanish = True
    result = await carry_out(reboot, look_again_s=0.01)
    assert result.outcome is Outcome.CONFIRMED
    assert (result.before, result.after) == ("off", "on")
