from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from widgets.tables.frozen_rows import FrozenRows


@dataclass(frozen=True)
class Line:
    name: str
    value: int = 0


def lines(names: str) -> tuple[Line, ...]:
    return tuple(Line(name) for name in names)


def shown(rows: FrozenRows[Line]) -> str:
    return "".join(row.name for row in rows.rows)


def frozen_at(names: str) -> FrozenRows[Line]:
    rows: FrozenRows[Line] = FrozenRows(lambda row: row.name)
    rows.take(lines(names), frozen=False)
    return rows


def test_that_a_frozen_order_keeps_places_and_updates_values() -> None:
    rows = frozen_at("abc")
    rows.take((Line("c", 3), Line("a", 1), Line("b", 2)), frozen=True)
    assert [(row.name, row.value) for row in rows.rows] == [("a", 1), ("b", 2), ("c", 3)]
    assert rows.pending == 1


def test_that_new_rows_come_last_and_vanished_ones_stay_until_the_order_is_applied() -> None:
    rows = frozen_at("abc")
    rows.take(lines("xac"), frozen=True)
    assert shown(rows) == "abcx"
    assert rows.gone == {"b"}
    assert rows.pending == 2
    rows.apply()
    assert shown(rows) == "xac"
    assert (rows.gone, rows.pending) == (frozenset(), 0)


def test_that_a_row_that_comes_back_is_no_longer_gone() -> None:
    rows = frozen_at("abc")
    rows.take(lines("ac"), frozen=True)
    rows.take(lines("abc"), frozen=True)
    assert (shown(rows), rows.gone, rows.pending) == ("abc", frozenset(), 0)


names = st.lists(st.sampled_from("abcdefgh"), unique=True).map("".join)


@given(start=names, updates=st.lists(names, max_size=4))
def test_that_no_update_ever_moves_a_row_that_is_already_shown(start: str, updates: list[str]) -> None:
    rows = frozen_at(start)
    for update in updates:
        before = shown(rows)
        rows.take(lines(update), frozen=True)
        assert shown(rows).startswith(before)
        assert set(shown(rows)) == set(before) | set(update)
        assert (rows.pending == 0) == (shown(rows) == update)
    rows.apply()
    assert shown(rows) == (updates[-1] if updates else start)
