"""A vault for secrets where no keyring can be opened: a collector that starts with the machine, before anybody logs in.

Each secret is encrypted for itself (AES-256-GCM, bound to its name). The key is a file of its own that only its owner
may read: whoever can read it can read the secrets, so it protects against copies of the vault (backups, a synchronised
folder, a lost disk image without the key), not against that user or the administrator. The environment variable
TERRAHASH_VAULT_KEY names another key file, such as one that a service manager hands over.
"""

import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from console.settings.installation import installation_path

FILE: Final = "vault.json"
KEY_FILE: Final = "vault.key"
KEY_VARIABLE: Final = "TERRAHASH_VAULT_KEY"
FORMAT: Final = 1
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class VaultError(Exception):
    """The vault cannot be used; the text names the file, the reason and the remedy, never a secret."""


class _Sealed(msgspec.Struct, forbid_unknown_fields=True):
    nonce: bytes
    text: bytes


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    secrets: dict[str, _Sealed]


class Vault:
    """The vault of this user.

    Args:
        folder: Where its files are; by default the folder of this installation.
    """

    def __init__(self, folder: Path | None = None) -> None:
        home = installation_path().parent if folder is None else folder
        self.path = home / FILE
        named = os.environ.get(KEY_VARIABLE)
        self.key_path = Path(named) if named else home / KEY_FILE

    @property
    def exists(self) -> bool:
        """Whether anything was ever put into it."""
        return self.path.exists()

    def names(self) -> list[str]:
        """The names of its secrets. Raises `VaultError`."""
        return sorted(self._stored().secrets)

    def read(self, name: str) -> str | None:
        """A secret; None when there is none of that name.

        Raises:
            VaultError: The key is missing, wrong, or others may read it; or the vault is damaged.
        """
        sealed = self._stored().secrets.get(name)
        if sealed is None:
            return None
        try:
            return AESGCM(self._key()).decrypt(sealed.nonce, sealed.text, name.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise VaultError(
                f"{self.path}: the secret {name!r} does not open with {self.key_path}: put back the key that belongs "
                "to this vault, or set the secret again"
            ) from error

    def write(self, name: str, secret: str) -> None:
        """Keep a secret; the key is made with the first one. Raises `VaultError`."""
        stored = self._stored()
        if not stored.secrets and not self.key_path.exists():
            _write_own(self.key_path, os.urandom(_KEY_BYTES))
        nonce = os.urandom(_NONCE_BYTES)
        text = AESGCM(self._key()).encrypt(nonce, secret.encode(), name.encode())
        stored.secrets[name] = _Sealed(nonce, text)
        self._save(stored)

    def remove(self, name: str) -> bool:
        """Forget a secret; False when there was none of that name. Raises `VaultError`."""
        stored = self._stored()
        if stored.secrets.pop(name, None) is None:
            return False
        self._save(stored)
        return True

    def _save(self, stored: _Stored) -> None:
        _write_own(self.path, msgspec.json.format(msgspec.json.encode(stored)) + b"\n")

    def _stored(self) -> _Stored:
        if not self.path.exists():
            return _Stored(FORMAT, {})
        try:
            stored = msgspec.json.decode(self.path.read_bytes(), type=_Stored)
        except (OSError, msgspec.DecodeError) as error:
            raise VaultError(f"{self.path} cannot be read ({error}): put back a copy of it, or move it away") from error
        if stored.format != FORMAT:
            raise VaultError(f"{self.path} has format {stored.format}; this program knows {FORMAT}: use a newer one")
        return stored

    def _key(self) -> bytes:
        try:
            about = self.key_path.stat()
            key = self.key_path.read_bytes()
        except OSError as error:
            reason = error.strerror or str(error)
            raise VaultError(f"the vault's key {self.key_path} cannot be read: {reason}") from error
        if sys.platform != "win32" and about.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise VaultError(
                f"others may read the vault's key: chmod 600 {self.key_path}, and change the secrets in it"
            )
        if len(key) != _KEY_BYTES:
            raise VaultError(f"{self.key_path} has {len(key)} bytes and is no key of a vault, which has {_KEY_BYTES}")
        return key


def _write_own(path: Path, content: bytes) -> None:
    """Put a file in its place whole, readable by its owner alone. Raises `VaultError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A file of `mkstemp` is readable by its owner alone.
        descriptor, beside = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
        try:
            _fill(descriptor, content)
            Path(beside).replace(path)
        finally:
            Path(beside).unlink(missing_ok=True)
    except OSError as error:
        raise VaultError(f"{path} cannot be written: {error.strerror or error}") from error


def _fill(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
