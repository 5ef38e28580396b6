import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.transports import snmp_ber
from drivers.transports.snmp_ber import NotSnmpError

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


VALUES = st.one_of(
    st.integers(-(2**31), 2**31 - 1).map(lambda number: (snmp_ber.integer(number), number)),
    st.integers(0, 2**64 - 1).map(lambda number: (snmp_ber.integer(number, snmp_ber.COUNTER64), number)),
    st.binary(max_size=300).map(lambda text: (snmp_ber.tlv(snmp_ber.OCTETS, text), text)),
    NAMES.map(lambda name: (snmp_ber.oid(name), ".".join(map(str, name)))),
    st.sampled_from((0x80, 0x81, 0x82)).map(lambda tag: (bytes((tag, 0)), None)),
)


def answer(bindings: list[tuple[tuple[int, ...], bytes]]) -> bytes:
    asked = snmp_ber.read_question(question(snmp_ber.GET, [name for name, _ in bindings]))
    return snmp_ber.write_answer(
        asked, [snmp_ber.tlv(snmp_ber.SEQUENCE, snmp_ber.oid(name) + value) for name, value in bindings]
    )


@given(st.lists(st.tuples(NAMES, VALUES), max_size=40))
def test_that_an_answer_is_understood_both_ways(bindings: list[tuple[tuple[int, ...], tuple[bytes, object]]]) -> None:
    data = answer([(name, encoded) for name, (encoded, _) in bindings])
    head = snmp_ber.read_response(data)
    assert (head.request, head.status, head.community) == (77, 0, b"public")
    names = [snmp_ber.oid(name) for name, _ in bindings]
    values = [value for _, (_, value) in bindings]
    assert snmp_ber.read_values(data, head.start, head.stop, names) == values
    dotted = [".".join(map(str, name)) for name, _ in bindings]
    assert snmp_ber.read_bindings(data, head.start, head.stop) == list(zip(dotted, values, strict=True))


@given(st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=8), st.data())
def test_that_a_damaged_answer_is_read_or_refused_and_nothing_else(
    bindings: list[tuple[tuple[int, ...], tuple[bytes, object]]], data: st.DataObject
) -> None:
    bad = bytearray(answer([(name, encoded) for name, (encoded, _) in bindings]))
    for _ in range(data.draw(st.integers(1, 4))):
        bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    raw = bytes(bad[: data.draw(st.integers(0, len(bad)))])
    names = [snmp_ber.oid(name) for name, _ in bindings]
    try:
        head = snmp_ber.read_response(raw)
        snmp_ber.read_bindings(raw, head.start, head.stop)
        snmp_ber.read_values(raw, head.start, head.stop, names)
    except NotSnmpError:
        return


@given(st.binary(max_size=200))
def test_that_noise_is_never_taken_for_an_answer(noise: bytes) -> None:
    try:
        snmp_ber.read_response(noise)
    except NotSnmpError:
        return


def test_that_a_name_may_come_with_a_long_length_as_some_agents_write_it() -> None:
    name = snmp_ber.oid((1, 3, 6, 1, 4))
    long_name = name[:1] + b"\x82\x00" + name[1:]
    listed = snmp_ber.tlv(snmp_ber.SEQUENCE, long_name + b"\x42\x04\xff\xff\xff\xff")
    assert snmp_ber.read_values(listed, 0, len(listed), [name]) == [2**32 - 1]


def test_that_a_name_of_endless_numbers_is_refused_at_once() -> None:
    with pytest.raises(NotSnmpError, match="32 bits"):
        snmp_ber.read_oid(b"\xff" * 60_000 + b"\x01")
