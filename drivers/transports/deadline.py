"""Deadlines for many short questions, behind one timer.

`asyncio.timeout` makes a timer for each question and takes it away again: 0.018 ms of a poll that costs 0.1. Here all
questions with the same patience share one timer: they run out in the order in which they began.
"""

import asyncio
from collections import deque
from types import TracebackType
from typing import Final, Self
from weakref import WeakKeyDictionary

_RESOLUTION_S: Final = 0.002
"""By how much a loop's clock may ring early."""


class _Queue:
    """Everything that waits with the same patience on one loop. Holds no loop, so that a closed one can go."""

    __slots__ = ("is_armed", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[Deadline] = deque()
        self.is_armed = False

    def ring(self) -> None:
        """Let everything expire whose time has come; ring again for the next that still waits."""
        loop = asyncio.get_running_loop()
        now, waiting = loop.time() + _RESOLUTION_S, self.waiting
        while waiting and (waiting[0].is_over or waiting[0].ends_at <= now):
            waiting.popleft().expire()
        self.is_armed = bool(waiting)
        if waiting:
            loop.call_at(waiting[0].ends_at, self.ring)


_queues: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, dict[float, _Queue]]] = WeakKeyDictionary()


class Deadline:
    """`with Deadline(seconds):` raises TimeoutError where what is awaited within takes longer, like `asyncio.timeout`.

    Attributes:
        ends_at: By the loop's clock.
    """

    __slots__ = ("_cancelling", "_expired", "_seconds", "_task", "ends_at")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._expired = False
        self.ends_at = 0.0

    @property
    def is_over(self) -> bool:
        """Whether nobody waits any more."""
        return self._task is None

    def expire(self) -> None:
        """Cancel what is awaited, if it still is."""
        if self._task is not None:
            self._expired = True
            self._task.cancel()

    def __enter__(self) -> Self:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline is for a task")
        self._task, self._cancelling = task, task.cancelling()
        self.ends_at = loop.time() + self._seconds
        queues = _queues.get(loop)
        if queues is None:
            queues = _queues[loop] = {}
        queue = queues.get(self._seconds)
        if queue is None:
            queue = queues[self._seconds] = _Queue()
        queue.waiting.append(self)
        if not queue.is_armed:
            queue.is_armed = True
            loop.call_at(self.ends_at, queue.ring)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if not self._expired or task is None:
            return
        if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
