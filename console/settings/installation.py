"""Who this installation is: an id, a name that people recognise, and the key that it signs with.

One file in the user's data folder (or in the folder that the environment variable TERRAHASH_HOME names), made the
first time somebody asks and never written again. Whoever reads it can sign in this installation's name.
"""

import getpass
import hashlib
import os
import socket
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from platformdirs import user_data_path
from uuid_utils.compat import uuid7

FILE = "installation.json"
HOME_VARIABLE = "TERRAHASH_HOME"
FORMAT = 1

_NAME_LENGTH = 120
_KEY_BYTES = 32


class InstallationError(Exception):
    """The installation's own file cannot be used; the text names it, the reason and the remedy."""


@dataclass(frozen=True, slots=True)
class Installation:
    """One installation of the console.

    Attributes:
        id: UUIDv7, minted once.
        name: `user@host` as it was when the installation was made.
        public_key: Ed25519, 32 bytes.
    """

    id: UUID
    name: str
    public_key: bytes
    _key: Ed25519PrivateKey = field(repr=False, compare=False)

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature (64 bytes) of a message."""
        return self._key.sign(message)

    @property
    def fingerprint(self) -> str:
        """What people compare by eye or over the telephone."""
        return fingerprint(self.public_key)


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    id: UUID
    name: str
    private_key: str


def fingerprint(public_key: bytes) -> str:
    """The first half of a key's SHA-256 in groups of four hexadecimal digits."""
    digits = hashlib.sha256(public_key).hexdigest()[:32]
    return ":".join(digits[at : at + 4] for at in range(0, 32, 4))


def installation_path() -> Path:
    """The file of this user's installation."""
    home = os.environ.get(HOME_VARIABLE)
    folder = Path(home) if home else user_data_path("terrahash", appauthor=False)
    return folder / FILE


def installation() -> Installation:
    """This installation; made now when there was none. Processes that ask at once get the same one.

    Raises:
        InstallationError: The file is damaged (it is never overwritten), or cannot be read or made.
    """
    path = installation_path()
    try:
        if not path.exists():
            _make(path)
        return _read(path, path.read_bytes())
    except OSError as error:
        raise InstallationError(
            f"{path} cannot be read or made ({error.strerror or error}): allow it, or set {HOME_VARIABLE} to a folder "
            "that can be written."
        ) from error


def _make(path: Path) -> None:
    """Write a complete file beside and give it the name only if nobody has it yet."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = Ed25519PrivateKey.generate()
    stored = _Stored(FORMAT, uuid7(), _name(), key.private_bytes_raw().hex())
    # A file of `mkstemp` is readable by its owner alone.
    descriptor, beside = tempfile.mkstemp(prefix=f"{FILE}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(stored)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        _claim(Path(beside), path)
    finally:
        Path(beside).unlink(missing_ok=True)


def _claim(made: Path, path: Path) -> None:
    try:
        if sys.platform == "win32":
            made.rename(path)
        else:
            path.hardlink_to(made)
    except FileExistsError:
        # Another process was first: its installation is ours as well.
        return


def _read(path: Path, content: bytes) -> Installation:
    try:
        stored = msgspec.json.decode(content, type=_Stored)
        key = _key_of(stored)
    except (msgspec.DecodeError, ValueError) as error:
        raise InstallationError(
            f"{path} is damaged ({error}). It holds this installation's identity and key and was left as it is: put "
            "back a copy of it, or move it away to become a new installation."
        ) from error
    return Installation(stored.id, stored.name, key.public_key().public_bytes_raw(), key)


def _key_of(stored: _Stored) -> Ed25519PrivateKey:
    if stored.format != FORMAT:
        raise ValueError(f"format {stored.format}, where this program knows {FORMAT}")
    try:
        raw = bytes.fromhex(stored.private_key)
    except ValueError as error:
        raise ValueError("the key is no hexadecimal number") from error
    if len(raw) != _KEY_BYTES:
        raise ValueError(f"the key has {len(raw)} bytes instead of {_KEY_BYTES}")
    return Ed25519PrivateKey.from_private_bytes(raw)


def _name() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):
        # A process without a name in the user database: a container with a bare user id.
        user = "user"
    return f"{user}@{socket.gethostname() or 'host'}"[:_NAME_LENGTH]
