"""The archive that a backup writes and a restore reads: a zip of compressed databases with a manifest."""

from pathlib import Path
from zipfile import BadZipFile, ZipFile

import msgspec

FORMAT = 1
MANIFEST = "manifest.json"
ENDING = ".zst"
"""Members are zstd frames: the name of the database with this behind it."""

BLOCK = 1 << 20


class Member(msgspec.Struct, frozen=True):
    """One database file.

    Attributes:
        name: Relative to the site folder, with slashes.
        size: Bytes of the file.
        hash: BLAKE2b-256 of the file, in hexadecimal digits.
    """

    name: str
    size: int
    hash: str


class Manifest(msgspec.Struct, frozen=True):
    """What an archive holds.

    Attributes:
        format: Of the archive.
        schema: Version of the databases.
        site_id, site_name: Whose; empty when no site was ever imported.
        origin: The installation that the folder belonged to.
        taken_at: UTC seconds when the backup began.
        program: Version of the program that wrote it.
        members: The files.
    """

    format: int
    schema: int
    site_id: str
    site_name: str
    origin: str
    taken_at: float
    program: str
    members: tuple[Member, ...]


class ArchiveError(Exception):
    """The archive is damaged or none of ours; the text is one sentence."""


def read_manifest(archive: ZipFile, file: Path) -> Manifest:
    """The manifest of an open archive. Raises `ArchiveError`."""
    try:
        manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
    except KeyError as error:
        raise ArchiveError(f"{file} is no backup of a site: it holds no {MANIFEST}.") from error
    except (msgspec.DecodeError, BadZipFile, OSError) as error:
        raise ArchiveError(f"The manifest of {file} cannot be read: {error}.") from error
    if manifest.format > FORMAT:
        raise ArchiveError(f"{file} has format {manifest.format}, written by a newer TerraHash Console: install that.")
    return manifest
