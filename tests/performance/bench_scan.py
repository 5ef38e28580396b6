"""How long a scan of a /20 takes, and what it finds, where 300 miners of every firmware stand among dead addresses.

    python tests/performance/bench_scan.py [--miners 300] [--network 127.40.0.0/20] [--web 80] [--slow]

The virtual site and the scan (`terrahash scan NETWORK`, default ports, default rate) are processes of their own.
Printed as JSON. Target: 4,094 addresses in less than 60 s, 300 of 300 found. Ports below 1024 need privilege; with
`--web 8080` none. With `--slow` a tenth of the miners answers late or one byte a second.
"""

import argparse
import ipaddress
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

from drivers.core.profile_file import load_profiles  # noqa: E402
from drivers.simulators.firmwares import PERSONALITIES  # noqa: E402
from drivers.simulators.personality import Wire  # noqa: E402

TEXT_PORT, FRAMED_PORT = 4028, 4433
SLOW_SHARE = 0.1


def site_of(hosts: list[str], web_port: int, *, slow: bool) -> tuple[str, dict[str, str]]:
    """The site file, and the profile of each host; firmwares take turns."""
    ports = {Wire.TEXT: TEXT_PORT, Wire.HTTP: web_port, Wire.FRAMED: FRAMED_PORT}
    names = sorted(PERSONALITIES)
    lines = [
        (
            '[site]\nname = "Scanned"\nzone = "UTC"\nrated_mw = 1\ntarget_hashrate = 1\n[simulation]\n'
            f"text_port = {TEXT_PORT}\nhttp_port = {web_port}\nframed_port = {FRAMED_PORT}\n"
        )
    ]
    profiles = {}
    for at, host in enumerate(hosts):
        name = profiles[host] = names[at % len(names)]
        port = ports[next(iter(PERSONALITIES[name].wires))]
        lines.append(
            f'[[device]]\nname = "M{at}"\nkind = "miner"\nprofile = "{name}"\nplace = "B/T{at // 30}/1/{at % 30}"\n'
            f'address = "{host}:{port}"\n'
        )
        if slow and at % round(1 / SLOW_SHARE) == 0:
            kind = "slow_device" if at % 20 else "trickling"
            lines.append(f'[[fault]]\nkind = "{kind}"\ntarget = "M{at}"\nat = 0\n')
    return "\n".join(lines), profiles


def scan(network: str) -> tuple[dict[str, Any], float]:
    """The command's answer, and the CPU seconds it took."""
    command = [sys.executable, "-m", "console", "scan", network, "--json"]
    done = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    out, _ = done.communicate()
    answer: dict[str, Any] = json.loads(out)
    return answer, cpu_of_children()


def cpu_of_children() -> float:
    """User and system seconds of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--miners", type=int, default=300)
    parser.add_argument("--network", default="127.40.0.0/20")
    parser.add_argument("--web", type=int, default=80)
    parser.add_argument("--slow", action="store_true")
    arguments = parser.parse_args()
    every = [str(host) for host in ipaddress.ip_network(arguments.network).hosts()]
    hosts = random.Random(4).sample(every, arguments.miners)
    text, wanted = site_of(hosts, arguments.web, slow=arguments.slow)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "site.toml"
        file.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "console", "simulate", str(file), "--json"]
        with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as site:
            try:
                if site.stdout is None or "ready" not in site.stdout.readline():
                    raise SystemExit("the virtual site did not start: are the ports free, and permitted?")
                began = time.perf_counter()
                answer, cpu = scan(arguments.network)
                took = time.perf_counter() - began
            finally:
                site.terminate()
    found = {item["address"].rpartition(":")[0]: item["profile"] for item in answer["found"]}
    told = {
        "addresses": answer["scanned"],
        "seconds": answer["seconds"],
        "command_seconds": round(took, 1),
        "cpu_seconds": round(cpu, 1),
        "miners": len(wanted),
        "found": len(found.keys() & wanted.keys()),
        "right_profile": sum(found.get(host) == name for host, name in wanted.items()),
        "not_there": sorted(found.keys() - wanted.keys()),
        "wrong": sorted({f"{wanted[host]} as {found[host]}" for host in found if found[host] != wanted.get(host)}),
        "missing": sorted({wanted[host] for host in wanted if host not in found}),
        "profiles": len(set(load_profiles()) & set(wanted.values())),
    }
    sys.stdout.write(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main()
