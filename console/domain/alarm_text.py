"""How a rule's sentence is filled with names and numbers."""

from console.domain.alarms import AlarmRule
from drivers.core.points import POINTS, PointKind, Unit

WRITTEN_UNITS = {Unit.CELSIUS: "°C", Unit.RATIO: "", Unit.CODE: "", Unit.COUNT: ""}
"""Units that an operator writes in another way than the canonical name, or not at all."""

FIELDS = frozenset({"device", "part", "value", "limit", "share"})
"""The placeholders a rule's texts may use."""


def quantity(point: str, value: float | None) -> str:
    """A value with its unit and no more digits than the point carries; the name of an enumeration's code."""
    if value is None:
        return "no data"
    if point not in POINTS:
        return f"{value:g}"
    known = POINTS[point]
    if known.kind is PointKind.ENUMERATION:
        code = int(value)
        return known.codes[code] if 0 <= code < len(known.codes) else f"code {code}"
    digits = 0 if known.quantum >= 1 or abs(value) >= 1000 else 1 if known.quantum >= 0.1 or abs(value) >= 10 else 2
    unit = WRITTEN_UNITS.get(known.unit, known.unit.value)
    return f"{value:,.{digits}f} {unit}".rstrip()


def sentence(
    text: str, rule: AlarmRule, device: str = "", part: str = "", value: float | None = None, limit: float | None = None
) -> str:
    """A rule's text with its placeholders filled; the part is written as the driver names it."""
    share = "" if value is None or not limit else f"{100 * value / limit:.0f} %"
    filled = text.format(
        device=device, part=part, value=quantity(rule.point, value), limit=quantity(rule.point, limit), share=share
    )
    return " ".join(filled.split())
