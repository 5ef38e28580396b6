"""Alarms: the state of a point against a rule (ISA-18.2). This page is the vocabulary; `alarm_evaluation` decides."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from uuid import UUID


class Severity(IntEnum):
    """1 is the worst. The number stands in the shape on the screen."""

    SEV1 = 1
    SEV2 = 2
    SEV3 = 3
    SEV4 = 4


class Condition(StrEnum):
    """The condition axis of an alarm. UNKNOWN (stale or missing data) is never NORMAL and resolves nothing."""

    NORMAL = "normal"
    PENDING_ON = "pending_on"
    ACTIVE = "active"
    PENDING_OFF = "pending_off"
    UNKNOWN = "unknown"


class Test(StrEnum):
    """How a rule compares."""

    ABOVE = "above"
    BELOW = "below"
    EQUALS = "equals"
    SILENT = "silent"
    """No good report for longer than the rule's number of poll periods."""
    FROZEN = "frozen"
    """The value has not changed for the on-delay although reports keep coming."""


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """One rule out of resources/alarms, checked at load.

    Attributes:
        id: Stable name, `miner-chip-temperature-high`.
        title: Sentence for the operator, with `{device}`, `{part}`, `{value}`, `{limit}`.
        category: One of the seven incident categories of the seeds, or "cooling" / "power" for plant.
        kinds: Device kinds the rule watches.
        point: The canonical point; empty for SILENT.
        per_part: Judge every part alone (outlet, bank) instead of the device's greatest.
        test: The comparison.
        limit: Fixed limit, in the unit of the point; beside `limit_from` it serves the models that name none there.
        limit_from: "alarm_high", "alarm_low" and the like of the profile, "target:0.95" for a share of the nominal, or
            "point:flow_minimum" for a limit that the device itself reports.
        deadband: Distance back inside the limit before the alarm may clear, in the unit of the point.
        on_delay: Seconds the condition must hold.
        off_delay: Seconds the condition must be gone.
        latched: Stays until an operator resets it.
        severity: For one device alone.
        direct_evidence: Names this alarm as a cause (pump tripped) rather than a consequence (chip hot).
        states: Device states in which the rule is judged (empty: all); an idle miner has no low-hashrate alarm.
        cause: What usually brings it about.
        consequence: What happens when nobody acts.
        action: What the operator does.
        display: Display that shows it.
        runbook: Runbook id, or "none".
        runbook_reason: Why there is no runbook; empty when there is one.
        guidance: What to do and what not, sentence by sentence, for the incident's guidance panel.
        clause: The same as `title` without the device, for the title of an incident; also knows `{share}`, the value
            as a percentage of the limit.
        plural: What several devices have in common under this rule: "miners unreachable".
        parts: Prefixes of the parts judged ("bank", "phase"); empty for all.
        missed_polls: Poll periods without a report before SILENT applies; it also waits at least `on_delay`.
        explained_by: Trees ("power", "cooling", "network") in which a fault above the device can bring this alarm
            about; the alarm then joins the incident of that fault. Empty: always the device's own.
        fed_only: Judge only the parts (outlets) that feed a device by the site's power tree.
    """

    id: str
    title: str
    category: str
    kinds: tuple[str, ...]
    point: str
    per_part: bool
    test: Test
    limit: float | None
    limit_from: str
    deadband: float
    on_delay: float
    off_delay: float
    latched: bool
    severity: Severity
    direct_evidence: bool
    states: tuple[str, ...]
    cause: str
    consequence: str
    action: str
    display: str
    runbook: str
    runbook_reason: str = ""
    guidance: tuple[str, ...] = ()
    clause: str = ""
    plural: str = ""
    parts: tuple[str, ...] = ()
    missed_polls: int = 3
    explained_by: tuple[str, ...] = ()
    fed_only: bool = False


@dataclass(frozen=True, slots=True)
class Alarm:
    """One occurrence of a rule on one device (and part). A new occurrence is a new alarm with its own times.

    Attributes:
        id: UUIDv7 of the occurrence.
        rule: Rule id.
        device: Whom it concerns.
        device_name: Its name at that time.
        part: Board, outlet, bank; empty for the whole device.
        severity: Highest seen in this occurrence.
        condition: Where it stands now; NORMAL without `cleared_at` is a latched alarm that waits for its reset.
        title: The rule's sentence with the numbers filled in.
        value: The value that raised it, in the unit of the point; None for SILENT.
        limit: The limit it broke.
        onset_at: UTC seconds of the first bad sample.
        raised_at: UTC seconds when the on-delay had passed.
        cleared_at: UTC seconds when the off-delay had passed; None while it stands.
        acknowledged_at: UTC seconds; None until then.
        acknowledged_by: Who.
        incident: The incident it belongs to; None before grouping.
    """

    id: UUID
    rule: str
    device: UUID
    device_name: str
    part: str
    severity: Severity
    condition: Condition
    title: str
    value: float | None
    limit: float | None
    onset_at: float
    raised_at: float
    cleared_at: float | None = None
    acknowledged_at: float | None = None
    acknowledged_by: str = ""
    incident: UUID | None = None
