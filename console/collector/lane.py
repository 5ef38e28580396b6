"""Questions of one kind on their way: how many may be out at once, and which devices wait for room.

The schedule keeps two lanes, so that devices which do not answer never take the room of those which do.
"""

import heapq
import itertools
import math
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar


class Waiting(Protocol):
    """What a lane has to know of a device."""

    subnet: str
    urgency: int
    due: float
    gone: bool


Entry = TypeVar("Entry", bound=Waiting)


@dataclass(slots=True)
class Lane(Generic[Entry]):
    """One lane.

    Attributes:
        cap: Questions on the wire at once.
        subnet_cap: Questions on the wire at once to one subnet.
        starts: Questions that leave in one turn.
        in_flight: Questions on the wire now.
    """

    cap: int
    subnet_cap: int
    starts: int
    in_flight: int = 0
    _heaps: dict[int, list[tuple[float, int, Entry]]] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _per_subnet: Counter[str] = field(default_factory=Counter)
    _parked: dict[str, deque[Entry]] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        """Whether nothing more may leave now."""
        return self.in_flight >= self.cap

    def push(self, entry: Entry, due: float | None = None) -> None:
        """Let a device wait for its turn: at its own due time unless another is given."""
        when = entry.due if due is None else due
        heapq.heappush(self._heaps.setdefault(entry.urgency, []), (when, next(self._numbers), entry))

    def take(self, now: float, held: Callable[[Entry], bool]) -> Iterator[Entry]:
        """The devices whose turn has come, the urgent ones first, as far as the caps allow; each counts from now on.

        Args:
            now: Monotonic seconds.
            held: Whether a device must wait a little more; it has then been pushed anew by the one who says so.
        """
        left = self.starts
        for urgency in sorted(self._heaps):
            heap = self._heaps[urgency]
            while heap and heap[0][0] <= now and left and not self.is_full:
                entry = heapq.heappop(heap)[2]
                if entry.gone or held(entry):
                    continue
                if self._per_subnet[entry.subnet] >= self.subnet_cap:
                    self._parked.setdefault(entry.subnet, deque()).append(entry)
                    continue
                left -= 1
                self.enter(entry.subnet)
                yield entry

    def enter(self, subnet: str) -> None:
        """A question to that subnet counts here from now on."""
        self.in_flight += 1
        self._per_subnet[subnet] += 1

    def leave(self, subnet: str) -> None:
        """A question to that subnet no longer counts here; whoever waited for its room may go."""
        self.in_flight -= 1
        self._per_subnet[subnet] -= 1
        waiting = self._parked.get(subnet)
        while waiting:
            entry = waiting.popleft()
            if not entry.gone:
                self.push(entry)
                return
        self._parked.pop(subnet, None)

    def next_due(self) -> float:
        """Monotonic second of the earliest device that waits; infinite when none does."""
        return min((heap[0][0] for heap in self._heaps.values() if heap), default=math.inf)
