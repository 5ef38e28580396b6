"""Repairs touch punctuation only, never what stands inside a text, and never believe a number that was cut."""

import pytest

from drivers.transports.cgminer_repair import repair


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"a":1,}', {"a": 1}),
        (b'{"a":[{"b":"},{ ,} nan"}{"c":2}]}', {"a": [{"b": "},{ ,} nan"}, {"c": 2}]}),
        (b'{"a":1,"b":[{"c":2,"d":"cut he', {"a": 1, "b": [{"c": 2}]}),
        (b'{"a":1,"b":', {"a": 1}),
        (b'{"a":1,"rate":1105', {"a": 1}),
        (b'{"a":1 "b":2}', {"a": 1, "b": 2}),
        (b'{"a":"\\ud83d"}', {"a": "�"}),
        (b'{"a":1}}}garbage', {"a": 1}),
        (b'noise {"a":1}', {"a": 1}),
        (b'{"a":0123,"b":+1,"c":1.}', {"a": None, "b": None, "c": None}),
        (b'{"a":"\xff\xfe"}', {"a": "��"}),
    ],
)
def test_that_a_known_defect_is_repaired(raw: bytes, expected: object) -> None:
    assert repair(raw) == expected


@pytest.mark.parametrize("raw", [b"", b"nothing", b"{" * 100, b"[" * 70])
def test_that_what_cannot_be_repaired_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        repair(raw)
