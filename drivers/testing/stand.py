"""A test stand: one virtual miner of any firmware on real loopback sockets, whose manners a test switches.

What a command has set acts as it does on a virtual site: a sleeping miner hashes nothing and draws standby power, a
reboot starts its uptime anew, and everything that came over the wire is kept for the test to count.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from drivers.core.identity import Address
from drivers.simulators.conduct import Conduct, Manner, Question, Resident
from drivers.simulators.framed_server import FramedServer
from drivers.simulators.http_server import HttpServer
from drivers.simulators.loopback import listeners
from drivers.simulators.personality import BoardView, Controls, MinerView, Personality, VirtualMiner, Wire
from drivers.simulators.text_server import TextServer
from drivers.simulators.wire_server import WireServer

__all__ = ["Manner", "Place", "every", "miner_view", "stand"]

HOST: Final = "127.0.0.1"
STANDBY_SHARE: Final = 0.012
"""Of the full power, for a miner that does not hash."""
_SERVERS: Final[Mapping[Wire, type[WireServer]]] = {
    Wire.TEXT: TextServer,
    Wire.HTTP: HttpServer,
    Wire.FRAMED: FramedServer,
}


def miner_view(
    *, model: str = "Antminer S19j Pro", boards: int = 3, nominal: float = 104.0, chips: int = 126, **changes: object
) -> MinerView:
    """A miner that hashes well.

    Args:
        model: As its nameplate says.
        boards: How many boards it has.
        nominal: TH/s of all boards.
        chips: Chips of each board.
        changes: Other fields of `MinerView`, by name.
    """
    share = nominal / max(boards, 1)
    made = tuple(_board(slot, share, chips) for slot in range(1, boards + 1))
    rate = sum(board.rate for board in made)
    view = MinerView(
        model=model,
        mac="02:00:5e:10:00:07",
        serial="SIM0000007",
        uptime=86_400.0,
        rate=rate,
        rate_avg=0.998 * rate,
        nominal=nominal,
        power=29.5 * nominal,
        ambient=24.0,
        boards=made,
        fans=(5880, 5940, 5820, 5910),
        accepted=4312,
        rejected=9,
        stale=2,
        pool_alive=True,
        now=time.time(),
        mined=86_370.0,
    )
    return replace(view, **changes)  # type: ignore[arg-type]


def _board(slot: int, nominal: float, chips: int) -> BoardView:
    return BoardView(
        slot=slot,
        rate=round(nominal * (0.99 + 0.004 * slot), 4),
        nominal=nominal,
        chips=chips,
        chips_expected=chips,
        chip_temp=66.0 + slot,
        board_temp=58.0 + slot,
        inlet_temp=30.0 + slot,
        outlet_temp=49.0 + slot,
        hw_errors=10 * slot,
        frequency=525.0,
        voltage=13.4,
        serial=f"SIMBOARD{slot:04d}",
    )


def every(wire: Wire, question: Question) -> bool:
    """Any question: what a manner is about unless a test says otherwise."""
    return True


@dataclass(slots=True)
class Place:
    """The stand while it runs. Everything may be changed between two questions.

    Attributes:
        miner: State, controls and memory of the virtual miner.
        view: What it looks like while no command acts on it.
        manner: What becomes of the questions that `when` is about.
        when: Which questions have that manner, by wire and question; `every` one when it is not changed. A `DEAF`
            miner hears none and is so for everybody; one that `RESETS` every question does so before it.
        delay: Seconds, for the manners that wait.
        boot_seconds: After a reboot nothing answers for so long.
        addresses: Where it answers, by wire.
        questions: What came over the wire, in order; of HTTP the request, of a frame its body.
    """

    miner: VirtualMiner
    view: MinerView
    manner: Manner = Manner.ANSWERS
    when: Callable[[Wire, Question], bool] = every
    delay: float = 0.05
    boot_seconds: float = 0.0
    addresses: dict[Wire, Address] = field(default_factory=dict)
    questions: list[tuple[Wire, Question]] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)
    _booted: float = 0.0
    _mining_since: float = 0.0
    _seen: tuple[bool, int, int] = (False, 0, 0)

    def address(self, wire: Wire) -> Address:
        """Where the miner answers on that wire. Raises KeyError for one that its firmware does not have."""
        return self.addresses[wire]

    def asked(self, wire: Wire) -> Sequence[Question]:
        """The questions that came over one wire."""
        return [question for over, question in self.questions if over is wire]

    def conduct(self, wire: Wire, question: Question | None) -> Conduct:
        """What becomes of a connection (None) or a question; keeps the question."""
        self._follow()
        if question is not None:
            self.questions.append((wire, question))
        if self._booted and time.monotonic() - self._booted < self.boot_seconds:
            return Conduct(Manner.RESETS)
        if question is None:
            is_meant = self.manner is Manner.DEAF or (self.manner is Manner.RESETS and self.when is every)
        else:
            is_meant = self.when(wire, question)
        return Conduct(self.manner, self.delay) if is_meant else Conduct()

    def look(self) -> MinerView:
        """The miner at this moment, with everything that commands have done to it."""
        self._follow()
        now, view, controls = time.monotonic(), self.view, self.miner.controls
        uptime = now - self._booted if self._booted else view.uptime + now - self._began
        mined = now - self._mining_since if self._mining_since else view.mined + now - self._began
        share = 0.0 if controls.asleep else controls.power_share
        power = STANDBY_SHARE + (1.0 - STANDBY_SHARE) * share
        boards = tuple(replace(board, rate=board.rate * share) for board in view.boards)
        return replace(
            view,
            uptime=uptime,
            mined=0.0 if controls.asleep else mined,
            rate=view.rate * share,
            rate_avg=view.rate_avg * share,
            power=view.power * power,
            boards=boards,
            now=time.time(),
        )

    def _follow(self) -> None:
        """Notice what commands have begun anew since the last look."""
        controls = self.miner.controls
        seen = controls.asleep, controls.restarts, controls.reboots
        if seen != self._seen:
            self._mining_since = time.monotonic()
            if seen[2] != self._seen[2]:
                self._booted = self._mining_since
            self._seen = seen


@asynccontextmanager
async def stand(
    personality: Personality, *, view: MinerView | None = None, controls: Controls | None = None
) -> AsyncIterator[Place]:
    """Serve one miner of that firmware on every wire that it has, each on a free port of 127.0.0.1.

    Args:
        personality: The firmware.
        view: The miner; a plain one when not given.
        controls: What has been set on it before.
    """
    miner = VirtualMiner(look=_not_yet, controls=controls or Controls())
    place = Place(miner, view or miner_view())
    place.miner.look = place.look
    resident = Resident(personality, miner, place.conduct)
    async with AsyncExitStack() as stack:
        for wire in personality.wires:
            server = _SERVERS[wire](lambda host: resident)
            stack.push_async_callback(server.close)
            sockets = listeners(0, [HOST], wildcard=False)
            place.addresses[wire] = Address(*sockets[0].getsockname()[:2])
            await server.listen(sockets)
        yield place


def _not_yet() -> MinerView:
    raise LookupError("the stand is not yet built")
