"""The command `simulate` as a process of its own."""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from drivers.simulators.control import Control
from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports

pytestmark = pytest.mark.integration
REPOSITORY = Path(__file__).resolve().parents[2]
NOBODY = 65534
AS_NOBODY = """
import argparse, encodings.idna, os, resource, sys
import uvloop
from console.cli import simulate
from drivers.core.profile_file import load_profiles
load_profiles()
parser = argparse.ArgumentParser()
simulate.add_arguments(parser)
arguments = parser.parse_args()
# Everything is imported and read by now: the interpreter may lie where nobody else can read.
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
sys.exit(simulate.run(arguments))
"""
Process: TypeAlias = asyncio.subprocess.Process
Start: TypeAlias = Callable[..., Coroutine[Any, Any, Process]]


@pytest.fixture
def ports() -> Ports:
    return Ports.free()


@pytest.fixture
def site_file(tmp_path: Path, ports: Ports) -> Path:
    file = tmp_path / "site.toml"
    file.write_text(demo_site(20, ports=ports, story=False))
    return file


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    started: list[Process] = []

    async def begin(*arguments: object, as_nobody: bool = False) -> Process:
        program = ("-c", AS_NOBODY) if as_nobody else ("-m", "console", "simulate")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "error", *program, *map(str, arguments)),
            cwd=REPOSITORY,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line_of(process: Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(30):
        line = (await process.stdout.readline()).decode()
    if not line and process.stderr is not None:
        pytest.fail((await process.stderr.read()).decode())
    return line


async def ended(process: Process) -> int:
    async with asyncio.timeout(20):
        return await process.wait()


async def ask_version(ports: Ports) -> dict[str, Any]:
    reader, writer = await asyncio.open_connection("127.32.1.1", ports.cgminer)
    writer.write(b'{"command":"version"}')
    reply: dict[str, Any] = json.loads((await reader.read()).rstrip(b"\x00"))
    writer.close()
    return reply


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_that_it_serves_until_told_to_stop(start: Start, site_file: Path, ports: Ports, number: int) -> None:
    process = await start(site_file, "--json", "--fault", "dead_miner=T01-002")
    ready = json.loads(await line_of(process))
    assert ready["ready"]
    assert (ready["miners"], ready["plants"]) == (20, 2)
    assert (await ask_version(ports))["VERSION"][0]["Type"] == "Antminer S19 XP"
    host, _, port = ready["control"].rpartition(":")
    async with await Control.connect(host, int(port)) as control:
        assert (await control.state())["faults"][0]["target"] == "T01-002"
    process.send_signal(number)
    assert await ended(process) == 0
    with pytest.raises(ConnectionRefusedError):
        await ask_version(ports)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else; the other tests ran unprivileged")
async def test_that_it_needs_no_root(start: Start, site_file: Path, ports: Ports) -> None:
    with tempfile.TemporaryDirectory() as folder:
        readable = shutil.copy(site_file, folder)
        shutil.chown(folder, NOBODY)
        process = await start(readable, "--json", as_nobody=True)
        assert json.loads(await line_of(process))["ready"]
    status = await asyncio.to_thread(Path(f"/proc/{process.pid}/status").read_text)
    assert f"Uid:\t{NOBODY}\t{NOBODY}" in status
    assert "CapEff:\t0000000000000000" in status
    assert (await ask_version(ports))["STATUS"][0]["STATUS"] == "S"


async def test_that_it_ends_with_the_process_it_belongs_to(start: Start, site_file: Path) -> None:
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
    process = await start(site_file, "--json", "--with-parent", parent.pid)
    await line_of(process)
    parent.kill()
    await parent.communicate()
    assert await ended(process) == 0


async def test_that_it_takes_commands_on_its_input_and_ends_with_it(start: Start, site_file: Path) -> None:
    process = await start(site_file, "--json", "--commands")
    await line_of(process)
    assert process.stdin is not None
    process.stdin.write(b"pump_trip=PLC-B/2\nnonsense\n\nclear *\n")
    answers = [json.loads(await line_of(process)) for _ in range(3)]
    assert [answer["ok"] for answer in answers] == [True, False, True]
    assert answers[2]["cleared"] == 1
    process.stdin.close()
    assert await ended(process) == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["/nowhere/site.toml"], "cannot be read"),
        (["SITE", "--fault", "gremlins=PLC-A"], "no fault 'gremlins'"),
        (["SITE", "--fault", "leak=T01-001"], "neither a plant nor a loop"),
    ],
)
async def test_that_wrong_use_ends_with_code_2_and_a_sentence(
    start: Start, site_file: Path, arguments: list[str], says: str
) -> None:
    process = await start(*(str(site_file) if word == "SITE" else word for word in arguments))
    _, complaint = await process.communicate()
    assert process.returncode == 2
    assert says in complaint.decode()
    assert "Traceback" not in complaint.decode()


async def test_that_a_taken_port_ends_with_code_3_and_names_it(start: Start, site_file: Path, ports: Ports) -> None:
    await line_of(await start(site_file))
    second = await start(site_file)
    _, complaint = await second.communicate()
    assert second.returncode == 3
    assert f"{ports.cgminer}" in complaint.decode()
