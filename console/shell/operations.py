"""Work that takes longer than a frame: tasks with a name, progress and cancel, whose errors are shown and logged."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that failed, for the notice bar.

    Attributes:
        text: One sentence: what happened, where, what to do next.
        detail: For the log and the fold-out; may be long.
    """

    text: str
    detail: str = ""


class Operations:
    """All running work of the console. Nothing is ever left behind: `close` cancels and waits.

    Args:
        on_trouble: Told of every failure; the caller shows it.
    """

    def __init__(self, on_trouble: Callable[[Trouble], None]) -> None:
        self._on_trouble = on_trouble
        self._tasks: set[asyncio.Task[Any]] = set()
        self._latest: dict[str, asyncio.Task[Any]] = {}
        self._closed = False

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        """Run it beside the others; None (and nothing run) once the console is closing."""
        if self._closed:
            work.close()
            return None
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def replace(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        """Run it in place of the last one of that name, which is cancelled: only the newest answer is wanted."""
        self.cancel(name)
        task = self.start(name, work)
        if task is not None:
            self._latest[name] = task
        return task

    def cancel(self, name: str) -> None:
        """Stop the work of that name; nothing happens when there is none."""
        task = self._latest.pop(name, None)
        if task is not None:
            task.cancel()

    def is_running(self, name: str) -> bool:
        """Whether the last work of that name still runs."""
        task = self._latest.get(name)
        return task is not None and not task.done()

    async def close(self) -> None:
        """Cancel everything and wait until it is gone."""
        self._closed = True
        while self._tasks:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._tasks.difference_update(tasks)

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.error("%s failed", task.get_name(), exc_info=error)
            self._on_trouble(Trouble(f"{task.get_name()} failed: {_sentence(error)}", repr(error)))


def _sentence(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__
