"""The part of BER and of SNMP v1/v2c messages that an agent needs (RFC 1157, RFC 3416)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

Oid: TypeAlias = tuple[int, ...]

INTEGER: Final = 0x02
OCTETS: Final = 0x04
NULL: Final = 0x05
OBJECT: Final = 0x06
SEQUENCE: Final = 0x30
COUNTER: Final = 0x41
GAUGE: Final = 0x42
TICKS: Final = 0x43
NO_SUCH_OBJECT: Final = 0x80
NO_SUCH_INSTANCE: Final = 0x81
END_OF_VIEW: Final = 0x82
GET: Final = 0xA0
GET_NEXT: Final = 0xA1
RESPONSE: Final = 0xA2
SET: Final = 0xA3
GET_BULK: Final = 0xA5


class NotSnmpError(ValueError):
    """The datagram is no SNMP v1 or v2c question."""


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
    top = min(numbers[0] // 40, 2)
    return (top, numbers[0] - 40 * top, *numbers[1:])


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
