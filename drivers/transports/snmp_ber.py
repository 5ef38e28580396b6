"""BER and the messages of SNMP v1 and v2c, for agents and for readers (X.690; RFC 1157, RFC 1901, RFC 3416).

Whatever comes from a wire is either understood or refused with `NotSnmpError`; no length or number in it can make
the decoder read outside of the datagram or work longer than the datagram is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

Oid: TypeAlias = tuple[int, ...]

INTEGER: Final = 0x02
OCTETS: Final = 0x04
NULL: Final = 0x05
OBJECT: Final = 0x06
SEQUENCE: Final = 0x30
IP_ADDRESS: Final = 0x40
COUNTER: Final = 0x41
GAUGE: Final = 0x42
TICKS: Final = 0x43
OPAQUE: Final = 0x44
COUNTER64: Final = 0x46
NO_SUCH_OBJECT: Final = 0x80
NO_SUCH_INSTANCE: Final = 0x81
END_OF_VIEW: Final = 0x82
GET: Final = 0xA0
GET_NEXT: Final = 0xA1
RESPONSE: Final = 0xA2
SET: Final = 0xA3
GET_BULK: Final = 0xA5

LARGEST_PART: Final = 2**32 - 1
"""Greatest number in an object identifier (RFC 2578, 3.5)."""
_WIDEST_NUMBER: Final = 9
"""Octets of the largest number, a Counter64 with its sign."""
_TEXTS: Final = frozenset({OCTETS, IP_ADDRESS, OPAQUE})
_UNSIGNED: Final = frozenset({COUNTER, GAUGE, TICKS, COUNTER64})
_NOTHING: Final = bytes((NULL, 0))
_ABSENT: Final = frozenset({NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_VIEW})

SnmpValue: TypeAlias = int | bytes | str
"""A number; the octets of a text; an object identifier in numbers."""


class NotSnmpError(ValueError):
    """The datagram is no SNMP v1 or v2c message."""


class UnknownTagError(NotSnmpError):
    """A well-formed message holds a kind of value or of message that this codec does not know."""


@dataclass(frozen=True, slots=True)
class Response:
    """The head of a decoded answer; the bindings are still encoded.

    Attributes:
        version: 0 for v1, 1 for v2c.
        community: As sent.
        kind: Tag of the PDU; `RESPONSE` unless the agent is odd.
        request: Request id.
        status: Error status; 0 for none.
        index: Position of the binding that caused it, from 1.
        start: Offset of the first binding in the datagram.
        stop: One past the last.
    """

    version: int
    community: bytes
    kind: int
    request: int
    status: int
    index: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Question:
    """A decoded request. For GETBULK the two numbers are non-repeaters and max-repetitions.

    Attributes:
        version: 0 for v1, 1 for v2c.
        community: As sent.
        kind: Tag of the PDU.
        request: Request id, as its encoded TLV.
        first: Error status, or non-repeaters.
        second: Error index, or max-repetitions.
        bindings: The encoded list of variable bindings, without its head.
    """

    version: int
    community: bytes
    kind: int
    request: bytes
    first: int
    second: int
    bindings: bytes


def head(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, start and end of the contents of the TLV at an offset. Raises NotSnmpError."""
    try:
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            count = length & 0x7F
            if not 1 <= count <= 4:
                raise NotSnmpError("a length that is not definite")
            length = int.from_bytes(data[at : at + count], "big")
            at += count
    except IndexError as error:
        raise NotSnmpError("cut") from error
    if at + length > len(data):
        raise NotSnmpError("cut")
    return tag, at, at + length


def _expect(data: bytes, at: int, wanted: int) -> tuple[int, int]:
    tag, start, stop = head(data, at)
    if tag != wanted:
        raise NotSnmpError(f"tag {tag:#x} where {wanted:#x} belongs")
    return start, stop


def _integer(data: bytes, at: int) -> tuple[int, int]:
    start, stop = _expect(data, at, INTEGER)
    return int.from_bytes(data[start:stop], "big", signed=True), stop


def read_question(data: bytes) -> Question:
    """Decode a datagram. Raises NotSnmpError for anything but a v1 or v2c request."""
    at, _ = _expect(data, 0, SEQUENCE)
    version, at = _integer(data, at)
    if version not in {0, 1}:
        raise NotSnmpError(f"version {version}")
    start, at = _expect(data, at, OCTETS)
    community = data[start:at]
    kind, at, _ = head(data, at)
    if kind not in {GET, GET_NEXT, SET, GET_BULK} or (kind == GET_BULK and version == 0):
        raise NotSnmpError(f"PDU {kind:#x}")
    _, after = _integer(data, at)
    request = data[at:after]
    first, at = _integer(data, after)
    second, at = _integer(data, at)
    start, stop = _expect(data, at, SEQUENCE)
    return Question(version, community, kind, request, first, second, data[start:stop])


def read_names(bindings: bytes) -> tuple[Oid, ...]:
    """The object identifiers of a list of bindings. Raises NotSnmpError."""
    names: list[Oid] = []
    at = 0
    while at < len(bindings):
        inner, at = _expect(bindings, at, SEQUENCE)
        start, stop = _expect(bindings, inner, OBJECT)
        names.append(read_oid(bindings[start:stop]))
    return tuple(names)


