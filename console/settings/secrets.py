"""Secrets live in the operating system's keyring or in the user's vault; files and arguments only name them."""

from enum import StrEnum

import keyring
from keyring.errors import KeyringError, PasswordDeleteError

from console.settings.vault import Vault, VaultError

SERVICE = "terrahash"


class SecretMissing(LookupError):
    """No entry of that name, or it cannot be opened; the text says what to do."""


class Place(StrEnum):
    """Where a secret is kept."""

    KEYRING = "keyring"
    """The operating system's; opened by whoever is logged in."""
    VAULT = "vault"
    """Our own, for collectors that run unattended; see `Vault`."""


def read_secret(name: str) -> str:
    """The secret of that name: of the vault if it holds one, else of the keyring.

    Blocks: the keyring may ask its user. Whoever asks keeps it out of the log.

    Raises:
        SecretMissing: No entry, or neither place can be opened.
    """
    try:
        found = Vault().read(name)
    except VaultError as error:
        raise SecretMissing(str(error)) from error
    if found is not None:
        return found
    try:
        secret = keyring.get_password(SERVICE, name)
    except KeyringError as error:
        raise SecretMissing(
            f"the keyring cannot be read ({error}), and the vault has no {name!r}; "
            f"add it with `terrahash secret set {name} --vault`"
        ) from error
    if secret is None:
        raise SecretMissing(f"there is no secret {name!r}; add it with `terrahash secret set {name}`")
    return secret


def write_secret(name: str, secret: str, place: Place) -> None:
    """Keep a secret. Blocks. Raises `SecretMissing` when the place cannot be opened."""
    try:
        if place is Place.VAULT:
            Vault().write(name, secret)
        else:
            keyring.set_password(SERVICE, name, secret)
    except VaultError as error:
        raise SecretMissing(str(error)) from error
    except KeyringError as error:
        raise SecretMissing(
            f"the keyring cannot be written ({error}); use --vault, or run `terrahash doctor`"
        ) from error


def remove_secret(name: str) -> list[Place]:
    """Forget a secret wherever it is; returns where it was. Blocks. Raises `SecretMissing` for a damaged vault."""
    removed: list[Place] = []
    try:
        if Vault().remove(name):
            removed.append(Place.VAULT)
    except VaultError as error:
        raise SecretMissing(str(error)) from error
    try:
        keyring.delete_password(SERVICE, name)
    except (PasswordDeleteError, KeyringError):
        # No entry there, or no keyring at all: it holds nothing that could be removed.
        return removed
    return [*removed, Place.KEYRING]


def where_is(name: str) -> Place | None:
    """Where a secret would be read from; None when nobody has set it. Blocks. Raises `SecretMissing`."""
    try:
        if name in Vault().names():
            return Place.VAULT
    except VaultError as error:
        raise SecretMissing(str(error)) from error
    try:
        return Place.KEYRING if keyring.get_password(SERVICE, name) is not None else None
    except KeyringError:
        # Without a keyring nothing is in it.
        return None
