"""The process and its surroundings: the event loop, open files, disk."""

import asyncio
import shutil
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

if sys.platform != "win32":
    import resource

    import uvloop

T = TypeVar("T")

SWITCH_SECONDS = 0.0005

FILES_WANTED = 4096
"""Questions in flight, consoles, history files and room to spare."""


def new_loop() -> asyncio.AbstractEventLoop:
    """The quickest loop there is: uvloop, except on Windows."""
    if sys.platform == "win32":
        # Its proactor loop and UDP do not agree (WinError 10022), and SNMP is UDP.
        return asyncio.SelectorEventLoop()
    return uvloop.new_event_loop()


def put_the_loop_first() -> None:
    """Let a thread that computes give way to the event loop after 0.5 ms instead of 5.

    The loop gives Python away at every system call, so with one busy thread each of some thousand calls a second
    would wait for up to 5 ms.
    """
    sys.setswitchinterval(SWITCH_SECONDS)


def run(work: Coroutine[Any, Any, T], *, loop_factory: Callable[[], asyncio.AbstractEventLoop] = new_loop) -> T:
    """Run a coroutine to its end on a new loop."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(work)


def open_files() -> tuple[int, int]:
    """How many files this process may open, and how many it could be allowed; large on Windows, which sets no limit."""
    if sys.platform == "win32":
        return FILES_WANTED, FILES_WANTED
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = 1 << 20
    return (
        unlimited if soft == resource.RLIM_INFINITY else soft,
        unlimited if hard == resource.RLIM_INFINITY else hard,
    )


def allow_open_files() -> int:
    """Raise the limit of open files to what we want, as far as we may; returns the limit now."""
    soft, hard = open_files()
    wanted = max(soft, min(hard, FILES_WANTED))
    if sys.platform != "win32" and wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    return wanted


def free_bytes(folder: Path) -> int:
    """Free space where the folder is, or would be."""
    existing = folder.resolve()
    while not existing.exists():
        existing = existing.parent
    return shutil.disk_usage(existing).free
