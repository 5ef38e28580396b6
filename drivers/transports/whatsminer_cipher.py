"""How Whatsminers want a write to be signed and hidden.

Version 2 (WhatsMiner API 2.0.x): the password becomes a key by MD5-crypt with the miner's salt; the key, the miner's
time and its second salt become a sign by the same. The command travels as AES-256 in ECB mode under the SHA-256 of the
key.
Version 3 (WhatsMiner API 3.0.x): SHA-256 over command, password, salt and time is the AES key; the first eight letters
of its Base64 are the token. Neither keeps a secret from somebody who listens: anyone on that network can guess the
password offline. The scheme is the maker's.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

MAGIC: Final = b"$1$"
LONGEST_SALT: Final = 8
BLOCK: Final = 16
TOKEN_LETTERS: Final = 8

_ROUNDS: Final = 1000
_LETTERS: Final = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ORDER: Final = ((0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5))
"""Which bytes of the digest make up each group of four letters; byte 11 makes the last two."""


def md5_crypt(word: str, salt: str) -> str:
    """The 22 letters of MD5-crypt (Poul-Henning Kamp, FreeBSD `crypt`, 1994).

    Args:
        word: What is hidden.
        salt: Its first eight letters count.
    """
    plain, grain = word.encode(), salt.encode()[:LONGEST_SALT]
    inner = _md5(plain + grain + plain)
    seed = plain + MAGIC + grain
    seed += inner * (len(plain) // len(inner)) + inner[: len(plain) % len(inner)]
    left = len(plain)
    while left:
        seed += b"\0" if left & 1 else plain[:1]
        left >>= 1
    digest = _md5(seed)
    for turn in range(_ROUNDS):
        mixed = plain if turn & 1 else digest
        mixed += grain if turn % 3 else b""
        mixed += plain if turn % 7 else b""
        digest = _md5(mixed + (digest if turn & 1 else plain))
    return _written(digest)


def _md5(text: bytes) -> bytes:
    return hashlib.md5(text, usedforsecurity=False).digest()


def _written(digest: bytes) -> str:
    groups = [(digest[high] << 16 | digest[middle] << 8 | digest[low], 4) for high, middle, low in _ORDER]
    letters = ""
    for value, count in [*groups, (digest[11], 2)]:
        for _ in range(count):
            letters += _LETTERS[value & 63]
            value >>= 6
    return letters


@dataclass(frozen=True, slots=True)
class Seal:
    """What one version 2 write is signed and hidden with.

    Attributes:
        sign: The token that the miner expects.
        key: AES key, 32 bytes.
    """

    sign: str = field(repr=False)
    key: bytes = field(repr=False)

    @classmethod
    def made(cls, password: str, *, salt: str, new_salt: str, time: str) -> "Seal":
        """From the password and the answer to `get_token`."""
        key = md5_crypt(password, salt)
        return cls(md5_crypt(key + time, new_salt), hashlib.sha256(key.encode()).digest())

    def close(self, command: Mapping[str, object]) -> bytes:
        """The question that carries the command, as it is sent."""
        plain = orjson.dumps({**command, "token": self.sign})
        plain += b"\0" * (-len(plain) % BLOCK)
        return orjson.dumps({"enc": 1, "data": base64.b64encode(_encrypted(self.key, plain)).decode()})

    def open(self, hidden: str) -> bytes:
        """What the miner has hidden in `enc` (or a question in `data`), without padding.

        Raises:
            ValueError: It is no Base64, or no whole number of blocks.
        """
        return _decrypted(self.key, hidden)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What one version 3 write is signed and hidden with; it holds for that command at that second only.

    Attributes:
        token: Eight letters.
        key: AES key, 32 bytes, for the parameters that must be hidden.
    """

    token: str = field(repr=False)
    key: bytes = field(repr=False)

    @classmethod
    def made(cls, command: str, password: str, *, salt: str, time: int) -> "Ticket":
        """From the password, the salt of `get.device.info` and the Unix time that the command will carry."""
        key = hashlib.sha256(f"{command}{password}{salt}{time}".encode()).digest()
        return cls(base64.b64encode(key).decode()[:TOKEN_LETTERS], key)

    def close(self, parameter: object) -> str:
        """A parameter, hidden: padded as PKCS #7 says, as the maker's own worker does."""
        plain = orjson.dumps(parameter)
        missing = BLOCK - len(plain) % BLOCK
        return base64.b64encode(_encrypted(self.key, plain + bytes([missing]) * missing)).decode()

    def open(self, hidden: str) -> bytes:
        """The JSON of a hidden parameter. Raises ValueError as `Seal.open`."""
        return _decrypted(self.key, hidden)


def _encrypted(key: bytes, plain: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # the maker's choice, not ours
    return encryptor.update(plain) + encryptor.finalize()


def _decrypted(key: bytes, hidden: str) -> bytes:
    try:
        secret = base64.b64decode("".join(hidden.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("what the miner has hidden is no Base64") from error
    if not secret or len(secret) % BLOCK:
        raise ValueError("what the miner has hidden is no whole number of blocks")
    decryptor = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
    plain = decryptor.update(secret) + decryptor.finalize()
    padding = plain[-1]
    if 1 <= padding <= BLOCK and plain.endswith(bytes([padding]) * padding):
        return plain[:-padding]
    return plain.rstrip(b"\0")
