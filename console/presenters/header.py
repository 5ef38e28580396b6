"""The header strip: it stays in the present, whatever the time bar shows."""

import math
from dataclasses import dataclass

import numpy as np

from console.presenters import cases, formatting
from console.presenters.miners import Inventory
from console.presenters.source import Connection, Latency, SiteState
from widgets.view_models.common import AckState, SeverityCount
from widgets.view_models.shell import HeaderView, TopIncident

_WORST_FIRST = (AckState.NEW, AckState.RETURNED, AckState.ACKNOWLEDGED)


@dataclass(frozen=True, slots=True)
class User:
    """Who sits at this console."""

    name: str
    role: str


def header_view(state: SiteState, inventory: Inventory, latency: Latency, user: User, now: float) -> HeaderView:
    """Site, incidents, age of the data, automation, user and clock.

    Where nobody collects, the clocks of the incidents stand where the record ends.
    """
    age, note, stale = data_age(state, latency, now)
    at = state.frame.at if state.connection is Connection.CLOSED else now
    site = state.site
    top = next(iter(state.open_incidents()), None)
    return HeaderView(
        site=site.name,
        tier="" if site.contract is None else site.contract.tier.capitalize(),
        summary=summary(state, inventory),
        counts=severity_counts(state),
        top=None
        if top is None
        else TopIncident(str(top.id), cases.mark(top), top.title, cases.running_clock(top, site, at)),
        age=age,
        age_note=note,
        stale=stale,
        automation="OFF",
        automation_note="",
        user=user.name,
        role=user.role,
        clock=formatting.clock(now, site.zone),
        date=formatting.date_line(now, site.zone),
    )


def summary(state: SiteState, inventory: Inventory) -> str:
    """Like "10.2 MW rated, 2,912 miners, 14 tanks"."""
    places = inventory.places(state)
    parts = [f"{formatting.number(state.site.rated_mw, 1)} MW rated"] if state.site.rated_mw > 0 else []
    parts.append(formatting.count(len(places.miners), "miner"))
    if places.tanks:
        parts.append(formatting.count(len(places.tanks), "tank"))
    return ", ".join(parts)


def severity_counts(state: SiteState) -> tuple[SeverityCount, ...]:
    """Open incidents of severity 1 to 4, each with the worst of their acknowledgement states."""
    found: dict[int, list[AckState]] = {1: [], 2: [], 3: [], 4: []}
    for incident in state.incidents.values():
        if incident.state.is_open:
            found[int(incident.severity)].append(cases.acknowledgement(incident))
    return tuple(
        SeverityCount(severity, len(states), min(states, key=_WORST_FIRST.index, default=AckState.ACKNOWLEDGED))
        for severity, states in found.items()
    )


def data_age(state: SiteState, latency: Latency, now: float) -> tuple[str, str, bool]:
    """Age of the oldest fresh device data, the note beside it, and whether the site as a whole is stale."""
    frame = state.frame
    answered = frame.answered[np.isfinite(frame.answered)]
    if not len(answered):
        return formatting.NO_DATA, _no_data_note(state), state.connection is not Connection.STARTING
    stale = frame.stale(now)
    if bool(stale.all()):
        newest = formatting.age(now - float(answered.max()))
        return newest, f"stale {newest}", True
    oldest = float(np.nanmax(frame.age(now)[~stale]))
    note = f"p95 {formatting.number(latency.p95, 1)} s" if math.isfinite(latency.p95) else ""
    return formatting.age(oldest), note, False


def _no_data_note(state: SiteState) -> str:
    match state.connection:
        case Connection.STARTING:
            return "collector starting"
        case Connection.LIVE:
            return "waiting for the first poll"
        case Connection.LOST:
            return "collector lost"
        case Connection.CLOSED:
            return "no collector"
        case Connection.RECORDED:
            return "not on record"
