"""The status line: the console and its collector on themselves."""

import math

from console.presenters import formatting
from console.presenters.source import CollectorHealth, Connection, Latency, SiteState
from drivers.core.identity import DeviceKind
from widgets.view_models.shell import StatusItem, StatusView

SLOW_LOOP_SECONDS = 0.5
SLOW_SCREEN_SECONDS = 2.0
STRETCHED = 1.02
"""Above this the poll period is longer than configured, and the line says so."""

_KINDS = (
    (DeviceKind.MINER, "miners"),
    (DeviceKind.PDU, "PDUs"),
    (DeviceKind.PLANT, "plant"),
    (DeviceKind.METER, "meters"),
)
_CONNECTION_WORDS = {
    Connection.STARTING: "starting",
    Connection.LIVE: "running",
    Connection.LOST: "lost",
    Connection.CLOSED: "none, reading the folder only",
    Connection.RECORDED: "as recorded",
}


def status_view(state: SiteState, latency: Latency, alarm_rate: int, now: float, locked: str = "") -> StatusView:
    """Tick, collector, polls, losses, store, latency, and at the right edge the alarms of the last 10 minutes.

    `locked` says why nothing can be done to what is shown, and then stands at the right edge instead.
    """
    if state.connection is Connection.CLOSED:
        return StatusView(_offline_items(state, locked))
    right = StatusItem("Alarm rate", f"{formatting.number(alarm_rate)} in 10 min", abnormal=alarm_rate >= 10)
    if locked:
        right = StatusItem("", "Controls are locked in PAST; alarms above stay live", tip=locked)
    items = (
        StatusItem("Console alive", f"tick {formatting.number(state.frame.tick)}", tip="Grows with every snapshot."),
        _collector(state),
        StatusItem("Poll", polled(state.health), abnormal=state.health.stretch > STRETCHED, tip=_poll_tip(state)),
        _lost(state.health),
        _store(state.health),
        _screen(latency),
        right,
    )
    return StatusView(items)


def _offline_items(state: SiteState, locked: str) -> tuple[StatusItem, ...]:
    """A folder that nobody collects: whose record, how far it goes, and that nothing can be changed."""
    zone = state.site.zone
    return (
        StatusItem("Collector", _CONNECTION_WORDS[state.connection], tip=f"folder {state.folder}"),
        StatusItem("Folder", state.folder),
        StatusItem(
            "Record ends", f"{formatting.date_line(state.frame.at, zone)} {formatting.clock(state.frame.at, zone)}"
        ),
        StatusItem("", "Read only", tip=locked),
    )


def _collector(state: SiteState) -> StatusItem:
    word = _CONNECTION_WORDS[state.connection]
    lag = state.health.loop_lag
    slow = state.connection is Connection.LIVE and lag > SLOW_LOOP_SECONDS
    text = f"{word}, {formatting.number(lag, 1)} s behind" if slow else word
    abnormal = slow or state.connection is Connection.LOST
    return StatusItem("Collector", text, abnormal, tip=f"folder {state.folder}")


def polled(health: CollectorHealth) -> str:
    """Like "2,896 of 2,912 miners, 28 of 28 PDUs", and the stretch when the period is longer than configured."""
    parts = [
        f"{formatting.number(health.answered.get(kind.value, 0))} of {formatting.number(known)} {word}"
        for kind, word in _KINDS
        if (known := health.known.get(kind.value, 0))
    ]
    if health.stretch > STRETCHED:
        parts.append(f"period stretched {formatting.number(health.stretch, 2)} times")
    return ", ".join(parts) or "nothing yet"


def _poll_tip(state: SiteState) -> str:
    health = state.health
    return (
        f"{formatting.number(health.polls_per_second, 1)} polls/s, {formatting.number(health.in_flight)} of at most "
        f"{formatting.number(health.in_flight_cap)} in flight, {formatting.number(health.polls)} polls and "
        f"{formatting.number(health.failures)} failures since the collector started"
    )


def _lost(health: CollectorHealth) -> StatusItem:
    answered = health.polls - health.failures
    share = 100.0 * health.lost / answered if answered > 0 else 0.0
    text = formatting.percent(share, 1)
    if health.gap_seconds >= 1:
        text = f"{text}, gap {formatting.age(health.gap_seconds)}"
    tip = f"{formatting.number(health.lost)} answered polls did not reach the store"
    return StatusItem("Lost", text, abnormal=health.lost > 0, tip=tip)


def _store(health: CollectorHealth) -> StatusItem:
    if health.store_error:
        return StatusItem("Store", "not writing", abnormal=True, tip=health.store_error)
    return StatusItem("Store", formatting.size(health.store_bytes), tip=f"{health.stored_samples:,} samples stored")


def _screen(latency: Latency) -> StatusItem:
    if not math.isfinite(latency.p95):
        return StatusItem("Screen", "nothing painted yet")
    text = f"p50 {formatting.number(latency.p50, 1)} s, p95 {formatting.number(latency.p95, 1)} s"
    tip = (
        "From the arrival of a reply to the end of the paint that shows it; "
        f"{formatting.number(latency.readings)} replies, slowest {formatting.number(latency.greatest, 1)} s."
    )
    return StatusItem("Screen", text, abnormal=latency.p95 > SLOW_SCREEN_SECONDS, tip=tip)


def recent_alarms(state: SiteState, now: float, window: float = 600.0) -> int:
    """Alarms raised in the last `window` seconds."""
    return sum(1 for alarm in state.alarms.values() if 0 <= now - alarm.raised_at <= window)
