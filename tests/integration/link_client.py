"""A console without a screen, as a process of its own: `python -m tests.integration.link_client FOLDER`.

Writes one JSON object per line for each snapshot and each event that arrives. Tests stop and kill it.
"""

import asyncio
import json
import sys
from pathlib import Path

from console.link.client import Link, LinkState
from console.link.messages import AlarmsChanged, DevicesChanged, FromCollector, IncidentsChanged, Snapshot, Welcome


def _take(message: FromCollector) -> None:
    match message:
        case Welcome(sequence=sequence):
            line: dict[str, int] = {"welcome": sequence}
        case Snapshot(tick=tick):
            line = {"tick": tick}
        case AlarmsChanged(sequence=sequence) | IncidentsChanged(sequence=sequence) | DevicesChanged(sequence=sequence):
            line = {"event": sequence}
        case _:
            return
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _ignore(state: LinkState) -> None:
    """Only messages count."""


if __name__ == "__main__":
    asyncio.run(Link(Path(sys.argv[1]), "link client").run(_take, _ignore))
