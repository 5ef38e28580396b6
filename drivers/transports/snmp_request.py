"""What goes between the SNMP transport and its two clients: a request, and what came back."""

from dataclasses import dataclass

from drivers.core.errors import Malformed, TimedOut
from drivers.transports.snmp_ber import SnmpValue


@dataclass(frozen=True, slots=True)
class Request:
    """One question.

    Attributes:
        kind: `GET`, `GET_NEXT` or `GET_BULK` of the codec.
        oids: Object identifiers in numbers.
        numbers: Non-repeaters and max-repetitions of GETBULK.
    """

    kind: int
    oids: tuple[str, ...]
    numbers: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Found:
    """The answer.

    Attributes:
        status: Error status; 0 for none (RFC 3416, 3).
        index: Position of the object that caused it, from 1.
        bindings: Names and values; None is an object that the agent does not have.
    """

    status: int
    index: int
    bindings: list[tuple[str, SnmpValue | None]]


def silence(place: str, waited: float, damaged: bytes) -> TimedOut | Malformed:
    """Why a request has no answer: nothing came, or only what is no SNMP."""
    if damaged:
        return Malformed(place, "the answer is no SNMP", damaged)
    return TimedOut(place, f"no answer within {waited:g} s; off, or the community or port is wrong")
