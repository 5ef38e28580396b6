"""Where the missing hashrate is: each miner's shortfall counted once, with the root cause it belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from console.domain.incidents import Incident
from console.domain.telemetry import Floats, Indices
from console.presenters import formatting
from console.presenters.frame import Flags
from console.presenters.miners import Inventory, MinerFigures, members, total
from console.presenters.places import Places
from console.presenters.source import SiteState
from drivers.core.identity import DeviceKind
from widgets.view_models.site import LossPart, LossView

_NAMED_INCIDENTS = 3
_SHORT = 24
_VISIBLE_SHARE = 0.002
_FULL_SHARE = 0.999
"""A site within a thousandth of its target misses nothing."""


@dataclass(frozen=True, slots=True)
class Loss:
    """One cause and what it costs, TH/s."""

    label: str
    amount: float
    pattern: str


def loss_view(state: SiteState, inventory: Inventory, now: float) -> LossView:
    """Target minus actual hashrate, by root cause."""
    figures = inventory.figures(state, now)
    target = site_target(state, figures)
    actual = total(np.where(figures.missing, np.nan, figures.hashrate))
    if not target > 0:
        return LossView("Missing hashrate", "", "", (), "No target is set. Give the site a target_hashrate.")
    if not np.isfinite(actual):
        return LossView("Missing hashrate", "", "", (), "No miner reports a hashrate yet.")
    missing = target - actual
    if actual >= _FULL_SHARE * target:
        against = f"target {formatting.hashrate_text(target)}, {state.tense} {formatting.hashrate_text(actual)}"
        return LossView("Missing hashrate", against, "", (), "Nothing is missing")
    causes = by_cause(state, inventory, figures, missing)
    return LossView(
        title=f"Where the {formatting.hashrate_beside(missing, target)} are",
        note=f"target {formatting.hashrate_text(target)} minus {formatting.hashrate_text(actual)}",
        right=_right(state, inventory, missing, now),
        parts=_parts(causes, target),
    )


def site_target(state: SiteState, figures: MinerFigures) -> float:
    """TH/s: the site's own target, else what its miners should give together."""
    if state.site.target_hashrate > 0:
        return state.site.target_hashrate
    return total(figures.expected)


def by_cause(state: SiteState, inventory: Inventory, figures: MinerFigures, missing: float) -> list[Loss]:
    """Losses by cause; their sum is `missing`. A miner in several incidents counts in the first of them."""
    places = inventory.places(state)
    shortfall = figures.shortfall
    taken = np.zeros(len(shortfall), np.bool_)
    incidents: list[Loss] = []
    for incident in state.open_incidents():
        inside = _reach(state, places, incident)
        inside = inside[~taken[inside]]
        taken[inside] = True
        amount = float(shortfall[inside].sum())
        if amount > 0:
            incidents.append(Loss(f"{incident.label} {_short(incident)}", amount, "solid"))
    incidents.sort(key=lambda loss: loss.amount, reverse=True)
    named, rest = incidents[:_NAMED_INCIDENTS], incidents[_NAMED_INCIDENTS:]
    losses = [*named]
    if rest:
        losses.append(Loss(f"{len(rest)} other incidents", sum(loss.amount for loss in rest), "light"))
    losses.extend(_outside_incidents(figures, shortfall, taken))
    known = sum(loss.amount for loss in losses)
    if missing > known:
        losses.append(Loss("boards and tuning", missing - known, "dim"))
    elif known > 0:
        # Some miners give more than expected and make up for a part of what the others miss.
        losses = [Loss(loss.label, loss.amount * missing / known, loss.pattern) for loss in losses]
    return losses


def _reach(state: SiteState, places: Places, incident: Incident) -> Indices:
    """The miners of an incident; where a cooling plant is the cause, all that its loops cool.

    A tripped pump slows miners down long before each of them is bad enough for an alarm of its own.
    """
    inside = members(places, incident.devices)
    cause = state.devices.get(incident.devices[0]) if incident.devices else None
    if cause is None or cause.kind is not DeviceKind.PLANT:
        return inside
    loops = {loop.name for loop in state.site.loops if cause.name in loop.plant}
    cooled = [tank.miners for tank in places.tanks if tank.loop in loops]
    return np.unique(np.concatenate([inside, *cooled]))


def _short(incident: Incident) -> str:
    """The cause where it is a clause, else the place: the bar has no room for sentences."""
    if incident.cause and len(incident.cause) <= _SHORT:
        return incident.cause
    return incident.where.partition(",")[0] or incident.category


def _outside_incidents(figures: MinerFigures, shortfall: Floats, taken: Flags) -> list[Loss]:
    losses = []
    for label, which, pattern in (
        ("not hashing", figures.resting & ~taken, "light"),
        ("unreachable", figures.missing & ~taken, "hatch"),
    ):
        amount = float(shortfall[which].sum())
        if amount > 0:
            losses.append(Loss(f"{label}, {int(np.count_nonzero(which))}", amount, pattern))
    return losses


def _parts(causes: Sequence[Loss], target: float) -> tuple[LossPart, ...]:
    whole = sum(loss.amount for loss in causes)
    patterns = iter(("solid", "light"))
    parts = []
    for loss in causes:
        share = loss.amount / whole
        if share < _VISIBLE_SHARE:
            continue
        pattern = next(patterns, "light") if loss.pattern == "solid" else loss.pattern
        parts.append(LossPart(loss.label, formatting.hashrate_beside(-loss.amount, target), share, pattern))
    return tuple(parts)


def _right(state: SiteState, inventory: Inventory, missing: float, now: float) -> str:
    """How many miners stand behind it."""
    figures = inventory.figures(state, now)
    short = int(np.count_nonzero(figures.shortfall > 0.05 * np.nan_to_num(figures.expected)))
    share = 100.0 * missing / site_target(state, figures)
    return f"{formatting.percent(share, 1)} of target, {formatting.count(short, 'miner')} more than 5 % short"
