"""The few encoding rules of SNMP that an agent for tests needs (X.690; RFC 3416): written apart from the client."""

from collections.abc import Iterable, Iterator

SEQUENCE = 0x30
INTEGER = 0x02
OCTETS = 0x04
NULL = 0x05
OID = 0x06
UNSIGNED = {0x41, 0x42, 0x43, 0x46}
"""Counter32, Gauge32, TimeTicks, Counter64."""


def element(tag: int, content: bytes) -> bytes:
    """One element with its length."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements that follow each other in the data; raises ValueError when one is cut."""
    at = 0
    while at < len(data):
        if at + 2 > len(data):
            raise ValueError("an element is cut")
        tag, size, at = data[at], data[at + 1], at + 2
        if size & 0x80:
            width = size & 0x7F
            size = int.from_bytes(data[at : at + width], "big")
            at += width
        if at + size > len(data):
            raise ValueError("an element is cut")
        yield tag, data[at : at + size]
        at += size


def integer(value: int, tag: int = INTEGER) -> bytes:
    """A whole number in the fewest octets."""
    width = max(1, value.bit_length() // 8 + 1)
    return element(tag, value.to_bytes(width, "big", signed=True))


def whole(content: bytes) -> int:
    """The whole number in the content of an element."""
    return int.from_bytes(content, "big", signed=True)


def identifier(parts: Iterable[int]) -> bytes:
    """An object identifier."""
    first, second, *rest = parts
    content = bytearray(_base128(first * 40 + second))
    for part in rest:
        content += _base128(part)
    return element(OID, bytes(content))


def _base128(value: int) -> bytes:
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.append(value & 0x7F | 0x80)
    return bytes(reversed(octets))


def parts(content: bytes) -> tuple[int, ...]:
    """The numbers of an object identifier."""
    numbers: list[int] = []
    value = 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(value)
            value = 0
    head = numbers[0]
    first = min(head // 40, 2)
    return (first, head - first * 40, *numbers[1:])
