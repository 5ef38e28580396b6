import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.simulators import snmp_ber
from drivers.simulators.snmp_ber import NotSnmpError

NAMES = st.tuples(st.integers(0, 2), st.integers(0, 39)).flatmap(
    lambda top: st.lists(st.integers(0, 2**32 - 1), max_size=20).map(lambda rest: (*top, *rest))
)


def question(kind: int, names: list[tuple[int, ...]], version: int = 1, first: int = 0, second: int = 0) -> bytes:
    bindings = b"".join(snmp_ber.tlv(snmp_ber.SEQUENCE, snmp_ber.oid(name) + b"\x05\x00") for name in names)
    numbers = snmp_ber.integer(77) + snmp_ber.integer(first) + snmp_ber.integer(second)
    body = snmp_ber.tlv(kind, numbers + snmp_ber.tlv(snmp_ber.SEQUENCE, bindings))
    head = snmp_ber.integer(version) + snmp_ber.tlv(snmp_ber.OCTETS, b"public")
    return snmp_ber.tlv(snmp_ber.SEQUENCE, head + body)


@given(NAMES)
def test_that_names_survive_the_wire(name: tuple[int, ...]) -> None:
    encoded = snmp_ber.oid(name)
    _, start, stop = snmp_ber.head(encoded, 0)
    assert snmp_ber.read_oid(encoded[start:stop]) == name


@given(st.integers(-(2**31), 2**32 - 1))
def test_that_numbers_take_the_fewest_octets(value: int) -> None:
    encoded = snmp_ber.integer(value)
    contents = encoded[2:]
    assert int.from_bytes(contents, "big", signed=True) == value
    if len(contents) > 1:
        assert not (contents[0] == 0 and contents[1] < 0x80)
        assert not (contents[0] == 0xFF and contents[1] >= 0x80)


@given(st.lists(NAMES, max_size=30), st.integers(0, 20), st.integers(0, 100))
def test_that_a_question_is_understood(names: list[tuple[int, ...]], first: int, second: int) -> None:
    read = snmp_ber.read_question(question(snmp_ber.GET_BULK, names, first=first, second=second))
    assert (read.community, read.first, read.second) == (b"public", first, second)
    assert list(snmp_ber.read_names(read.bindings)) == names


@given(st.binary(max_size=200))
def test_that_noise_is_never_taken_for_a_question(noise: bytes) -> None:
    try:
        snmp_ber.read_names(snmp_ber.read_question(noise).bindings)
    except NotSnmpError:
        return


@given(st.data())
def test_that_a_cut_question_is_refused(data: st.DataObject) -> None:
    whole = question(snmp_ber.GET, [(1, 3, 6, 1, 2, 1, 1, 1, 0)])
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(NotSnmpError):
        snmp_ber.read_question(cut)
