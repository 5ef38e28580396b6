"""The digest login of a virtual miner's web server (RFC 7616, MD5, `qop=auth`), as the vendors' servers ask for it."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Final

from drivers.simulators.personality import HttpQuestion, HttpReply, VirtualMiner

_FIELD: Final = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')
_COUNT_TEXT: Final = re.compile(r"[0-9a-f]{8}")
_NONCE: Final = "digest nonce"
_COUNT: Final = "digest count"


def challenge_unless_right(
    miner: VirtualMiner, question: HttpQuestion, realm: str, login: tuple[str, str]
) -> HttpReply | None:
    """A refusal with a challenge; None when the question carries the right answer to the last one.

    The nonce and how often it was used are kept in the miner's memory: an answer counts once.
    """
    given = {name: quoted or bare for name, quoted, bare in _FIELD.findall(question.headers.get("authorization", ""))}
    nonce = miner.memory.get(_NONCE)
    if nonce and given.get("nonce") == nonce and _is_right(miner, question, given, realm, login):
        return None
    fresh = secrets.token_hex(16)
    miner.memory[_NONCE], miner.memory[_COUNT] = fresh, 0
    challenge = f'Digest realm="{realm}", nonce="{fresh}", algorithm=MD5, qop="auth"'
    return HttpReply(401, b"<html><title>401 - Unauthorized</title></html>", {"WWW-Authenticate": challenge})


def _is_right(
    miner: VirtualMiner, question: HttpQuestion, given: Mapping[str, str], realm: str, login: tuple[str, str]
) -> bool:
    user, secret = login
    count = int(given["nc"], 16) if _COUNT_TEXT.fullmatch(given.get("nc", "")) else 0
    last = miner.memory.get(_COUNT)
    who = _hash(f"{user}:{realm}:{secret}")
    what = _hash(f"{question.method}:{given.get('uri', '')}")
    proof = ":".join(given.get(name, "") for name in ("nonce", "nc", "cnonce", "qop"))
    asked = question.path + (f"?{question.query}" if question.query else "")
    if (
        given.get("username") != user
        or given.get("uri") != asked
        or given.get("response") != _hash(f"{who}:{proof}:{what}")
    ):
        return False
    if not isinstance(last, int) or count <= last:
        return False
    miner.memory[_COUNT] = count
    return True


def _hash(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
