"""Where things stand in a list, when it is edited by little or by much."""

from hypothesis import given
from hypothesis import strategies as st

from console.store.records.inventory_fields import SPACE, positions


def placed(names: str, before: dict[str, int]) -> dict[str, int]:
    found = positions(list(names), str, before)
    assert sorted(found, key=found.__getitem__) == list(dict.fromkeys(names))
    return found


def test_that_only_what_moved_or_came_gets_another_position() -> None:
    first = placed("abcde", {})
    assert first["a"] == SPACE
    for names, moved in (("abxcde", "x"), ("eabcd", "e"), ("acbde", "bc"), ("bcde", ""), ("abcdex", "x")):
        after = placed(names, first)
        changed = {name for name in after if after[name] != first.get(name)}
        assert len(changed) <= 1
        assert changed <= set(moved)


def test_that_everything_moves_when_there_is_no_room_left() -> None:
    after = placed("axb", {"a": 5, "b": 6})
    assert after == {"a": SPACE, "x": 2 * SPACE, "b": 3 * SPACE}


@given(st.lists(st.permutations("abcdef"), min_size=1, max_size=30))
def test_that_the_order_is_kept_however_often_it_changes(orders: list[list[str]]) -> None:
    before: dict[str, int] = {}
    for order in orders:
        before = placed("".join(order), before)
