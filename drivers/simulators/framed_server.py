"""Framed questions for personalities: four bytes of length, little endian, then the body; the connection stays.

Source: Whatsminer API version 3, port 4433.
"""

import asyncio
from typing import Final

from drivers.simulators.conduct import Resident
from drivers.simulators.personality import Wire
from drivers.simulators.wire_server import Answer, Senseless, WireConnection, WireServer

LONGEST_BODY: Final = 1 << 20
_LENGTH: Final = 4


class FramedConnection(WireConnection[bytes]):
    """One connection of any number of questions."""

    wire = Wire.FRAMED

    def take(self, heard: bytearray) -> bytes | None:
        """The body of the next frame. Raises `Senseless` for a length that no question has."""
        if len(heard) < _LENGTH:
            return None
        length = int.from_bytes(heard[:_LENGTH], "little")
        if not 0 < length <= LONGEST_BODY:
            raise Senseless
        if len(heard) < _LENGTH + length:
            return None
        body = bytes(heard[_LENGTH : _LENGTH + length])
        del heard[: _LENGTH + length]
        return body

    def answer(self, resident: Resident, question: bytes) -> Answer:
        """The personality's body in a frame of its own."""
        body = resident.personality.framed(resident.miner, question)
        return Answer(len(body).to_bytes(_LENGTH, "little") + body, closes=False)


class FramedServer(WireServer):
    """Serves the framed wire of any number of virtual miners."""

    def connection(self) -> asyncio.Protocol:
        """A protocol for one new connection."""
        return FramedConnection(self)
