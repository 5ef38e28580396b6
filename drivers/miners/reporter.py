"""From what a family's parser understood to a report: one layout that only grows, qualities, units made plausible."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from drivers.core.device import Tier
from drivers.core.profile import Limits, Model, Profile
from drivers.core.reading import DeviceState, Layout, Quality, Report, Signal, Source
from drivers.miners.reply import ABSURD

PLAUSIBLE: Final = 1.6
"""A rate above this multiple of the nominal one carries a wrong unit."""
SLIP: Final = 1000.0
"""By how much firmware errs when it changes a unit: MH for GH, GH for TH."""
_RATES: Final = frozenset({"hashrate", "hashrate_avg"})


@dataclass(slots=True)
class Understood:
    """What a parser understood of one miner's answers, in the units of the points.

    Attributes:
        state: What the miner is doing.
        readings: Value by signal; NaN (or left out) where the answer does not hold it. A value that the firmware
            does not know is never 0.
        texts: Facts that are no numbers. Keys with a meaning: `model`, `firmware`, `pool`, `worker`, `fee_pool`,
            `power_mode`, `faults` (codes or sentences, joined with `; `), `serial.<board>`.
        suspect: Signals whose value came, but is doubtful.
        repaired: Whether the answer was cut or needed repair.
    """

    state: DeviceState = DeviceState.UNKNOWN
    readings: dict[Signal, float] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    suspect: set[Signal] = field(default_factory=set)
    repaired: bool = False

    def put(self, point: str, value: float, part: str = "", source: Source = Source.MEASURED) -> None:
        """Take one value, or NaN."""
        self.readings[Signal(point, part, source)] = value

    def value(self, point: str, part: str = "") -> float:
        """What was taken of a point; NaN where nothing was."""
        own = (signal for signal in self.readings if signal.point == point and signal.part == part)
        signal = next(own, None)
        return math.nan if signal is None else self.readings[signal]

    def tell(self, name: str, text: str) -> None:
        """Take a fact that is no number, unless it is empty."""
        if text:
            self.texts[name] = text


class Reporter:
    """Makes one miner's reports. Keeps its layout between polls: a board that was seen once does not vanish."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._limits = tuple(sorted(profile.limits.items()))
        self._signals: dict[tuple[str, str], Signal] = {}
        self._slow: set[tuple[str, str]] = set()
        self._layout = Layout(())
        self._lows: tuple[float, ...] = ()
        self._highs: tuple[float, ...] = ()
        self._model: Model | None = None

    def report(self, understood: Understood, tier: Tier, asked: float, answered: float) -> Report:
        """Lay out what was understood; `asked` and `answered` are UTC seconds."""
        reported = understood.texts.get("model", "")
        if reported:
            self._model = self._profile.model(reported)
        self._complete(understood)
        self._grow(understood.readings, tier)
        known = {(signal.point, signal.part): value for signal, value in understood.readings.items()}
        doubtful = {(signal.point, signal.part) for signal in understood.suspect}
        corrected = _plausible(known)
        values: list[float] = []
        quality = bytearray()
        fine = Quality.PARTIAL if understood.repaired else Quality.GOOD
        for key, low, high in zip(self._layout.index, self._lows, self._highs, strict=True):
            value = known.get(key, math.nan)
            if not -ABSURD <= value <= ABSURD:
                code = Quality.NOT_POLLED if tier is Tier.FAST and key in self._slow else Quality.NOT_REPORTED
                value = math.nan
            elif key in doubtful or key in corrected or not low <= value <= high:
                code = Quality.SUSPECT
            else:
                code = fine
            values.append(value)
            quality.append(code)
        return Report(asked, answered, understood.state, self._layout, values, bytes(quality), dict(understood.texts))

    def _complete(self, understood: Understood) -> None:
        """Nameplate figures where the miner tells none, and the efficiency where its power is no nameplate."""
        readings, model = understood.readings, self._model
        found = {(signal.point, signal.part): signal for signal in readings}
        if model is not None and not _is_number(readings, found.get(("hashrate_nominal", ""))):
            understood.put("hashrate_nominal", model.hashrate, source=Source.NAMEPLATE)
        power = found.get(("power", ""))
        if power is None and model is not None:
            hashing = understood.state is DeviceState.HASHING
            understood.put("power", model.power if hashing else math.nan, source=Source.NAMEPLATE)
        rate = found.get(("hashrate", ""))
        if power is not None and rate is not None and ("efficiency", "") not in found:
            usable = power.source is not Source.NAMEPLATE and readings[rate] > 0 and readings[power] > 0
            understood.put("efficiency", readings[power] / readings[rate] if usable else math.nan, source=power.source)

    def _grow(self, readings: Mapping[Signal, float], tier: Tier) -> None:
        """Take new series in; one that changed its source is the same series, told anew."""
        changed = False
        for signal in readings:
            key = signal.point, signal.part
            if self._signals.get(key) != signal:
                self._signals[key] = signal
                changed = True
                if tier is Tier.FULL and len(self._layout):
                    self._slow.add(key)
            if tier is Tier.FAST:
                self._slow.discard(key)
        if not len(self._layout) and tier is Tier.FULL:
            self._slow = set(self._signals)
        if changed:
            self._layout, self._lows, self._highs = _laid_out(tuple(self._signals.values()), self._limits)


def _is_number(readings: Mapping[Signal, float], signal: Signal | None) -> bool:
    return signal is not None and not math.isnan(readings[signal])


@lru_cache(maxsize=1024)
def _laid_out(
    signals: tuple[Signal, ...], limits: tuple[tuple[str, Limits], ...]
) -> tuple[Layout, tuple[float, ...], tuple[float, ...]]:
    """Miners of one shape share one layout: 30,000 of their own would be millions of objects."""
    bands = [dict(limits).get(signal.point, Limits()) for signal in signals]
    lows = tuple(-ABSURD if band.range_low is None else band.range_low for band in bands)
    highs = tuple(ABSURD if band.range_high is None else band.range_high for band in bands)
    return Layout(signals), lows, highs


def _plausible(known: dict[tuple[str, str], float]) -> set[tuple[str, str]]:
    """Rates that came in the wrong unit, put right where that is certain; the keys of all that are doubtful.

    A rate far above the nominal one is wrong by a thousand or a million; one a thousand times below it may also be
    a miner that barely hashes, so it is marked and left as it is.
    """
    nominal = known.get(("hashrate_nominal", ""), math.nan)
    if not nominal > 0:
        return set()
    boards = sum(1 for point, part in known if point == "hashrate" and part) or 1
    found: set[tuple[str, str]] = set()
    for key, value in known.items():
        if key[0] not in _RATES or not value > 0:
            continue
        ceiling = PLAUSIBLE * (nominal / boards if key[1] else nominal)
        if value > ceiling:
            found.add(key)
            slips = next((slip for slip in (SLIP, SLIP * SLIP) if value / slip <= ceiling), 1.0)
            known[key] = value / slips
        elif value < ceiling / SLIP:
            found.add(key)
    if ("hashrate", "") in found and not math.isnan(known.get(("efficiency", ""), math.nan)):
        found.add(("efficiency", ""))
        power = known.get(("power", ""), math.nan)
        known["efficiency", ""] = power / known["hashrate", ""]
    return found
