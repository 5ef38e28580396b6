"""Where a collector listens for its consoles.

On Linux and macOS: a Unix socket of mode 0600 in the user's runtime directory, its name a hash of the resolved
folder path. On Windows, where asyncio has no Unix sockets: a TCP port on 127.0.0.1 that the system chooses; port
and secret stand in a file beside, which the user profile's access rights guard, and every hello repeats the secret.
"""

import asyncio
import hashlib
import os
import secrets
import socket
import stat
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
from platformdirs import user_runtime_path

LONGEST_SOCKET_PATH = 100
"""Bytes. The kernel takes 108 on Linux and 104 on macOS, with the closing zero."""

TOKEN_FILE_MODE = 0o600


class NoCollector(ConnectionError):
    """Nobody listens for this folder."""


class Door(msgspec.Struct, frozen=True):
    """What the token file says: where to knock, and the secret."""

    port: int
    token: str


class Endpoint(Protocol):
    """One way of meeting."""

    @property
    def token(self) -> str:
        """The secret that a hello must carry; empty where the operating system guards the endpoint."""

    async def listen(self, factory: Callable[[], asyncio.Protocol]) -> asyncio.Server:
        """Start listening. Whoever calls holds the folder's lock, so what an earlier collector left is stale."""

    async def connect(self, factory: Callable[[], "ProtocolT"]) -> tuple[asyncio.Transport, "ProtocolT"]:
        """Reach the collector; raises `NoCollector`."""

    def remove(self) -> None:
        """Take the endpoint out of the file system."""


ProtocolT = TypeVar("ProtocolT", bound=asyncio.Protocol)


def runtime_folder() -> Path:
    """The user's own runtime directory, made with mode 0700 where it does not exist.

    Raises:
        PermissionError: It belongs to somebody else.
    """
    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR the fallback is what we want: the same for a service, ssh and the desktop.
        warnings.simplefilter("ignore")
        folder = user_runtime_path("terrahash", appauthor=False)
    if os.name != "nt" and len(os.fsencode(folder)) > LONGEST_SOCKET_PATH - 32:
        folder = Path(tempfile.gettempdir()) / f"terrahash-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name != "nt":
        facts = folder.lstat()
        if stat.S_ISLNK(facts.st_mode) or facts.st_uid != os.getuid():
            raise PermissionError(f"{folder} belongs to another user; remove it or set XDG_RUNTIME_DIR")
        folder.chmod(0o700)
    return folder


def socket_path(folder: Path) -> Path:
    """The socket of the collector of this site folder; two spellings of one folder give one socket."""
    digest = hashlib.blake2b(os.fsencode(folder.resolve()), digest_size=10).hexdigest()
    return runtime_folder() / f"{digest}.sock"


def endpoint(folder: Path) -> Endpoint:
    """The endpoint of this folder on this operating system."""
    path = socket_path(folder)
    return LoopbackEndpoint(path.with_suffix(".port")) if os.name == "nt" else UnixEndpoint(path)


class UnixEndpoint:
    """A Unix socket that only its owner may open."""

    token = ""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def listen(self, factory: Callable[[], asyncio.Protocol]) -> asyncio.Server:
        """Bind with mode 0600 from the first moment: the directory keeps others out until it is set."""
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(os.fspath(self._path))
            self._path.chmod(0o600)
            listener.setblocking(False)
            return await asyncio.get_running_loop().create_unix_server(factory, sock=listener)
        except BaseException:
            listener.close()
            raise

    async def connect(self, factory: Callable[[], ProtocolT]) -> tuple[asyncio.Transport, ProtocolT]:
        """Reach the collector; raises `NoCollector`."""
        try:
            return await asyncio.get_running_loop().create_unix_connection(factory, os.fspath(self._path))
        except OSError as error:
            raise NoCollector("no collector is running for this folder") from error

    def remove(self) -> None:
        """Delete the socket file."""
        self._path.unlink(missing_ok=True)


class LoopbackEndpoint:
    """A TCP port on 127.0.0.1 behind a secret."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._token = ""

    @property
    def token(self) -> str:
        """The secret, known once listening or connected."""
        return self._token

    async def listen(self, factory: Callable[[], asyncio.Protocol]) -> asyncio.Server:
        """Take a free port, then publish it with a new secret."""
        server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0)
        self._token = secrets.token_hex(32)
        port = server.sockets[0].getsockname()[1]
        self._path.unlink(missing_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, TOKEN_FILE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(Door(port, self._token)))
        return server

    async def connect(self, factory: Callable[[], ProtocolT]) -> tuple[asyncio.Transport, ProtocolT]:
        """Read the token file and knock; raises `NoCollector`."""
        try:
            door = msgspec.json.decode(self._path.read_bytes(), type=Door)
            self._token = door.token
            return await asyncio.get_running_loop().create_connection(factory, "127.0.0.1", door.port)
        except (OSError, msgspec.MsgspecError) as error:
            raise NoCollector("no collector is running for this folder") from error

    def remove(self) -> None:
        """Delete the token file."""
        self._path.unlink(missing_ok=True)
