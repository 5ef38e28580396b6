"""Reads a site file fast.

The standard library's TOML parser needs seconds for tens of thousands of devices. A site file is almost wholly made
of `[[table]]` heads and `key = "text"` lines; those are read here by one expression a line, and a text that holds
anything else anywhere is given whole to the standard parser, which also writes the errors.
"""

import re
import tomllib
from typing import Any, TypeAlias

Table: TypeAlias = dict[str, Any]

_TEXT = r'"(?P<text>[^"\\\x00-\x1f\x7f]*)"'
_CONTROL = r"\x00-\x08\x0a-\x1f\x7f"
_OTHER = rf"""(?P<other>[^\s"'#{_CONTROL}][^"'#{_CONTROL}]*(?:"[^"\\{_CONTROL}]*"[^"'#{_CONTROL}]*)*)"""
_LINE = re.compile(
    r"[ \t]*(?:"
    r"\[\[(?P<list>[A-Za-z0-9_-]+)\]\]"
    r"|\[(?P<table>[A-Za-z0-9_-]+)\]"
    rf"|(?P<key>[A-Za-z0-9_-]+)[ \t]*=[ \t]*(?:{_TEXT}|{_OTHER})"
    rf")?[ \t]*(?:#[^{_CONTROL}]*)?"
)


class _NotPlainError(Exception):
    """The text uses more of TOML than the plain lines above."""


def read_tables(text: str) -> Table:
    """Parse a site file; the result equals that of `tomllib.loads`.

    Raises:
        tomllib.TOMLDecodeError: The text is not TOML; the message names line and column.
    """
    try:
        return _read_plain(text)
    except _NotPlainError:
        return tomllib.loads(text)


def _read_plain(text: str) -> Table:
    root: Table = {}
    current = root
    known: dict[str, Any] = {}
    opened: set[str] = set()
    match_line = _LINE.fullmatch
    for line in text.split("\n"):
        match = match_line(line)
        if match is None:
            raise _NotPlainError
        kind = match.lastgroup
        if kind is None:
            continue
        if kind in {"list", "table"}:
            current = _open_table(root, match[kind], opened, repeated=kind == "list")
            continue
        key = match["key"]
        if key in current:
            raise _NotPlainError
        if kind == "text":
            current[key] = match["text"]
        else:
            current[key] = _other_value(match["other"], known)
    return root


def _open_table(root: Table, name: str, opened: set[str], *, repeated: bool) -> Table:
    """The table that the following lines fill. Raises _NotPlainError where a name is used in two ways."""
    table: Table = {}
    if not repeated:
        if name in root:
            raise _NotPlainError
        root[name] = table
        return table
    if name not in opened:
        if name in root:
            raise _NotPlainError
        opened.add(name)
        root[name] = []
    root[name].append(table)
    return table


def _other_value(written: str, known: dict[str, Any]) -> Any:
    """A number, date, array or inline table on one line. Containers are parsed anew each time: nobody shares them."""
    written = written.strip(" \t")
    if written in known:
        return known[written]
    try:
        value = tomllib.loads(f"value = {written}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise _NotPlainError from error
    if not isinstance(value, dict | list):
        known[written] = value
    return value
