"""Opens copies of a folder of the first version and dies at one statement of SQLite after the other.

Each copy is opened by a process of its own, forked off this one, which ends itself with SIGKILL when it is about to run
the statement that it was told. Arguments: the folder, where the copies go, and the numbers of the statements; prints
how many statements it takes to the end.
"""

import asyncio
import os
import shutil
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

from console.store.site_store import SiteStore


class Fuse:
    """Counts the statements of all connections; at the last one the process is gone."""

    def __init__(self, statements: int) -> None:
        self.count = 0
        self._statements = statements

    def burn(self, _statement: str) -> None:
        """One statement begins."""
        if self.count == self._statements:
            os.kill(os.getpid(), signal.SIGKILL)
        self.count += 1

    def install(self) -> None:
        """Watch every connection that is opened from now on."""
        connect = sqlite3.connect

        def watched(*arguments: Any, **named: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*arguments, **named)
            connection.set_trace_callback(self.burn)
            return connection

        vars(sqlite3)["connect"] = watched


async def open_and_close(folder: Path) -> None:
    """What a collector does first."""
    store = await SiteStore.open(folder)
    await store.close()


def run_child(folder: Path, statements: int) -> int:
    """Open a folder in a forked process; returns how the process ended, as `os.waitpid` tells."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    fuse = Fuse(statements)
    fuse.install()
    asyncio.run(open_and_close(folder))
    sys.stdout.write(f"{fuse.count}\n")
    sys.stdout.flush()
    os._exit(0)


def main(source: Path, copies: Path, statements: list[int]) -> None:
    """Make one copy for each number and open it; a number beyond the last lets it come to the end."""
    for number in statements:
        folder = copies / str(number)
        shutil.copytree(source, folder)
        run_child(folder, number)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [int(number) for number in sys.argv[3:]])
