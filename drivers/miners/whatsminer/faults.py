"""The fault codes of Whatsminers: read from every shape in which firmware lists them, and told in words."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from drivers.miners.reply import Fields, count, number, text
from resources import resource

MOST: Final = 64
"""Faults that are kept."""
_LONGEST_CODE: Final = 8


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that stands.

    Attributes:
        code: The maker's number; empty where the miner gives words alone.
        text: The miner's own reason, or what the code means; empty where neither is known.
        stops: Whether the firmware stops hashing for it.
    """

    code: str
    text: str
    stops: bool

    def __str__(self) -> str:
        return f"{self.code}: {self.text or 'unknown code'}" if self.code else self.text


@dataclass(frozen=True, slots=True)
class _Meaning:
    pattern: str
    text: str
    stops: bool

    def fits(self, code: str) -> bool:
        """Whether the pattern is that code, `?` standing for any digit."""
        return len(code) == len(self.pattern) and all(
            wanted in {"?", digit} for wanted, digit in zip(self.pattern, code, strict=True)
        )


def faults_in(raw: object) -> tuple[Fault, ...]:
    """The faults of an `error_code` or `error-code`, each once, in the miner's order.

    Known shapes: a list of `{code: time}`, with a `reason` in version 3; one object of several codes (2.0.4, also as a
    list without braces, which repair leaves as a list of texts); plain numbers; one sentence in place of them all.
    """
    if isinstance(raw, str) and text(raw) and not raw.strip().isdigit():
        return (Fault("", text(raw), stops=False),)
    found: dict[str, str] = {}
    for code, reason in _entries(raw):
        if len(found) < MOST:
            found.setdefault(code, reason)
    return tuple(_fault(code, reason) for code, reason in found.items())


def faults_of_summary(summary: Fields) -> tuple[Fault, ...] | None:
    """The faults that version 1 numbers in its summary (`Error Code 0`); None where it does not count any."""
    if "Error Code Count" not in summary:
        return None
    codes = [summary.get(f"Error Code {at}") for at in range(count(summary.get("Error Code Count"), MOST))]
    return faults_in(codes)


def _entries(raw: object) -> Iterator[tuple[str, str]]:
    items = raw[: MOST * 2] if isinstance(raw, list) else [raw]
    for item in items:
        if isinstance(item, dict):
            yield from _entries_of(item)
        elif code := _code(item):
            yield code, ""


def _entries_of(item: Mapping[object, object]) -> Iterator[tuple[str, str]]:
    codes = [code for key in list(item)[:MOST] if (code := _code(key))]
    own = _code(item.get("code")) or _code(item.get("error_code")) or _code(item.get("error-code"))
    reason = text(item.get("reason")) or text(item.get("message"))
    for code in codes or ([own] if own else []):
        yield code, reason


def _code(raw: object) -> str:
    """A code as text; empty when it is none. Zero is how some firmware says that there is no fault."""
    if isinstance(raw, str):
        digits = raw.strip()
        is_code = digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_CODE
        return digits if is_code and int(digits) else ""
    value = number(raw)
    return str(int(value)) if 0 < value < 10**_LONGEST_CODE and value.is_integer() else ""


def _fault(code: str, reason: str) -> Fault:
    meaning = next((known for known in _meanings() if known.fits(code)), None)
    said = reason or (meaning.text.replace("{slot}", code[-1]) if meaning else "")
    return Fault(code, said, meaning is not None and meaning.stops)


@cache
def _meanings() -> tuple[_Meaning, ...]:
    table = tomllib.loads(resource("whatsminer_faults.toml").read_text(encoding="utf-8"))
    return tuple(
        _Meaning(pattern, entry["text"], entry.get("stops", False))
        for entry in table["fault"]
        for pattern in entry["codes"]
    )
