"""How an SNMP agent lets itself be read: version and credentials."""

from dataclasses import dataclass, field
from typing import Final, Self

AUTH_PROTOCOLS: Final = ("MD5", "SHA", "SHA256", "SHA512")
PRIV_PROTOCOLS: Final = ("DES", "AES", "AES192", "AES256")


@dataclass(frozen=True, slots=True)
class SnmpTarget:
    """How an agent lets itself be read.

    Attributes:
        version: "1", "2c" or "3".
        community: For versions 1 and 2c.
        user: For version 3.
        auth_key: Passphrase of the authentication, at least 8 characters.
        priv_key: Passphrase of the encryption, at least 8 characters.
        auth_protocol: "MD5", "SHA", "SHA256" or "SHA512".
        priv_protocol: "DES", "AES", "AES192" or "AES256".
    """

    version: str = "2c"
    community: str = field(default="public", repr=False)
    user: str = ""
    auth_key: str = field(default="", repr=False)
    priv_key: str = field(default="", repr=False)
    auth_protocol: str = "SHA"
    priv_protocol: str = "AES"

    def __post_init__(self) -> None:
        if self.version not in {"1", "2c", "3"}:
            raise ValueError(f"SNMP has no version {self.version!r}; use 1, 2c or 3")
        if self.version == "3":
            if self.auth_protocol not in AUTH_PROTOCOLS or self.priv_protocol not in PRIV_PROTOCOLS:
                raise ValueError(f"SNMP v3 protocols are {', '.join(AUTH_PROTOCOLS)} and {', '.join(PRIV_PROTOCOLS)}")
            if not self.user or min(len(self.auth_key), len(self.priv_key)) < 8:
                raise ValueError("SNMP v3 needs a user and two passphrases of at least 8 characters")
        elif not self.community:
            raise ValueError("SNMP v1 and v2c need a community")

    @classmethod
    def from_secret(cls, version: str, secret: str) -> Self:
        """Read what a keyring entry holds.

        Args:
            version: "1", "2c" or "3".
            secret: The community; for version 3 `user:passphrase`, or `user:authentication:encryption`.

        Raises:
            ValueError: The secret does not suit the version.
        """
        if version != "3":
            return cls(version=version, community=secret)
        user, _, keys = secret.partition(":")
        auth_key, _, priv_key = keys.partition(":")
        return cls(version="3", user=user, auth_key=auth_key, priv_key=priv_key or auth_key)
