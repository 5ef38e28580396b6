"""Secrets live in the operating system's keyring; files and arguments only name them."""

import keyring
from keyring.errors import KeyringError

SERVICE = "terrahash"


class SecretMissing(LookupError):
    """The keyring has no such entry, or cannot be opened; the text says what to do."""


def read_secret(name: str) -> str:
    """The secret of that name. Blocks: the keyring may ask its user. Whoever asks keeps it out of the log.

    Raises:
        SecretMissing: No entry, or no keyring.
    """
    try:
        secret = keyring.get_password(SERVICE, name)
    except KeyringError as error:
        raise SecretMissing(f"the keyring cannot be read ({error}); run `terrahash doctor`") from error
    if secret is None:
        raise SecretMissing(f"the keyring has no entry {name!r}; add it with `keyring set {SERVICE} {name}`")
    return secret
