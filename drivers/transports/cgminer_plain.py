"""CGMiner's plain text (API-README of CGMiner 4.11): sections between `|`, each `name=value` between commas.

Firmware sends it in answer to a plain question, and some in answer to a JSON one too:
`STATUS=S,Code=11,Msg=Summary|SUMMARY,Elapsed=5,MHS av=1.5|`. It is brought into the shape of the JSON answers; values
stay text but for true and false, since every reader takes numbers from text.
"""

import re
from typing import Final

MOST_SECTIONS: Final = 64
MOST_FIELDS: Final = 512
_START: Final = re.compile(rb"\s*STATUS=[A-Z],")
_COMMA: Final = re.compile(r",(?=[A-Za-z][\w %.]{0,31}=)")
"""One that parts two fields; those inside a value (`Work: In Work, Hash Board: 3`) are followed by no name."""
_LISTS: Final = {"POOL": "POOLS", "ASC": "DEVS", "PGA": "DEVS", "DEV": "DEVS"}
"""Lists whose entries have a number and another name than the list."""
_WORDS: Final = {"true": True, "false": False}


def is_plain(body: bytes) -> bool:
    """Whether an answer begins as CGMiner's plain text does."""
    return _START.match(body) is not None


def read_plain(body: bytes) -> dict[str, object]:
    """The sections as lists of objects, under the names of the JSON answers; of a cut answer what came."""
    found: dict[str, object] = {}
    for section in body.decode("utf-8", "replace").split("|")[:MOST_SECTIONS]:
        fields = _COMMA.split(section, maxsplit=MOST_FIELDS)
        name, _, numbered = fields[0].strip().partition("=")
        if not name:
            continue
        row: dict[str, object] = {name: numbered} if numbered else {}
        row |= dict(_field(field) for field in fields[1:])
        listed = found.setdefault(_LISTS.get(name, name), [])
        if isinstance(listed, list):
            listed.append(row)
    return found


def _field(written: str) -> tuple[str, object]:
    name, _, value = written.partition("=")
    return name.strip(), _WORDS.get(value.strip(), value.strip())
