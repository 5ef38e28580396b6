"""The digest login of a virtual Antminer's web server (RFC 7616, MD5, `qop=auth`)."""

import hashlib
import re
import secrets
from typing import Final

from drivers.simulators.personality import HttpQuestion, HttpReply, VirtualMiner

REALM: Final = "antMiner Configuration"
_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')
_NONCE: Final = "digest nonce"
_COUNT: Final = "digest count"


def challenge_unless_right(miner: VirtualMiner, question: HttpQuestion, login: tuple[str, str]) -> HttpReply | None:
    """A refusal with a challenge; None when the question carries the right answer to the last one."""
    given = {name: quoted or bare for name, quoted, bare in _FIELD.findall(question.headers.get("authorization", ""))}
    nonce = miner.memory.get(_NONCE)
    if given and nonce and given.get("nonce") == nonce and _is_right(miner, question, given, login):
        return None
    fresh = secrets.token_hex(16)
    miner.memory[_NONCE], miner.memory[_COUNT] = fresh, 0
    challenge = f'Digest realm="{REALM}", nonce="{fresh}", algorithm=MD5, qop="auth"'
    return HttpReply(401, b"<html><title>401 - Unauthorized</title></html>", {"WWW-Authenticate": challenge})


def _is_right(miner: VirtualMiner, question: HttpQuestion, given: dict[str, str], login: tuple[str, str]) -> bool:
    user, secret = login
    count = int(given.get("nc", "0"), 16) if re.fullmatch(r"[0-9a-f]{8}", given.get("nc", "")) else 0
    last = miner.memory.get(_COUNT)
    who = _hash(f"{user}:{REALM}:{secret}")
    what = _hash(f"{question.method}:{given.get('uri', '')}")
    proof = f"{given.get('nc', '')}:{given.get('cnonce', '')}:{given.get('qop', '')}"
    expected = _hash(f"{who}:{given.get('nonce', '')}:{proof}:{what}")
    asked = question.path + (f"?{question.query}" if question.query else "")
    if given.get("username") != user or given.get("uri") != asked or given.get("response") != expected:
        return False
    if not isinstance(last, int) or count <= last:
        return False
    miner.memory[_COUNT] = count
    return True


def _hash(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
