"""CPU of one alarm evaluation and of triage for a pump trip, by number of miners.

Run: python -m tests.performance.bench_alarms [MINERS...]
"""

import asyncio
import statistics
import sys
import time
from uuid import uuid4

from console.domain.alarm_evaluation import AlarmEvaluator
from console.domain.inventory import Device, Site
from console.domain.telemetry import LiveColumns
from console.services.rules import load_rules
from drivers.core.identity import Address, DeviceKind
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Layout, Report, Signal
from tests.unit.console.services.scene import Scene, build_site

TYPICAL = {"hashrate": 140.0, "hashrate_nominal": 140.0, "chip_temp": 60.0, "chips": 110.0, "fan_speed": 5000.0}
PART_POINTS = ("chip_temp", "board_temp", "chips", "hashrate", "frequency")
ROUNDS = 60


def miner_layout() -> Layout:
    """27 series, as a stock Antminer of three boards reports them."""
    signals = [Signal(point) for point in ("hashrate", "hashrate_avg", "hashrate_nominal", "power")]
    signals += [Signal(point, board) for board in "123" for point in PART_POINTS]
    signals += [Signal("fan_speed", fan) for fan in "1234"]
    return Layout((*signals, Signal("pool_state", "1"), Signal("accepted"), Signal("rejected"), Signal("uptime")))


def evaluation(miners: int) -> str:
    """Quiet rounds, then every miner hot at once."""
    layout = miner_layout()
    kind, address = DeviceKind.MINER, Address("127.0.0.1", 4028)
    devices = tuple(
        Device(uuid4(), f"M{at}", kind, address, "antminer-stock", model="Antminer S19 XP") for at in range(miners)
    )
    columns = LiveColumns()
    values = [TYPICAL.get(signal.point, 1.0) for signal in layout.signals]
    report = Report(0.0, 1000.0, DeviceState.HASHING, layout, values, bytes(len(layout)))
    for device in devices:
        columns.ingest(columns.add(device.id, 5.0), report)
    rules = load_rules()
    site = Site(uuid4(), "S", "UTC", 1.0, 1.0, devices)
    evaluator = AlarmEvaluator(rules, site, load_profiles(), columns)
    spent = []
    for second in range(ROUNDS):
        columns.answered[:] = 1000.0 + second
        before = time.process_time()
        evaluator.evaluate(1001.0 + second)
        spent.append(time.process_time() - before)
    quiet = f"first evaluation {spent[0] * 1e3:.1f} ms, then median {statistics.median(spent[1:]) * 1e3:.2f} ms"
    columns.values[columns.column("chip_temp").at] = 78.0
    worst = 0.0
    for second in range(ROUNDS, 2 * ROUNDS):
        columns.answered[:] = 1000.0 + second
        before = time.process_time()
        evaluator.evaluate(1001.0 + second)
        worst = max(worst, time.process_time() - before)
    what = f"{miners:,} miners, {len(rules)} rules, {len(layout)} series"
    return f"{what}: {quiet}, greatest {max(spent[1:]) * 1e3:.2f} ms; all raised at once {worst * 1e3:.1f} ms"


async def pump_trip(miners: int) -> str:
    """A pump trips, then half the site gets hot over 30 s."""
    scene = Scene(build_site(pdus=miners // 24, tanks=max(2, miners // 200)))
    await scene.take_in(scene.alarm("pump-tripped", "PLC-B", "2"))
    hot = sorted(scene.triage.book.topology.tree("cooling").members("LOOP-B"))
    names = {device.id: device.name for device in scene.site.devices}
    spent = []
    for second in range(60):
        scene.clock.at += 1
        batch = hot[second * len(hot) // 30 : (second + 1) * len(hot) // 30]
        alarms = [scene.alarm("miner-chip-temperature-high", names[device]) for device in batch]
        before = time.process_time()
        await scene.take_in(*alarms)
        spent.append(time.process_time() - before)
    incident = await scene.only()
    text = f"one incident with {len(incident.devices):,} devices, {len(incident.events)} events"
    cost = f"median {statistics.median(spent) * 1e3:.2f} ms, greatest {max(spent) * 1e3:.2f} ms a second"
    return f"{miners:,} miners: {text}; triage {cost}"


async def burst(miners: int) -> str:
    """All miners of the site get hot at once and nothing explains it."""
    scene = Scene(build_site(pdus=miners // 24, tanks=max(2, miners // 200)))
    alarms = [scene.alarm("miner-chip-temperature-high", name) for name in scene.by_name if name.startswith("M")]
    before = time.process_time()
    await scene.take_in(*alarms)
    first = time.process_time() - before
    spent = []
    for _ in range(40):
        scene.clock.at += 1
        before = time.process_time()
        await scene.take_in()
        spent.append(time.process_time() - before)
    count = len(await scene.open())
    cost = f"first {first * 1e3:.1f} ms, then at most {max(spent) * 1e3:.1f} ms a second"
    return f"{miners:,} miners hot at once: {count} incidents; {cost}"


def main() -> None:
    """Measure and print."""
    for number in [int(word) for word in sys.argv[1:]] or [3000]:
        for line in (evaluation(number), asyncio.run(pump_trip(number)), asyncio.run(burst(number))):
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
