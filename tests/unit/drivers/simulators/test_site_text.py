import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports
from drivers.simulators.site_text import read_tables

TRICKY = [
    "",
    "# only a comment",
    'a = 1\nb = "x" # trailing\n[t]\nc = 1.5e3\nd = true\n',
    'text = "with # inside"\n[[row]]\nn = 1\n[[row]]\nn = 2\n',
    't = { a = "x", b = [1, 2], c = "# no comment" } # comment\n',
    "several = [\n  1,\n  2,\n]\n[[row]]\nx = 1\n",
    'long = """\n[[row]]\n"""\n',
    "literal = 'a\\b'\n",
    'escaped = "a\\u00e9\\n"\n',
    '"quoted key" = 1\na.b.c = 2\n',
    "[a.b]\nc = 1\n[[a.list]]\nd = 2\n",
    "day = 2026-05-12\nmoment = 2026-05-12T10:00:00Z\nhex = 0xff\n",
    "windows = 1\r\nlines = 2\r\n",
    "[t]\n  indented = 1\n\ttabbed = 2\n",
]
WRONG = [
    "a = 1\na = 2\n",
    "[t]\n[t]\n",
    "[[t]]\n[t]\n",
    "[t]\n[[t]]\n",
    "t = []\n[[t]]\n",
    "t = [{ a = 1 }]\n[[t]]\n",
    "a = \n",
    "a = 01\n",
    'a = "open\n',
    "[t\n",
    "a = 1 b = 2\n",
]


@pytest.mark.parametrize("text", TRICKY)
def test_that_the_fast_reader_agrees_with_the_standard_parser(text: str) -> None:
    assert read_tables(text) == tomllib.loads(text)


@pytest.mark.parametrize("text", WRONG)
def test_that_wrong_toml_is_refused_with_the_standard_parser_s_words(text: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError):
        read_tables(text)


@pytest.mark.parametrize("miners", [2, 10, 300])
def test_that_a_generated_site_is_read_alike(miners: int) -> None:
    text = demo_site(miners, ports=Ports())
    assert read_tables(text) == tomllib.loads(text)


LINES = st.sampled_from(
    [
        *("[a]", "[[a]]", "[b]", "[[b]]", " [a] ", "[[a]] # note", "[a.b]", "[[ a ]]"),
        *('x = "1"', "x = 1", "y = [1, 2]", "y = { z = 1 }", "x = ", "= 1", "x 1", "", "#", "z = 1 # c", "x = 1 2"),
        *("y = [", "]", '"x" = 1', "x.y = 1", "a = 1", "a = []", 'y = "#"', "y = 1979-05-27", "\tz=true", "z = '1'"),
        *('y = ["#", "]"]', "y = 1e3", "y = inf", 'z = "\\t"', '"""', "z = 0x1F", 'y = {a="b"} # {', "\x00", "x = 1\r"),
    ]
)


@settings(max_examples=400)
@given(st.lists(LINES, max_size=9).map("\n".join))
def test_that_whatever_is_written_both_readers_agree(text: str) -> None:
    try:
        expected: object = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        with pytest.raises(tomllib.TOMLDecodeError):
            read_tables(text)
    else:
        assert read_tables(text) == expected


def test_that_containers_are_not_shared_between_devices() -> None:
    rows = read_tables("[[r]]\nx = [1]\n[[r]]\nx = [1]\n")["r"]
    rows[0]["x"].append(2)
    assert rows[1]["x"] == [1]
