"""CGMiner's protocol for personalities: one question, one answer, end of connection."""

import asyncio
from typing import Final

import orjson

from drivers.simulators.conduct import Resident
from drivers.simulators.personality import Wire
from drivers.simulators.wire_server import Answer, WireConnection, WireServer

LONGEST_QUESTION: Final = 1 << 20
_PADDING: Final = b"\x00\r\n\t "


class TextConnection(WireConnection[bytes]):
    """One connection: its question ends where its JSON does, or with its first bytes when it is none."""

    wire = Wire.TEXT

    def take(self, heard: bytearray) -> bytes | None:
        """The question; a plain word such as `version` is one too."""
        text = bytes(heard).strip(_PADDING)
        if not text or (text.startswith(b"{") and len(heard) < LONGEST_QUESTION and not _is_json(text)):
            return None
        heard.clear()
        return text

    def answer(self, resident: Resident, question: bytes) -> Answer:
        """The personality's bytes as they are."""
        return Answer(resident.personality.text(resident.miner, question), closes=True)


class TextServer(WireServer):
    """Serves the text wire of any number of virtual miners."""

    def connection(self) -> asyncio.Protocol:
        """A protocol for one new connection."""
        return TextConnection(self)


def _is_json(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