def read_oid(contents: bytes) -> Oid:
    """Decode the contents of an OBJECT IDENTIFIER. Raises NotSnmpError."""
    if not contents or contents[-1] & 0x80:
        raise NotSnmpError("an object identifier that ends early")
    numbers: list[int] = []
    number = 0
    for byte in contents:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
        elif number > LARGEST_PART:
            raise NotSnmpError("an object identifier with a number beyond 32 bits")
    top = min(numbers[0] // 40, 2)
    return (top, numbers[0] - 40 * top, *numbers[1:])


def read_response(data: bytes) -> Response:
    """Decode the head of an answer. Raises NotSnmpError."""
    at, stop = _expect(data, 0, SEQUENCE)
    if stop != len(data):
        raise NotSnmpError("octets behind the message")
    version, at = _integer(data, at)
    if version not in {0, 1}:
        raise NotSnmpError(f"version {version}")
    start, at = _expect(data, at, OCTETS)
    community = data[start:at]
    kind, at, end = head(data, at)
    request, at = _integer(data, at)
    status, at = _integer(data, at)
    index, at = _integer(data, at)
    start, stop = _expect(data, at, SEQUENCE)
    if not stop == end == len(data):
        raise NotSnmpError("the parts of the message differ in length")
    return Response(version, community, kind, request, status, index, start, stop)


def read_values(data: bytes, start: int, stop: int, names: Sequence[bytes]) -> list[SnmpValue | None]:
    """The values of bindings that must carry these names (encoded with `oid`) in this order.

    Returns:
        For each name its value, None where the agent has no such object.

    Raises:
        NotSnmpError: Cut, another name, or another number of bindings.
        UnknownTagError: A value of a kind that this codec does not know.
    """
    values: list[SnmpValue | None] = []
    for name in names:
        at, start = _expect(data, start, SEQUENCE)
        after = at + len(name)
        if data[at:after] != name:
            _, after = _same_name(data, at, name)
        values.append(_read_value(data, after, start))
    if start != stop:
        raise NotSnmpError(f"more or fewer than the {len(names)} objects that were asked")
    return values


def _same_name(data: bytes, at: int, name: bytes) -> tuple[int, int]:
    """The same name in another encoding of its length is right as well. Raises NotSnmpError."""
    begin, after = _expect(data, at, OBJECT)
    _, own, _ = head(name, 0)
    if data[begin:after] != name[own:]:
        raise NotSnmpError("another object came than was asked")
    return begin, after


def read_bindings(data: bytes, start: int, stop: int) -> list[tuple[str, SnmpValue | None]]:
    """Names in numbers and values of all bindings; None is an object that the agent does not have.

    Raises:
        NotSnmpError: Cut or not well-formed.
        UnknownTagError: A value of a kind that this codec does not know.
    """
    found: list[tuple[str, SnmpValue | None]] = []
    while start < stop:
        at, start = _expect(data, start, SEQUENCE)
        begin, after = _expect(data, at, OBJECT)
        found.append((_dotted(data[begin:after]), _read_value(data, after, start)))
    if start != stop:
        raise NotSnmpError("a binding that ends outside of the list")
    return found


def _dotted(contents: bytes) -> str:
    return ".".join(map(str, read_oid(contents)))


def _read_value(data: bytes, at: int, stop: int) -> SnmpValue | None:
    """The value that fills the binding up to `stop`. Numbers without a sign may come without their leading zero."""
    tag, at, end = head(data, at)
    if end != stop:
        raise NotSnmpError("a value that does not fill its binding")
    if tag == INTEGER or tag in _UNSIGNED:
        if end - at > _WIDEST_NUMBER:
            raise NotSnmpError("a number beyond 64 bits")
        return int.from_bytes(data[at:end], "big", signed=tag == INTEGER)
    if tag in _TEXTS:
        return data[at:end]
    if tag in _ABSENT:
        return None
    if tag == OBJECT:
        return _dotted(data[at:end])
    if tag == NULL:
        return b""
    raise UnknownTagError(f"a value with the tag {tag:#x}")


def parse_oid(text: str) -> Oid:
    """An object identifier written in numbers. Raises ValueError."""
    return tuple(map(int, text.split(".")))


def asked_for(names: Iterable[bytes]) -> bytes:
    """Bindings that ask for objects; the names are encoded with `oid`."""
    return b"".join([tlv(SEQUENCE, name + _NOTHING) for name in names])


def write_question(
    version: int, community: bytes, kind: int, request: int, bindings: bytes, numbers: tuple[int, int] = (0, 0)
) -> bytes:
    """A request; for GETBULK the numbers are non-repeaters and max-repetitions, otherwise zero."""
    first, second = numbers
    body = integer(request) + integer(first) + integer(second) + tlv(SEQUENCE, bindings)
    return tlv(SEQUENCE, integer(version) + tlv(OCTETS, community) + tlv(kind, body))


def tlv(tag: int, contents: bytes) -> bytes:
    """Tag, length, contents."""
    length = len(contents)
    if length < 0x80:
        return bytes((tag, length)) + contents
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + contents


def integer(value: int, tag: int = INTEGER) -> bytes:
    """An INTEGER, or one of the unsigned kinds by its tag."""
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return tlv(tag, value.to_bytes(size, "big", signed=True))


def oid(name: Oid) -> bytes:
    """An OBJECT IDENTIFIER."""
    contents = bytearray()
    for number in (name[0] * 40 + name[1], *name[2:]):
        part = [number & 0x7F]
        while number := number >> 7:
            part.append(number & 0x7F | 0x80)
        contents += bytes(reversed(part))
    return tlv(OBJECT, bytes(contents))


def write_answer(question: Question, bindings: Sequence[bytes] | bytes, status: int = 0, index: int = 0) -> bytes:
    """A response to a question; `bindings` are encoded ones, or the question's own list."""
    listed = bindings if isinstance(bindings, bytes) else b"".join(bindings)
    body = question.request + integer(status) + integer(index) + tlv(SEQUENCE, listed)
    message = integer(question.version) + tlv(OCTETS, question.community) + tlv(RESPONSE, body)
    return tlv(SEQUENCE, message)
