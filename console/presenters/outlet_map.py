"""Where a device hangs in the power tree, and the outlets beside its own."""

import math
from collections.abc import Sequence

from console.domain.inventory import Device, Feed
from console.presenters import formatting
from console.presenters.miners import Inventory
from console.presenters.places import natural
from console.presenters.source import SiteState
from drivers.core.points import POINTS
from widgets.view_models.device import OutletState, OutletView

BANKS = 4
"""Banks a PDU is drawn in when it does not say how its outlets are divided: those of the families we know."""

_CODES = {
    POINTS["outlet_state"].code("on"): OutletState.ON,
    POINTS["outlet_state"].code("off"): OutletState.OFF,
}


def outlet_view(state: SiteState, device: Device, inventory: Inventory) -> OutletView | None:
    """What feeds a device; None where the power tree does not say."""
    feed = next((feed for feed in state.site.feeds if feed.target == device.name), None)
    if feed is None:
        return None
    source, _, outlet = feed.source.rpartition("/")
    pdu = inventory.device_named(state, source or feed.source)
    row = None if pdu is None else state.row(pdu.id)
    parts = () if row is None else _outlets(state, row)
    if row is None or not source or outlet not in parts:
        title = f"{source}, outlet {outlet}" if source else feed.source
        return OutletView(title, "", (), _verified(feed))
    per_bank = -(-len(parts) // _banks(state, row))
    at = parts.index(outlet)
    bank = at // per_bank
    return OutletView(
        title=f"{source}, outlet {outlet}, bank {bank + 1}",
        note="feeds only this device" if _alone(state, feed) else "feeds several devices",
        facts=_facts(state, row, outlet, bank),
        verified=_verified(feed),
        banks=tuple(
            tuple(_code(state, row, part) for part in parts[start : start + per_bank])
            for start in range(0, len(parts), per_bank)
        ),
        own=(bank, at % per_bank),
    )


def _outlets(state: SiteState, row: int) -> tuple[str, ...]:
    return tuple(sorted((part for part, _ in state.frame.shape.parts(row, "outlet_state") if part), key=natural))


def _banks(state: SiteState, row: int) -> int:
    reported = sum(1 for part, _ in state.frame.shape.parts(row, "current") if part.startswith("bank"))
    return reported or BANKS


def _code(state: SiteState, row: int, part: str) -> int:
    return int(_CODES.get(state.frame.value(row, "outlet_state", part), OutletState.UNKNOWN))


def _facts(state: SiteState, row: int, outlet: str, bank: int) -> tuple[tuple[str, str], ...]:
    wanted: Sequence[tuple[str, str, str]] = (
        ("outlet", "outlet_state", outlet),
        ("", "outlet_power", outlet),
        ("", "current", outlet),
        (f"bank {bank + 1}", "current", f"bank {bank + 1}"),
    )
    return tuple(
        (label, formatting.value_with_unit(point, value))
        for label, point, part in wanted
        if math.isfinite(value := state.frame.value(row, point, part))
    )


def _verified(feed: Feed) -> str:
    if feed.verified is None:
        return "not verified"
    return f"verified {feed.verified.day} {formatting.month(feed.verified.month)} {feed.verified.year}"


def _alone(state: SiteState, feed: Feed) -> bool:
    return sum(1 for other in state.site.feeds if other.source == feed.source) == 1
