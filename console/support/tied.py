"""Runs commands of this program in a process that ends when its parent does, even when the parent is killed.

`python -m console.support.tied PARENT ARGUMENTS... [--then ARGUMENTS...]`: the commands run one after another in one
process, which loads the program once; the first that fails ends it. Linux sends the signal of the parent's end
itself; elsewhere a thread watches.
"""

import ctypes
import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence

THEN = "--then"
PR_SET_PDEATHSIG = 1
WATCH_SECONDS = 0.5


def tie_to(parent: int) -> None:
    """From now on this process gets SIGTERM when its parent ends. Raises SystemExit when it already has."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    elif sys.platform != "win32":
        threading.Thread(target=_watch, args=(parent,), name="parent watch", daemon=True).start()
    if sys.platform != "win32" and os.getppid() != parent:
        raise SystemExit(f"the parent process {parent} is gone")


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def commands(arguments: Sequence[str]) -> Iterator[list[str]]:
    """The arguments of each command, divided at every `--then`."""
    command: list[str] = []
    for argument in arguments:
        if argument == THEN:
            yield command
            command = []
        else:
            command.append(argument)
    yield command


def main() -> None:
    """Tie, then become the commands."""
    tie_to(int(sys.argv[1]))
    for command in list(commands(sys.argv[2:])):
        sys.argv = ["terrahash", *command]
        try:
            runpy.run_module("console", run_name="__main__", alter_sys=True)
        except SystemExit as end:
            if end.code:
                raise


if __name__ == "__main__":
    main()
