"""A few devices with live columns and one rule each, to play values against the evaluator."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import uuid4

from console.domain.alarm_evaluation import AlarmEvaluator
from console.domain.alarms import Alarm, AlarmRule, Severity
from console.domain.alarms import Test as Comparison
from console.domain.inventory import Device, Site
from console.domain.telemetry import LiveColumns
from drivers.core.identity import Address, DeviceKind
from drivers.core.profile import Evidence, Limits, Model, Profile
from drivers.core.reading import DeviceState, Layout, Quality, Report, Signal

PERIOD = 5.0
START = 10_000.0

HOT = AlarmRule(
    id="hot",
    title="{device}: chip {value}, limit {limit}",
    category="thermal",
    kinds=("miner",),
    point="chip_temp",
    per_part=False,
    test=Comparison.ABOVE,
    limit=75.0,
    limit_from="",
    deadband=2.0,
    on_delay=30.0,
    off_delay=60.0,
    latched=False,
    severity=Severity.SEV4,
    direct_evidence=False,
    states=(),
    cause="c",
    consequence="c",
    action="a",
    display="device",
    runbook="none",
    runbook_reason="r",
    clause="chip {value}",
    plural="hot miners",
)
SILENT = replace(
    HOT, id="silent", point="", test=Comparison.SILENT, limit=None, on_delay=60.0, off_delay=10.0, title="{device}"
)

MODEL = Model("Antminer S19 XP", 140.0, 3010.0, 3, 110, 22, "air")
PROFILE = Profile(
    "antminer-stock", DeviceKind.MINER, "Bitmain", "t", "cgminer", 4028, "antminer", "s", Evidence.DOCUMENTED,
    {"chip_temp": Limits(alarm_high=75.0, trip_high=80.0)}, (MODEL,),
)  # fmt: skip


class Plant:
    """Devices named D0, D1, ... of one kind and layout under one or more rules."""

    def __init__(
        self,
        *rules: AlarmRule,
        signals: tuple[Signal, ...] = (Signal("chip_temp"),),
        devices: int = 1,
        kind: str = "miner",
    ) -> None:
        self.now = START
        self.layout = Layout(signals)
        self.columns = LiveColumns()
        self.devices = tuple(
            Device(uuid4(), f"D{at}", DeviceKind(kind), Address("127.0.0.1", 1), "antminer-stock", model=MODEL.match)
            for at in range(devices)
        )
        self.site = Site(uuid4(), "S", "UTC", 1.0, 1.0, self.devices)
        self.rules = rules
        self.profiles: Mapping[str, Profile] = {PROFILE.id: PROFILE}
        for one in self.devices:
            self.columns.add(one.id, PERIOD)
        self.evaluator = self.fresh_evaluator()

    def fresh_evaluator(self) -> AlarmEvaluator:
        return AlarmEvaluator(self.rules, self.site, self.profiles, self.columns)

    def report(self, *values: float, device: int = 0, state: DeviceState = DeviceState.HASHING) -> None:
        quality = bytes(Quality.NOT_REPORTED if value != value else Quality.GOOD for value in values)
        row = self.columns.row(self.devices[device].id)
        self.columns.ingest(row, Report(self.now - 0.1, self.now, state, self.layout, values, quality))

    def lose(self, device: int = 0) -> None:
        row = self.columns.row(self.devices[device].id)
        self.columns.lose(row, Quality.UNREACHABLE, DeviceState.UNREACHABLE)

    def step(self, seconds: float = PERIOD) -> list[Alarm]:
        self.now += seconds
        return self.evaluator.evaluate(self.now)

    def play(self, value: float, seconds: float) -> list[Alarm]:
        """Report one value every period for so long; returns everything told."""
        told: list[Alarm] = []
        for _ in range(round(seconds / PERIOD)):
            self.now += PERIOD
            self.report(*([value] * len(self.layout)))
            told += self.evaluator.evaluate(self.now)
        return told

    def play_silence(self, seconds: float) -> list[Alarm]:
        """No report for so long."""
        told: list[Alarm] = []
        for _ in range(round(seconds / PERIOD)):
            told += self.step()
        return told
