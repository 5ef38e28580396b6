"""A site folder out of an archive: checked whole before anything of it stands in the folder."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile

import zstandard

from console.store.care.archive_format import BLOCK, ENDING, ArchiveError, Manifest, Member, read_manifest
from console.store.care.folder import (
    CONSOLE_FILE,
    HISTORY_FOLDER,
    is_database_name,
    sync_file,
    sync_folder,
)
from console.store.care.progress import Progress
from console.store.engine import StoreError, full_disk_as_store_full
from console.store.migrations import SCHEMA

WORKSHOP = ".restoring"
"""Folder within the new site folder in which its files are made and checked."""


class FolderNotEmpty(StoreError):
    """A restore never writes into a folder that holds anything."""


def restore(file: Path, folder: Path, progress: Progress) -> Manifest:
    """Make a site folder from an archive; returns what it holds.

    The files are made in a folder of their own within `folder`; only when every hash is right and SQLite finds every
    database in order do they take their places, console.sqlite last: without it a folder is no site folder.

    Raises:
        FolderNotEmpty: `folder` holds something.
        ArchiveError: The archive is damaged, or none of ours.
        StoreError: A newer program made the backup.
        StoreFull: No room.
        Cancelled: Called off; the folder is as it was.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FolderNotEmpty(f"{folder} is not empty: restore into a folder that is new or holds nothing.")
    made = not folder.exists()
    workshop = folder / WORKSHOP
    try:
        with _as_archive_error(file), ZipFile(file) as archive:
            manifest = _accepted(archive, file)
            folder.mkdir(parents=True, exist_ok=True)
            with full_disk_as_store_full(folder):
                _make(archive, manifest, workshop, progress)
        _take_places(workshop, folder)
    except BaseException:
        # The folder was empty: whatever of these is there was made here.
        shutil.rmtree(workshop, ignore_errors=True)
        shutil.rmtree(folder / HISTORY_FOLDER, ignore_errors=True)
        if made and folder.exists():
            folder.rmdir()
        raise
    return manifest


@contextmanager
def _as_archive_error(file: Path) -> Iterator[None]:
    try:
        yield
    except (BadZipFile, zstandard.ZstdError, EOFError) as error:
        raise ArchiveError(f"{file} is damaged, or no backup: {error}. Nothing was restored.") from error


def _accepted(archive: ZipFile, file: Path) -> Manifest:
    manifest = read_manifest(archive, file)
    if manifest.schema > SCHEMA:
        raise StoreError(
            f"{file} has schema version {manifest.schema}; this program knows versions up to {SCHEMA}. "
            "A newer TerraHash Console made the backup: install that version or newer."
        )
    names = [member.name for member in manifest.members]
    wrong = [name for name in names if not is_database_name(name)]
    there = set(archive.namelist())
    missing = [name for name in names if name + ENDING not in there]
    if wrong or missing or CONSOLE_FILE not in names or len(set(names)) != len(names):
        odd = ", ".join(wrong + missing) or CONSOLE_FILE
        raise ArchiveError(f"The manifest of {file} does not fit what the archive holds ({odd}). Nothing was restored.")
    return manifest


def _make(archive: ZipFile, manifest: Manifest, workshop: Path, progress: Progress) -> None:
    (workshop / HISTORY_FOLDER).mkdir(parents=True)
    for member in manifest.members:
        path = workshop / member.name
        with archive.open(member.name + ENDING) as source, path.open("xb") as target:
            digest = _unpack(source, target, member, progress)
            target.flush()
            os.fsync(target.fileno())
        if digest != member.hash or path.stat().st_size != member.size:
            raise ArchiveError(f"{member.name} in the backup is not what was backed up: its hash differs.")
        _check(path, member.name, progress)


def _unpack(source: IO[bytes], target: IO[bytes], member: Member, progress: Progress) -> str:
    """Write a member out, not beyond the size that the manifest names; returns its BLAKE2b-256."""
    digest = hashlib.blake2b(digest_size=32)
    done = 0
    with zstandard.ZstdDecompressor().stream_reader(source, closefd=False) as reader:
        while done <= member.size and (block := reader.read(BLOCK)):
            progress.step(f"restoring {member.name}", done, member.size)
            digest.update(block)
            target.write(block)
            done += len(block)
    return digest.hexdigest()


def _check(path: Path, name: str, progress: Progress) -> None:
    progress.step(f"checking {name}")
    try:
        # A copy that nobody writes needs no log: SQLite leaves nothing beside it.
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as connection:
            with progress.watching(connection):
                found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(1)")]
    except sqlite3.DatabaseError as error:
        found = [str(error)]
    if found != ["ok"]:
        raise ArchiveError(f"{name} in the backup is damaged: {found[0]}. Nothing was restored.")


def _take_places(workshop: Path, folder: Path) -> None:
    (workshop / HISTORY_FOLDER).replace(folder / HISTORY_FOLDER)
    sync_folder(folder / HISTORY_FOLDER)
    sync_folder(folder)
    console = folder / CONSOLE_FILE
    (workshop / CONSOLE_FILE).replace(console)
    workshop.rmdir()
    sync_file(console)
    sync_folder(folder)
