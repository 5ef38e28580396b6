"""CPU per SNMP question: the plain client and pysnmp, 30 objects of one PDU and a table walk.

Run: `python -m tests.performance.bench_snmp [--agents 20] [--rounds 50]`. The agents are the virtual site's, in
another process, so the CPU measured is the reader's alone.
"""

import argparse
import asyncio
import json
import sys
import time

from console.support.environment import run
from drivers.core.identity import Address
from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports
from drivers.simulators.site import VirtualSite
from drivers.transports.snmp import SnmpTarget, SnmpTransport
from tests.performance.bench_collector import virtual_site

TARGET_MS = 0.5
OUTLETS = "1.3.6.1.4.1.318.1.1.26.9.4.3.1.7"


async def measure(agents: list[Address], rounds: int, *, plain: bool) -> dict[str, float]:
    """Ask all agents again and again, a few at a time."""
    transport, target = SnmpTransport(plain=plain), SnmpTarget()
    rows = await transport.column(agents[0], target, OUTLETS)
    oids = [f"{OUTLETS}.{index}" for index in (list(rows) * 30)[:30]]
    oids = [oid if at < len(rows) else f"1.3.6.1.2.1.1.{at % 6 + 1}.0" for at, oid in enumerate(oids)]
    await asyncio.gather(*(transport.get(agent, target, oids) for agent in agents))
    cpu = time.process_time()
    for _ in range(rounds):
        await asyncio.gather(*(transport.get(agent, target, oids) for agent in agents))
    get = time.process_time() - cpu
    cpu = time.process_time()
    for _ in range(rounds):
        await asyncio.gather(*(transport.column(agent, target, OUTLETS) for agent in agents))
    walk = time.process_time() - cpu
    await transport.close()
    asked = rounds * len(agents)
    return {"get_30_ms": round(1000 * get / asked, 3), "walk_column_ms": round(1000 * walk / asked, 3)}


def main() -> int:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=50)
    arguments = parser.parse_args()
    text = demo_site(100 * arguments.agents, ports=Ports.free(), story=False)
    agents = [Address(entry.host, entry.port) for entry in VirtualSite.parse(text).blueprint.pdus][: arguments.agents]
    with virtual_site(text):
        plain = run(measure(agents, arguments.rounds, plain=True))
        engine = run(measure(agents, max(arguments.rounds // 10, 1), plain=False))
    sys.stdout.write(json.dumps({"plain": plain, "pysnmp": engine, "target_ms": TARGET_MS}, indent=1) + "\n")
    return 0 if plain["get_30_ms"] <= TARGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())
