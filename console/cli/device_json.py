"""Devices and readings as the commands write them (names that outside programs rely on)."""

from datetime import UTC, datetime

from drivers.core.errors import DeviceError
from drivers.core.identity import Address, Identity
from drivers.core.points import POINTS
from drivers.core.reading import Reading


def device(address: Address, identity: Identity | None) -> dict[str, str | None]:
    """One device as `scan` and `poll` report it; what it did not say is null."""
    found: dict[str, str | None] = {"address": str(address)}
    for name in ("kind", "make", "model", "firmware", "mac", "serial", "profile"):
        value = getattr(identity, name) if identity is not None else ""
        found[name] = str(value) or None
    return found


def reading(item: Reading) -> dict[str, object]:
    """One reading; an enumeration carries the name of its value, and its stored code beside it."""
    names = POINTS[item.point].codes
    value: float | str | None = None if item.value is None else round(item.value, 6)
    written: dict[str, object] = {"point": item.point, "part": item.part}
    if names:
        written["code"] = None if item.value is None else int(item.value)
        value = None if item.value is None else names[int(item.value)]
    return written | {
        "value": value,
        "unit": item.unit.value,
        "quality": item.quality.name.lower(),
        "source": item.source.value,
    }


def failure(error: DeviceError) -> dict[str, str]:
    """An error by its name in the vocabulary, and one sentence."""
    return {"type": type(error).__name__, "text": error.text}


def moment(at: float) -> str:
    """UTC seconds as ISO 8601."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
