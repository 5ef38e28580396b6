"""Child processes of this console that must not outlive it: the virtual site and its collector."""

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from console.support import tied

log = logging.getLogger(__name__)

STOP_SECONDS = 6.0
KILL_SECONDS = 2.0
POLL_SECONDS = 0.05


class ChildFailed(RuntimeError):
    """A child process ended although it should run; the text holds the end of what it wrote."""


def _new_group() -> int:
    """Flags that keep a console's Ctrl+C from the child where process groups are a matter of flags."""
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP
    return 0


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", tied.__name__, str(os.getpid()), *arguments]


def _piped(arguments: Sequence[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        _command(arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        creationflags=_new_group(),
    )


async def run_command(arguments: Sequence[str], on_line: Callable[[str], None]) -> str:
    """Run a command of this program to its end and return its stdout; cancelling ends the command.

    Args:
        arguments: Of the command line.
        on_line: Told every line of its stderr as it comes.

    Raises:
        ChildFailed: It ended with an error; the text is the end of its stderr.
    """
    process = _piped(arguments)
    loop = asyncio.get_running_loop()
    said: list[str] = []

    def line(text: str) -> None:
        said.append(text)
        on_line(text)

    def read() -> str:
        assert process.stdout is not None
        assert process.stderr is not None
        with process.stdout as out, process.stderr as err:
            for text in err:
                loop.call_soon_threadsafe(line, text.rstrip())
            return out.read()

    reading = asyncio.ensure_future(asyncio.to_thread(read))
    try:
        output = await asyncio.shield(reading)
    except asyncio.CancelledError:
        process.terminate()
        # The pipes close with the process; its reader must not outlive this call.
        await reading
        raise
    finally:
        code = await asyncio.to_thread(process.wait, STOP_SECONDS)
    if code:
        raise ChildFailed("; ".join(said[-3:]) or f"the command ended with code {code}")
    return output


class Child:
    """`python -m console ARGUMENTS` as a process that ends with this one, however this one ends.

    Args:
        name: What it is, for messages: "the virtual site".
        arguments: Of the command line.
        output: Where its stdout and stderr go.
    """

    def __init__(self, name: str, arguments: Sequence[str], output: Path) -> None:
        self.name = name
        self._output = output
        with output.open("wb") as written:
            # A group of its own: Ctrl+C in the terminal reaches this process, which then stops its children in order.
            self._process = subprocess.Popen(
                _command(arguments),
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                start_new_session=sys.platform != "win32",
                creationflags=_new_group(),
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def check(self) -> None:
        """Raise `ChildFailed` when it has ended."""
        code = self._process.poll()
        if code is not None:
            raise ChildFailed(f"{self.name} ended with code {code}: {self.last_words()}")

    @property
    def is_running(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """The end of what it wrote, on one line."""
        text = self._output.read_text(encoding="utf-8", errors="replace") if self._output.exists() else ""
        return " / ".join(text.splitlines()[-4:]) or "it wrote nothing"

    async def stop(self) -> None:
        """Ask it to end; after `STOP_SECONDS` it is killed. Returns when it is gone."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            if not await self._gone(STOP_SECONDS):
                log.warning("%s did not end within %.0f s and is killed", self.name, STOP_SECONDS)
                self._process.kill()
                await self._gone(KILL_SECONDS)
        self._process.wait(KILL_SECONDS)

    async def _gone(self, seconds: float) -> bool:
        deadline = asyncio.get_running_loop().time() + seconds
        while self._process.poll() is None:
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True
