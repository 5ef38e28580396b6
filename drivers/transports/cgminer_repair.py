"""Repairs of the broken JSON that miner firmware is known to send, applied only after a strict parse has failed.

The reply is cut into tokens first, so that nothing inside a text is changed but control characters. Known defects, each
reported by users of other miner software: objects or keys without a comma between them, a comma before a closing or
after an opening bracket, bare `nan` and `inf`, NUL and line breaks, a doubled quote before a key, a key without a
value, a list written like an object, a reply that begins with a comma or stops in the middle. Whatever had to be
repaired is marked by the caller, never passed off as whole.
"""

import re
from typing import Final

import orjson

MAX_DEPTH: Final = 64
"""Brackets inside brackets; real replies use 5."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+|"')
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BREAK = re.compile(r"[\t\n\r]+")
_DOUBLED_QUOTE = re.compile(r'([,{\]}]\s*|"\s*:\s*-?[\d.]+\s*)""(?=[A-Za-z_])')
_LOST_START = re.compile(r'\s*,\s*(?=")')
_LONE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_BARE = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null")
_CLOSER: Final = {"{": "}", "[": "]"}


def repair(raw: bytes) -> object:
    """The reply after the known repairs; raises ValueError when it still is no JSON."""
    text = _CONTROL.sub("", raw.decode("utf-8", "replace"))
    text = _DOUBLED_QUOTE.sub(r'\1"', text)
    text = _LOST_START.sub("{", text, count=1) if _LOST_START.match(text) else text
    text = _LONE_SURROGATE.sub(r"\\ufffd", text)
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
    if start < 0:
        raise ValueError("no JSON in the reply")
    rebuilt = _Rebuilder()
    for match in _TOKEN.finditer(text, start):
        token = match.group()
        is_cut = match.end() == len(text) and token not in "}]"
        if is_cut or not rebuilt.take(token):
            break
    return orjson.loads(rebuilt.finish())


class _Rebuilder:
    """Writes the tokens out again with the punctuation that JSON wants."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._open: list[str] = []
        self._whole = 0
        """Length of the output after the last complete member, to fall back on when the reply stops short."""
        self._whole_open: list[str] = []
        self._expects_value = True
        self._is_key = False
        self._implied: list[int] = []
        """Depths of objects that the device did not write: around the pairs of a list written like an object."""

    def take(self, token: str) -> bool:
        """Take the next token; false when the outermost value is complete or the reply is cut inside a text."""
        if token in "{[":
            self._separate()
            self._out.append(token)
            self._open.append(token)
            if len(self._open) > MAX_DEPTH:
                raise ValueError("brackets are nested too deep")
            self._begin_member()
            self._mark_whole()
            return True
        if token in "}]":
            return self._close(token)
        if token == ",":
            return True
        if token == ":":
            self._colon()
            return True
        if token == '"':
            return False
        self._separate()
        self._out.append(self._scalar(token))
        self._after_value()
        return True

    def _begin_member(self) -> None:
        self._expects_value = True
        self._is_key = bool(self._open) and self._open[-1] == "{"

    def _separate(self) -> None:
        """Put the comma that belongs between two members, whether the device sent one or not."""
        if self._is_key and not self._expects_value:
            self._drop_unfinished()
            self._expects_value = self._is_key = self._out[-1] == "{"
        if not self._expects_value:
            self._out.append(",")
            self._begin_member()

    def _colon(self) -> None:
        if not self._open or self._expects_value:
            return
        if self._open[-1] == "[" and self._out[-1].startswith('"'):
            self._imply_object()
        if self._open[-1] == "{" and self._is_key:
            self._out.append(":")
            self._expects_value = True
            self._is_key = False

    def _imply_object(self) -> None:
        """What was taken for an item of a list is a key: put an object around it and the value that follows."""
        key = self._out.pop()
        self._whole = len(self._out) - (self._out[-1] == ",")
        self._out += ["{", key]
        self._open.append("{")
        self._implied.append(len(self._open))
        self._is_key = True

    def _scalar(self, token: str) -> str:
        if token.startswith('"'):
            return _BREAK.sub(" ", token)
        if self._is_key:
            return orjson.dumps(token).decode()
        return token if _BARE.fullmatch(token) else "null"

    def _after_value(self) -> None:
        self._expects_value = False
        if self._is_key:
            return
        self._end_implied()
        self._mark_whole()

    def _end_implied(self) -> None:
        while self._implied and self._implied[-1] == len(self._open):
            self._implied.pop()
            self._open.pop()
            self._out.append("}")

    def _mark_whole(self) -> None:
        self._whole = len(self._out)
        self._whole_open = list(self._open)

    def _close(self, token: str) -> bool:
        if self._implied and self._implied[-1] == len(self._open):
            self._implied.pop()
            self._open.pop()
            self._drop_unfinished()
        if not self._open or _CLOSER[self._open[-1]] != token:
            return True
        self._drop_unfinished()
        self._open.pop()
        self._out.append(token)
        self._expects_value = False
        self._is_key = False
        self._end_implied()
        self._mark_whole()
        return bool(self._open)

    def _drop_unfinished(self) -> None:
        """Forget a key that never got its value."""
        del self._out[self._whole :]

    def finish(self) -> bytes:
        """The JSON text, closed where the reply was cut."""
        del self._out[self._whole :]
        closers = [_CLOSER[bracket] for bracket in reversed(self._whole_open)]
        return "".join([*self._out, *closers]).encode()
