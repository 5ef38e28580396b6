"""HTTP digest login (RFC 7616, and its ancestor RFC 2069 where a server names no quality of protection).

The server's nonce is kept and counted up, so that a login costs one question more once, not each time.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final

from drivers.core.credentials import Login

_TOKEN = re.compile(r'([A-Za-z][A-Za-z0-9._-]*)(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]+))?')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HASHES: Final = {"md5": "md5", "sha-256": "sha256"}
_STRENGTH: Final = ("md5", "sha-256")


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a server wants to see proven.

    Attributes:
        realm: What the login is for.
        nonce: The server's one-time word.
        opaque: To be sent back as it is; None where there is none.
        algorithm: As the server wrote it; empty where it names none, which means MD5.
        has_quality: Whether the server offers `qop=auth`; where it names no quality at all, RFC 2069 holds.
        stale: Whether only the nonce was too old, so that the login may still be right.
    """

    realm: str
    nonce: str
    opaque: str | None
    algorithm: str
    has_quality: bool
    stale: bool

    @property
    def base(self) -> str:
        """Name of the hash in lower case, without `-sess`."""
        return (self.algorithm.lower() or "md5").removesuffix("-sess")


def strongest_challenge(header: str) -> Challenge | None:
    """The strongest digest challenge of a WWW-Authenticate header that can be answered; None where there is none."""
    schemes: list[tuple[str, dict[str, str]]] = []
    for match in _TOKEN.finditer(header):
        name, value = match[1].lower(), match[2]
        if value is None:
            schemes.append((name, {}))
        elif schemes:
            schemes[-1][1][name] = _unquote(value)
    usable = [
        challenge for scheme, fields in schemes if scheme == "digest" and (challenge := _challenge(fields)) is not None
    ]
    return max(usable, key=lambda challenge: _STRENGTH.index(challenge.base), default=None)


def _challenge(fields: dict[str, str]) -> Challenge | None:
    qualities = {quality.strip().lower() for quality in fields.get("qop", "").split(",")} - {""}
    challenge = Challenge(
        realm=fields.get("realm", ""),
        nonce=fields.get("nonce", ""),
        opaque=fields.get("opaque"),
        algorithm=fields.get("algorithm", ""),
        has_quality="auth" in qualities,
        stale=fields.get("stale", "").lower() == "true",
    )
    is_usable = (
        challenge.base in _HASHES
        and challenge.nonce
        and (challenge.has_quality or not qualities)
        and not any(_CONTROL.search(value) for value in fields.values())
    )
    return challenge if is_usable else None


def _unquote(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _quote(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


class DigestSession:
    """One login under one nonce of a server.

    Attributes:
        login: Whose it is.
    """

    def __init__(self, login: Login, challenge: Challenge, *, client_nonce: str = "") -> None:
        """Prepare the answers.

        Args:
            login: User and password.
            challenge: The server's.
            client_nonce: Our one-time word; made up where empty.

        Raises:
            ValueError: The user's name holds control characters, which no header may.
        """
        if _CONTROL.search(login.user):
            raise ValueError("the user name holds control characters")
        self.login = login
        self._challenge = challenge
        self._client_nonce = client_nonce or secrets.token_hex(8)
        self._count = 0
        identity = self._hash(f"{login.user}:{challenge.realm}:{login.secret}")
        if challenge.algorithm.lower().endswith("-sess"):
            identity = self._hash(f"{identity}:{challenge.nonce}:{self._client_nonce}")
        self._identity = identity
        fixed = [
            f"username={_quote(login.user)}",
            f"realm={_quote(challenge.realm)}",
            f"nonce={_quote(challenge.nonce)}",
        ]
        if challenge.algorithm:
            fixed.append(f"algorithm={challenge.algorithm}")
        if challenge.opaque is not None:
            fixed.append(f"opaque={_quote(challenge.opaque)}")
        self._fixed = "Digest " + ", ".join(fixed)

    def authorize(self, method: str, path: str) -> str:
        """The Authorization header for the next question; each call counts the nonce up."""
        challenge = self._challenge
        question = self._hash(f"{method}:{path}")
        if not challenge.has_quality:
            response = self._hash(f"{self._identity}:{challenge.nonce}:{question}")
            return f'{self._fixed}, uri={_quote(path)}, response="{response}"'
        self._count += 1
        proof = f"{self._count:08x}:{self._client_nonce}:auth"
        response = self._hash(f"{self._identity}:{challenge.nonce}:{proof}:{question}")
        return (
            f'{self._fixed}, uri={_quote(path)}, response="{response}", '
            f'qop=auth, nc={self._count:08x}, cnonce="{self._client_nonce}"'
        )

    def _hash(self, text: str) -> str:
        return hashlib.new(_HASHES[self._challenge.base], text.encode(), usedforsecurity=False).hexdigest()
