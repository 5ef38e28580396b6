"""What every driver promises, checked against a device that answers."""

import math
import time

from drivers.core.device import Driver, Tier
from drivers.core.points import POINTS
from drivers.core.reading import Quality, Report


async def broken_promises(driver: Driver) -> list[str]:
    """Read a driver's device three times and say, one sentence each, which promise it broke; empty when none.

    Raises what the driver raises.
    """
    before = time.time()
    identity = await driver.identify()
    full = await driver.read(Tier.FULL)
    fast = await driver.read(Tier.FAST)
    await driver.close()
    again = await driver.read(Tier.FULL)
    after = time.time()
    await driver.close()
    broken = []
    if identity.profile != driver.profile.id:
        broken.append(f"identifies as {identity.profile!r}, was opened as {driver.profile.id!r}")
    if identity.kind is not driver.profile.kind:
        broken.append(f"identifies as a {identity.kind}, its profile is for a {driver.profile.kind}")
    if full.layout is not fast.layout:
        broken.append("hands out another layout for a light poll")
    if again.layout != full.layout:
        broken.append("has another layout after close")
    if not len(full.layout):
        broken.append("reports no series")
    for name, report in (("full", full), ("fast", fast), ("second full", again)):
        broken += [f"{name} poll: {problem}" for problem in _problems(report, before, after)]
    if Quality.NOT_POLLED in full.quality:
        broken.append("a full poll leaves a series out")
    return broken


def _problems(report: Report, before: float, after: float) -> list[str]:
    problems = []
    if not len(report.values) == len(report.quality) == len(report.layout):
        problems.append("values, qualities and layout differ in length")
        return problems
    if not before <= report.asked <= report.answered <= after:
        problems.append("the two times are not in order")
    for signal, value, quality in zip(report.layout.signals, report.values, report.quality, strict=True):
        code = Quality(quality)
        if code.has_value != math.isfinite(value):
            problems.append(f"{signal.point} {signal.part}: value {value} with quality {code.name}")
        names = POINTS[signal.point].codes
        if names and code.has_value and not (value.is_integer() and 0 <= value < len(names)):
            problems.append(f"{signal.point} {signal.part}: {value} is no code of this point")
    return problems
