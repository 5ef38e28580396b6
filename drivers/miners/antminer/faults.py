"""What a stock Antminer says is wrong with it: codes of its second web server, and the marks in its web pages."""

from collections.abc import Iterator, Sequence
from typing import Final

from drivers.core.miner_options import FaultCode, MinerOptions
from drivers.miners.reply import Fields, objects, text

_FINE: Final = frozenset({"", "s", "ok", "none", "normal"})
MOST: Final = 32
"""Faults that are kept."""


def faults_told(
    options: MinerOptions, summary: Fields, data: Fields, warned: tuple[FaultCode, ...] | None
) -> tuple[FaultCode, ...] | None:
    """Every fault that stands; None where the firmware does not tell of faults at all.

    Args:
        options: Meanings of the codes.
        summary: The `summary`, which may carry a list of checks, each with `s` where all is well.
        data: The `stats`, which may carry the power supply's own word.
        warned: Faults of the second web server; None where it does not tell.
    """
    checks = objects(summary.get("status"))
    supply = data.get("psu")
    if warned is None and not checks and not isinstance(supply, dict):
        return None
    found = list(warned or ())
    found += _failed(checks)
    if isinstance(supply, dict) and text(supply.get("status")).casefold() not in _FINE:
        found.append(FaultCode("psu", text(supply.get("status")), stops=False))
    return tuple(found[:MOST])


def faults_of(options: MinerOptions, raw: object) -> tuple[FaultCode, ...]:
    """The faults in an `error_message`: one code or several, or `None` where there is none."""
    items = raw if isinstance(raw, list) else text(raw).replace(";", ",").split(",")
    codes = [text(item) for item in items[:MOST]]
    return tuple(options.fault(code) for code in dict.fromkeys(codes) if code.casefold() not in _FINE)


def _failed(checks: Sequence[Fields]) -> Iterator[FaultCode]:
    for check in checks:
        verdict = text(check.get("status")).casefold()
        if "status" in check and verdict not in _FINE:
            message = text(check.get("msg")) or f"status {verdict}"
            yield FaultCode(text(check.get("type")) or "check", message, stops=False)
