"""A copy of a site folder in one file, taken while the collector writes.

Each database is copied by SQLite's own backup from a reading connection that stays in one read transaction: it sees
one state of the file however much is written meanwhile, and so the copy never begins anew. The log of that one file
grows until its copy is done.
"""

import hashlib
import os
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import msgspec
import zstandard

import console
from console.store.care.archive_format import BLOCK, ENDING, FORMAT, MANIFEST, Manifest, Member
from console.store.care.folder import CONSOLE_FILE, database_files, logs_of, size_with_log, sync_folder
from console.store.care.progress import Progress
from console.store.engine import StoreError, connect_reader, full_disk_as_store_full, over
from console.store.records.origins import part_from_writer

PAGES = 1024
"""Pages copied between two looks at whether the work was called off: 8 MB."""

LEVEL = 1
"""zstd; tiles are compressed already."""


@dataclass(frozen=True, slots=True)
class BackupDone:
    """What a backup wrote: the archive, its size in bytes, and what it holds."""

    file: Path
    size: int
    manifest: Manifest


def back_up(folder: Path, file: Path, progress: Progress) -> BackupDone:
    """Write the archive `file` of a site folder; an older file of that name is replaced at the very end.

    Works beside a collector and in a folder that cannot be written. Beside `file` there must be room for the archive
    and for the largest database.

    Raises:
        StoreError: There is no site in the folder, or a file of it cannot be read.
        StoreFull: No room for the archive.
        Cancelled: Called off; nothing is left behind.
    """
    if not (folder / CONSOLE_FILE).exists():
        raise StoreError(f"{folder} is no site folder: it has no {CONSOLE_FILE}.")
    part, copy = file.with_name(file.name + ".part"), file.with_name(file.name + ".copy")
    try:
        with full_disk_as_store_full(file.absolute().parent):
            manifest = _write(folder, part, copy, progress)
            part.replace(file)
            sync_folder(file.absolute().parent)
    finally:
        for leftover in (part, copy, *logs_of(copy)):
            leftover.unlink(missing_ok=True)
    return BackupDone(file, file.stat().st_size, manifest)


def _write(folder: Path, part: Path, copy: Path, progress: Progress) -> Manifest:
    taken_at = time.time()
    members: list[Member] = []
    schema, site_id, site_name, origin = 0, "", "", ""
    paths = database_files(folder)
    total, done = sum(map(size_with_log, paths)), 0
    with part.open("wb") as raw:
        with ZipFile(raw, "w", ZIP_STORED, allowZip64=True) as archive:
            for path in paths:
                name = path.relative_to(folder).as_posix()
                progress.step(f"copying {name}", done, total)
                copy_database(path, copy, progress)
                if path.name == CONSOLE_FILE:
                    schema, site_id, site_name, origin = _parted(copy)
                members.append(_pack(archive, copy, name, progress))
                done = min(total, done + members[-1].size)
                copy.unlink()
            manifest = Manifest(
                FORMAT, schema, site_id, site_name, origin, taken_at, console.__version__, tuple(members)
            )
            archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
        raw.flush()
        os.fsync(raw.fileno())
    progress.step("done", total, total)
    return manifest


def copy_database(path: Path, copy: Path, progress: Progress) -> None:
    """Copy one database file, whoever writes it, as it is at this instant.

    Raises:
        StoreError: It cannot be read.
        Cancelled: Called off; the caller removes what there is of the copy.
    """
    copy.unlink(missing_ok=True)
    try:
        with closing(connect_reader(path)) as source, closing(sqlite3.connect(copy, isolation_level=None)) as target:
            target.execute("PRAGMA synchronous=OFF")
            source.execute("BEGIN")
            # Reading something takes the snapshot that the copy then is of.
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            source.backup(
                target,
                pages=PAGES,
                progress=lambda _status, left, pages: progress.step(f"copying {path.name}", pages - left, pages),
            )
            source.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY}:
            raise
        raise StoreError(f"{path} cannot be copied: {error}. `terrahash verify` says more.") from error


def _parted(copy: Path) -> tuple[int, str, str, str]:
    """Schema version, site id, site name and origin of a copied console file.

    Whoever restores it writes on as another origin: the folder it was taken of may live on.
    """
    with closing(sqlite3.connect(copy, isolation_level=None)) as plain:
        with over(plain).begin() as connection:
            part_from_writer(connection)
        meta = dict(plain.execute("SELECT key, value FROM meta"))
        site = plain.execute("SELECT id, name FROM site").fetchone() or ("", "")
    return int(meta.get("schema", 0)), site[0], site[1], meta.get("origin", "")


def _pack(archive: ZipFile, copy: Path, name: str, progress: Progress) -> Member:
    digest = hashlib.blake2b(digest_size=32)
    size, done = copy.stat().st_size, 0
    packer = zstandard.ZstdCompressor(level=LEVEL)
    with copy.open("rb") as source, archive.open(name + ENDING, "w", force_zip64=True) as member:
        with packer.stream_writer(member, closefd=False) as target:
            while block := source.read(BLOCK):
                progress.step(f"packing {name}", done, size)
                digest.update(block)
                target.write(block)
                done += len(block)
    return Member(name, done, digest.hexdigest())
