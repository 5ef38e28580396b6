"""Frames on the wire: four bytes of length (big endian), then one msgpack message.

Shapes travel packed: layouts that many devices share are sent once, because a site of 20,000 miners has a handful
of layouts and some hundred thousand series.
"""

from collections.abc import Iterator
from typing import TypeAlias
from uuid import UUID

import msgspec
import numpy as np

from console.link.messages import (
    MAX_FRAME,
    AlarmsChanged,
    DevicesChanged,
    DeviceShape,
    FromCollector,
    FromConsole,
    Heartbeat,
    IncidentsChanged,
    Message,
    Refusal,
    Reply,
    Shape,
    Snapshot,
    Welcome,
)
from drivers.core.reading import Signal

HEADER_BYTES = 4

MAX_REQUEST = 1024 * 1024
"""Bytes. What a console sends is small; a longer frame from there closes that console."""


class FrameError(Exception):
    """What the other side sent cannot be read; the text says why. The connection is of no further use."""


class OversizedFrame(FrameError):
    """A frame announces more bytes than this side takes."""


class GarbageFrame(FrameError):
    """A frame holds no message of this protocol."""


class PackedShape(Message, frozen=True, tag=True):
    """A `Shape` as it travels.

    Attributes:
        layouts: Each distinct sequence of series once.
        devices: 16 bytes for each row.
        layout: uint32 for each row, an index into `layouts`.
        start: int64 for each row.
        period: float64 for each row, seconds.
    """

    revision: int
    series: int
    layouts: tuple[tuple[Signal, ...], ...]
    devices: bytes
    layout: bytes
    start: bytes
    period: bytes


WireFromCollector: TypeAlias = (
    Welcome | PackedShape | Snapshot | AlarmsChanged | IncidentsChanged | DevicesChanged | Heartbeat | Reply | Refusal
)

_encoder = msgspec.msgpack.Encoder()
_from_console: msgspec.msgpack.Decoder[FromConsole] = msgspec.msgpack.Decoder(FromConsole)
_from_collector: msgspec.msgpack.Decoder[WireFromCollector] = msgspec.msgpack.Decoder(WireFromCollector)


def frame(message: FromConsole | FromCollector | PackedShape | Refusal) -> bytes:
    """One message as it goes over the wire, header included."""
    body = _encoder.encode(pack(message) if isinstance(message, Shape) else message)
    return len(body).to_bytes(HEADER_BYTES, "big") + body


def read_from_console(body: bytes | bytearray | memoryview) -> FromConsole:
    """A console's message; raises `GarbageFrame`."""
    try:
        return _from_console.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise GarbageFrame(f"not a message of a console: {error}") from error


def read_from_collector(body: bytes | bytearray | memoryview) -> FromCollector | Refusal:
    """A collector's message; raises `GarbageFrame`."""
    try:
        message = _from_collector.decode(body)
        return unpack(message) if isinstance(message, PackedShape) else message
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, IndexError) as error:
        raise GarbageFrame(f"not a message of a collector: {error}") from error


def pack(shape: Shape) -> PackedShape:
    """The shape with every distinct layout once."""
    numbers: dict[tuple[Signal, ...], int] = {}
    seen: dict[int, int] = {}
    layout: list[int] = []
    for row in shape.rows:
        number = seen.get(id(row.signals))
        if number is None:
            number = numbers.setdefault(row.signals, len(numbers))
            seen[id(row.signals)] = number
        layout.append(number)
    return PackedShape(
        revision=shape.revision,
        series=shape.series,
        layouts=tuple(numbers),
        devices=b"".join(row.device.bytes for row in shape.rows),
        layout=np.array(layout, "<u4").tobytes(),
        start=np.array([row.start for row in shape.rows], "<i8").tobytes(),
        period=np.array([row.period for row in shape.rows], "<f8").tobytes(),
    )


def unpack(packed: PackedShape) -> Shape:
    """The shape as the rest of the program reads it; rows of one layout share one tuple of signals."""
    layouts = packed.layouts
    numbers = np.frombuffer(packed.layout, "<u4").tolist()
    starts = np.frombuffer(packed.start, "<i8").tolist()
    periods = np.frombuffer(packed.period, "<f8").tolist()
    devices = packed.devices
    if len(devices) != 16 * len(numbers) or not len(numbers) == len(starts) == len(periods):
        raise ValueError("the columns of a shape differ in length")
    return Shape(
        packed.revision,
        packed.series,
        tuple(
            DeviceShape(UUID(bytes=devices[16 * at : 16 * at + 16]), periods[at], starts[at], layouts[number])
            for at, number in enumerate(numbers)
        ),
    )


class FrameSplitter:
    """Cuts a stream of bytes into the bodies of frames."""

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._limit = limit
        self._bytes = bytearray()

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[bytes]:
        """Take in what arrived and give the bodies that are complete now.

        Raises:
            OversizedFrame: A header announces more than the limit.
        """
        self._bytes += data
        while len(self._bytes) >= HEADER_BYTES:
            length = int.from_bytes(self._bytes[:HEADER_BYTES], "big")
            if length > self._limit:
                raise OversizedFrame(f"a frame of {length} bytes; at most {self._limit} are taken")
            end = HEADER_BYTES + length
            if len(self._bytes) < end:
                return
            body = bytes(self._bytes[HEADER_BYTES:end])
            del self._bytes[:end]
            yield body

    def rest(self) -> bytes:
        """Take out what has arrived of a frame that is not complete yet."""
        data = bytes(self._bytes)
        self._bytes.clear()
        return data
