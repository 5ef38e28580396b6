"""The digest login of a virtual miner's web server (RFC 7616, MD5, qop=auth), as the vendors' servers ask for it."""

import hashlib
import re
import secrets
from typing import Final

from drivers.simulators.personality import HttpQuestion, HttpReply, VirtualMiner

_FIELD: Final = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


def let_in(miner: VirtualMiner, question: HttpQuestion, realm: str) -> HttpReply | None:
    """None for a question with the right login, else the 401 that asks for one.

    The server's one-time word is kept in the miner's memory.
    """
    word = miner.memory.setdefault("digest_nonce", secrets.token_hex(16))
    nonce = str(word)
    fields = {name: quoted or bare for name, quoted, bare in _FIELD.findall(question.headers.get("authorization", ""))}
    if fields.get("nonce") == nonce and fields.get("response") == _expected(miner, question, realm, fields):
        return None
    challenge = f'Digest realm="{realm}", nonce="{nonce}", qop="auth", algorithm=MD5'
    return HttpReply(401, b"401 Unauthorized", {"WWW-Authenticate": challenge})


def _expected(miner: VirtualMiner, question: HttpQuestion, realm: str, fields: dict[str, str]) -> str:
    user, secret = miner.controls.login
    path = f"{question.path}?{question.query}" if question.query else question.path
    identity, asked = _hash(f"{user}:{realm}:{secret}"), _hash(f"{question.method}:{path}")
    proof = ":".join(fields.get(name, "") for name in ("nonce", "nc", "cnonce", "qop"))
    return _hash(f"{identity}:{proof}:{asked}") if fields.get("username") == user else ""


def _hash(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
