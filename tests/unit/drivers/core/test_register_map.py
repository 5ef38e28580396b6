"""Registers become values: types, word order, scale, bits, codes and what means "not available"."""

import math

import pytest

from drivers.core.points import POINTS
from drivers.core.reading import Quality, Signal
from drivers.core.register_map import RegisterPoint, RegisterTable


def point(kind: str, **options: object) -> RegisterPoint:
    return RegisterPoint(Signal("power"), RegisterTable.HOLDING, 0, kind, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "little", "words", "value"),
    [
        ("u16", False, [65535], 65535),
        ("i16", False, [0xFFF6], -10),
        ("u32", False, [0x0001, 0x86A0], 100_000),
        ("u32", True, [0x86A0, 0x0001], 100_000),
        ("i32", True, [0xFFFE, 0xFFFF], -2),
        ("f32", False, [0x42F6, 0xE979], 123.456),
        ("f32", True, [0xE979, 0x42F6], 123.456),
        ("u64", False, [0, 0, 1, 0], 65536),
        ("i64", True, [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF], -1),
        ("f64", False, [0x405E, 0xDD2F, 0x1A9F, 0xBE77], 123.456),
    ],
)
def test_that_each_type_is_read(kind: str, little: bool, words: list[int], value: float) -> None:
    read, quality = point(kind, little=little).decode(words)
    assert read == pytest.approx(value, rel=1e-6)
    assert quality is Quality.GOOD


def test_that_scale_and_offset_give_the_unit_of_the_point() -> None:
    kelvin = point("u16", scale=0.01, offset=-273.15)
    assert kelvin.decode([31315])[0] == pytest.approx(40.0)


def test_that_not_available_is_never_a_number() -> None:
    value, quality = point("u16", invalid=frozenset({0xFFFF})).decode([0xFFFF])
    assert math.isnan(value)
    assert quality is Quality.NOT_REPORTED


@pytest.mark.parametrize("words", [[0x7FC0, 0], [0x7F80, 0], [0xFF80, 0]], ids=["nan", "inf", "-inf"])
def test_that_a_float_that_is_no_number_is_not_reported(words: list[int]) -> None:
    assert point("f32").decode(words)[1] is Quality.NOT_REPORTED


def test_that_a_value_the_sensor_cannot_show_is_suspect() -> None:
    assert point("i16", low=0.0, high=100.0).decode([101]) == (101, Quality.SUSPECT)


def test_that_one_bit_is_taken_out_of_a_register() -> None:
    leak = RegisterPoint(Signal("leak"), RegisterTable.HOLDING, 0, "u16", bit=2, codes={0: 0.0, 1: 1.0})
    assert leak.decode([0b0100])[0] == POINTS["leak"].code("leak")
    assert leak.decode([0b1011])[0] == POINTS["leak"].code("dry")


def test_that_a_code_nobody_documented_is_unknown_and_suspect() -> None:
    pump = RegisterPoint(Signal("pump_state"), RegisterTable.HOLDING, 0, "u16", codes={1: 1.0})
    assert pump.decode([77]) == (POINTS["pump_state"].code("unknown"), Quality.SUSPECT)
