"""Rows as CSV that a spreadsheet opens safely: no cell can become a formula."""

import re
from collections.abc import Iterable

DANGEROUS = frozenset("=+-@\t\r\n|%＝＋－＠")
"""First characters that spreadsheets take for a formula or a command (OWASP, CSV Injection)."""
_NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?")
_NEEDS_QUOTES = re.compile(r'[",;\r\n\t\'\s]')


def cell(text: str) -> str:
    """One cell: minus signs as ASCII in numbers, everything else that could start a formula behind an apostrophe."""
    plain = text.replace("−", "-")
    if _NUMBER.fullmatch(plain):
        return plain.replace(",", "")
    safe = f"'{text}" if text.lstrip(" ")[:1] in DANGEROUS and text.strip() else text
    if _NEEDS_QUOTES.search(safe):
        return '"' + safe.replace('"', '""') + '"'
    return safe


def line(cells: Iterable[str]) -> str:
    """One line, ended as RFC 4180 says."""
    return (",".join(cell(text) for text in cells) or '""') + "\r\n"
