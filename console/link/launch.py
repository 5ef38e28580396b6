"""Start the collector of a folder as a process of its own, which outlives the console that started it."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from console.link.endpoint import NoCollector, endpoint
from console.support.log import last_lines

START_SECONDS = 20.0
"""Longest wait for the socket: a cold start with 20,000 devices on a slow disk."""

ANOTHER_SECONDS = 3.0
"""How long to wait for an answer after the new process has ended: another start may have come first with the lock, and
be about to listen."""

LOG_FILE = "collector.log"
CRASH_FILE = "collector.err"
"""What the process wrote to stderr beside its log: a traceback when it could not even start."""

_started: list[subprocess.Popen[bytes]] = []
"""Children of this process; those that have ended are reaped at the next start."""


class StartFailed(RuntimeError):
    """The collector did not come up; the text holds the last lines of its log."""


async def is_running(folder: Path) -> bool:
    """Whether a collector answers for this folder."""
    try:
        transport, _ = await endpoint(folder).connect(asyncio.Protocol)
    except NoCollector:
        return False
    transport.abort()
    return True


async def start_collector(folder: Path, *, wait: float = START_SECONDS) -> int:
    """See to it that a collector listens; returns the id of the process that was started, 0 where none had to be.

    Nothing is started beside a running collector: the newcomer would wait in the wings of its own slow start, and
    take over for ever when the other one is stopped in that very moment. Where two are started at the same time, one
    finds the folder locked and ends; that is no failure as long as somebody answers.

    Raises:
        StartFailed: The process ended, or did not listen in time.
    """
    if await is_running(folder):
        return 0
    _started[:] = [child for child in _started if child.poll() is None]
    before = time.time()
    child = await asyncio.to_thread(_spawn, folder)
    _started.append(child)
    deadline, ended = time.monotonic() + wait, False
    while time.monotonic() < deadline:
        if await is_running(folder):
            return child.pid
        if not ended and child.poll() is not None:
            ended, deadline = True, min(deadline, time.monotonic() + ANOTHER_SECONDS)
        await asyncio.sleep(0.05)
    if ended:
        raise StartFailed(f"the collector ended with code {child.returncode}\n{_report(folder, before)}")
    raise StartFailed(f"the collector did not answer within {wait:.0f} s\n{_report(folder, before)}")


def _spawn(folder: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "console", "collect", str(folder), "--detached"]
    detached = 0
    if sys.platform == "win32":
        detached = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    with (folder / CRASH_FILE).open("wb") as crash:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=crash,
            stderr=crash,
            start_new_session=True,
            creationflags=detached,
        )


def _report(folder: Path, since: float) -> str:
    """The traceback if there is one, else the end of the log of this start."""
    crash = last_lines(folder / CRASH_FILE)
    if crash:
        return crash
    log = folder / LOG_FILE
    return last_lines(log) if log.exists() and log.stat().st_mtime >= since - 1 else "it left no log"
