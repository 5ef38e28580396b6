"""Where work that takes long is done: not on the event loop."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class InThread(Protocol):
    """Runs a function in a worker thread."""

    def __call__(self, work: Callable[..., T], /, *arguments: object) -> Awaitable[T]:
        """The function's result."""
