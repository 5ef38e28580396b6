"""Repair: every damaged file by itself; what is readable is saved, what can be worked out again is, the rest is named.

The caller holds the folder's lock. Files in order are not touched. A damaged file is kept beside the fresh one.
"""

import asyncio
import sqlite3
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from console.store.care.check_figures import Registries
from console.store.care.findings import all_well
from console.store.care.folder import CONSOLE_FILE, history_files
from console.store.care.losses import loss_texts
from console.store.care.months import is_month
from console.store.care.progress import Progress
from console.store.care.remaking import days_with_minutes, remake
from console.store.care.repair_console import save_console
from console.store.care.repair_history import Saved, save_history
from console.store.care.verify import check_console, check_history
from console.store.engine import connect_reader, connect_writer, over
from console.store.history.levels import HOUR
from console.store.history.month import month_of
from console.store.records.origins import part_from_writer


@dataclass(frozen=True, slots=True)
class Repair:
    """What was done to one file.

    Attributes:
        name: `console`, `yyyy-mm` or `yyyy`.
        aside: Name of the damaged file, kept in the same folder; empty when the file itself was put right.
        lost: What could neither be read nor worked out again, and what was worked out again, as sentences.
    """

    name: str
    aside: str
    lost: tuple[str, ...]


async def repair(folder: Path, *, full: bool, progress: Progress) -> list[Repair]:
    """Put right what `verify` finds wrong.

    Raises:
        StoreError: Nothing of console.sqlite can be read.
        StoreFull: No room for a fresh file.
        Cancelled: Called off; every file is as it was or repaired.
    """
    done: list[Repair] = []
    if not all_well(await asyncio.to_thread(check_console, folder, full=full, progress=progress)):
        aside, lost = await asyncio.to_thread(save_console, folder, progress)
        done.append(Repair("console", aside, tuple(lost)))
    names = await asyncio.to_thread(_device_names, folder)
    days: dict[str, set[int]] = defaultdict(set)
    for path in history_files(folder):
        findings = await asyncio.to_thread(check_history, path, full=full, progress=progress)
        wrong = [finding for finding in findings if not finding.ok]
        if not wrong:
            continue
        if all(finding.name.endswith("roll-ups") for finding in wrong):
            days[path.stem] |= await asyncio.to_thread(_all_days, folder, path)
            done.append(Repair(path.stem, "", ("nothing but roll-ups, which are worked out again",)))
            continue
        saved = await asyncio.to_thread(save_history, path, progress)
        done.append(Repair(path.stem, saved.aside, tuple(await asyncio.to_thread(_lost, path, saved, names))))
        days[path.stem] |= saved.days
        if not is_month(path.stem) or any(key.level == HOUR for key in saved.lost):
            # Its tiles span more than a day.
            days[path.stem] |= await asyncio.to_thread(_all_days, folder, path)
    await _remake(folder, days, progress)
    if any(one.aside for one in done):
        await asyncio.to_thread(_part, folder)
    return done


async def _remake(folder: Path, days: dict[str, set[int]], progress: Progress) -> None:
    by_month: dict[str, set[int]] = defaultdict(set)
    for name, some in days.items():
        for day in some:
            by_month[name if is_month(name) else month_of(day * 24)].add(day)
    for path in history_files(folder):
        if by_month.get(path.stem):
            await remake(folder, path.stem, by_month[path.stem], progress, time.time())


def _all_days(folder: Path, path: Path) -> set[int]:
    """Days with minutes of a month, or of all months of a year."""
    months = [one for one in history_files(folder) if is_month(one.stem) and one.stem.startswith(path.stem)]
    found: set[int] = set()
    for month in months:
        try:
            found |= days_with_minutes(month)
        except sqlite3.DatabaseError:
            continue  # it is damaged too, and gets a repair of its own
    return found


def _lost(path: Path, saved: Saved, names: dict[UUID, str]) -> list[str]:
    if not path.exists():
        return ["everything: the file does not even say what tables it has"]
    with closing(connect_reader(path)) as connection:
        try:
            registries = Registries(connection)
        except (sqlite3.DatabaseError, KeyError, ValueError):
            registries = None
    texts = loss_texts(saved.lost, registries, names)
    broken = [f"{count} in {table}" for table, count in saved.unreadable.items() if count and not _is_index(table)]
    return [*texts, *([f"rows or spans that could not be read: {', '.join(broken)}"] if broken else [])]


def _is_index(table: str) -> bool:
    return table.startswith("index ")


def _device_names(folder: Path) -> dict[UUID, str]:
    with closing(connect_reader(folder / CONSOLE_FILE)) as connection:
        return {UUID(identity): name for identity, name in connection.execute("SELECT id, name FROM device")}


def _part(folder: Path) -> None:
    """The folder goes on as another origin: numbers that were lost with the rows may be known to other stores."""
    with closing(connect_writer(folder / CONSOLE_FILE)) as plain, over(plain).begin() as connection:
        part_from_writer(connection)
