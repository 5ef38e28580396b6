"""What the virtual site costs: time to ready, idle load, and processor time for one poll of a miner.

    python tests/performance/bench_simulator.py [--miners 20000] [--polls 20000] [--in-flight 200]

Printed as JSON. Target: at most 0.15 ms for a poll, 30,000 miners ready in less than 2 s.
"""

import argparse
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

from drivers.simulators.blueprint import read_blueprint  # noqa: E402
from drivers.simulators.plan import demo_site  # noqa: E402
from drivers.simulators.ports import Ports  # noqa: E402

QUESTION = b'{"command":"summary+stats+pools"}'
IDLE_SECONDS = 4.0


def cpu_seconds(process: int) -> float:
    """User and system time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(process: int) -> float:
    """Memory of a process, MB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


@contextmanager
def virtual_site(text: str) -> Iterator[tuple[subprocess.Popen[str], float]]:
    """A running site and the seconds from start to its ready line."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "site.toml"
        file.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "console", "simulate", str(file), "--json"]
        begun = time.perf_counter()
        with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
            try:
                if process.stdout is None or "ready" not in process.stdout.readline():
                    raise SystemExit("the virtual site did not start")
                yield process, time.perf_counter() - begun
            finally:
                process.terminate()


def poll(hosts: list[str], port: int, polls: int, in_flight: int) -> int:
    """Poll miners in turn over bare sockets; the number of replies that were not whole."""
    waiting: dict[int, tuple[socket.socket, bytearray]] = {}
    epoll = select.epoll()
    asked = done = bad = 0
    while done < polls:
        while len(waiting) < in_flight and asked < polls:
            connection = socket.create_connection((hosts[asked % len(hosts)], port))
            connection.sendall(QUESTION)
            connection.setblocking(False)
            waiting[connection.fileno()] = (connection, bytearray())
            epoll.register(connection.fileno(), select.EPOLLIN)
            asked += 1
        for number, _ in epoll.poll(1.0):
            connection, reply = waiting[number]
            part = connection.recv(65536)
            if part:
                reply += part
                continue
            bad += not reply.endswith(b"\x00")
            done += 1
            epoll.unregister(number)
            del waiting[number]
            connection.close()
    return bad


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--miners", type=int, default=20_000)
    parser.add_argument("--polls", type=int, default=20_000)
    parser.add_argument("--in-flight", type=int, default=200)
    arguments = parser.parse_args()
    ports = Ports.free()
    text = demo_site(arguments.miners, ports=ports, story=False)
    hosts = [entry.host for entry in read_blueprint(text).miners]
    with virtual_site(text) as (process, ready):
        before = cpu_seconds(process.pid)
        time.sleep(IDLE_SECONDS)
        idle = (cpu_seconds(process.pid) - before) / IDLE_SECONDS
        before, begun = cpu_seconds(process.pid), time.perf_counter()
        bad = poll(hosts, ports.cgminer, arguments.polls, arguments.in_flight)
        took = time.perf_counter() - begun
        used = cpu_seconds(process.pid) - before - idle * took
        found = {
            "miners": arguments.miners,
            "ready_s": round(ready, 2),
            "resident_mb": round(resident_mb(process.pid)),
            "idle_core_percent": round(100 * idle, 1),
            "polls": arguments.polls,
            "bad_replies": bad,
            "cpu_ms_per_poll": round(1000 * used / arguments.polls, 4),
            "polls_per_s_per_core": round(arguments.polls / used),
        }
    print(json.dumps(found, indent=2))  # noqa: T201 - a script


if __name__ == "__main__":
    main()
