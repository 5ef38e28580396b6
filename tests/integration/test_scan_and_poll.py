"""The commands `scan` and `poll` as an outside program uses them: one JSON object, documented exit codes."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from drivers.simulators.firmwares import PERSONALITIES
from drivers.simulators.personality import Controls, Wire
from drivers.testing.replay import RecordedMiner, read_replies, serve_replies
from drivers.testing.snmp_agent import RecordedAgent, read_walk, serve_agent, serve_walk
from drivers.testing.stand import stand
from tests.modbus_devices import EM24_INPUT, device, serve

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[2]


async def terrahash(*words: str, stdin: bytes = b"") -> tuple[int, Any, str]:
    """Exit code, JSON on stdout and text on stderr of a command."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "console", *words, "--json",
        cwd=ROOT, env={**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, error = await process.communicate(stdin)
    return process.returncode or 0, json.loads(out) if out.strip() else None, error.decode()


async def test_that_poll_identifies_and_reads_a_recorded_antminer(recorded: Path) -> None:
    miner = RecordedMiner(read_replies(recorded / "miners" / "antminer-s19pro-stock"))
    async with serve_replies(miner) as address:
        code, answer, _ = await terrahash("poll", str(address))
    assert code == 0
    assert answer["error"] is None
    assert answer["state"] == "hashing"
    assert answer["device"]["profile"] == "antminer-stock"
    assert answer["device"]["model"] == "Antminer S19 Pro"
    readings = {(item["point"], item["part"]): item for item in answer["readings"]}
    assert readings["hashrate", ""] == {
        "point": "hashrate",
        "part": "",
        "value": pytest.approx(110.56689),
        "unit": "TH/s",
        "quality": "good",
        "source": "measured",
    }
    assert readings["chip_temp", "1"]["value"] == 78
    assert readings["power", ""]["source"] == "nameplate"
    assert readings["efficiency", ""]["value"] is None
    assert readings["pool_state", "1"]["value"] == "alive"
    assert answer["answered"].endswith("Z")


async def test_that_poll_reads_a_recorded_pdu_and_names_outlet_states(recorded: Path) -> None:
    async with serve_walk(read_walk(recorded / "snmp" / "apc_ap7900b.snmprec")) as (_, address):
        code, answer, _ = await terrahash("poll", str(address), "--profile", "apc-rpdu")
    readings = {(item["point"], item["part"]): item for item in answer["readings"]}
    assert (code, answer["state"]) == (0, "running")
    assert answer["device"]["serial"] == "ZA1732000177"
    assert readings["power", ""]["value"] == 312
    assert readings["outlet_state", "8"]["value"] == "on"


async def test_that_a_login_comes_from_stdin(recorded: Path) -> None:
    agent = RecordedAgent(read_walk(recorded / "snmp" / "apc_ap7900b.snmprec"), community="site-read")
    async with serve_agent(agent) as address:
        words = ("poll", str(address), "--profile", "apc-rpdu")
        code, answer, _ = await terrahash(*words, "--login", "-", stdin=b"site-read\n")
        assert (code, answer["error"]) == (0, None)
        code, answer, _ = await terrahash(*words)
        assert (code, answer["error"]["type"], answer["state"]) == (1, "TimedOut", "unreachable")


async def test_that_poll_tells_a_dead_device_from_wrong_usage(unused_tcp_port: int) -> None:
    code, answer, _ = await terrahash("poll", f"127.0.0.1:{unused_tcp_port}", "--profile", "antminer-stock")
    assert code == 1
    assert answer["error"]["type"] == "Unreachable"
    assert answer["readings"] == []
    code, answer, error = await terrahash("poll", "127.0.0.1:4028", "--profile", "no-such")
    assert (code, answer) == (2, None)
    assert "antminer-stock" in error
    code, _, error = await terrahash("poll", "127.0.0.1", "--login", "missing-entry")
    assert code == 2
    assert "missing-entry" in error


async def test_that_scan_lists_what_it_found(recorded: Path, unused_tcp_port: int, expected_log: list[str]) -> None:
    expected_log.append("Invalid Modbus protocol id")  # the meter, when it is asked in a miner's words
    miner = RecordedMiner(read_replies(recorded / "miners" / "antminer-s19pro-stock"))
    async with serve_replies(miner) as antminer, serve(device(inputs=EM24_INPUT)) as meter:
        targets = [str(antminer), str(meter), f"127.0.0.1:{unused_tcp_port}"]
        code, answer, progress = await terrahash("scan", *targets)
    assert code == 0
    assert answer["scanned"] == 3
    assert answer["seconds"] > 0
    assert [(item["address"], item["kind"], item["profile"]) for item in answer["found"]] == [
        (str(antminer), "miner", "antminer-stock"),
        (str(meter), "meter", "carlo-gavazzi-em24"),
    ]
    assert set(answer["found"][0]) >= {"address", "kind", "make", "model", "firmware", "mac", "serial", "profile"}
    assert "3/3 asked, 2 found" in progress
    code, _, error = await terrahash("scan", "10.0.0.0/8")
    assert code == 2
    assert "at most 65536" in error


async def test_that_a_miner_s_login_is_used_for_what_it_is_and_its_proof_is_told() -> None:
    login = Controls(login=("root", "hunter22"))
    async with stand(PERSONALITIES["braiins"], controls=login) as place:
        address = str(place.address(Wire.HTTP))
        code, refused, _ = await terrahash("poll", address, "--profile", "braiins")
        assert (code, refused["error"]["type"]) == (1, "Refused")
        words = ("poll", address, "--profile", "braiins", "--login", "-")
        code, answer, _ = await terrahash(*words, stdin=b"root:hunter22\n")
    assert code == 0
    assert answer["state"] == "hashing"
    assert answer["device"]["evidence"] == "replayed"
    assert answer["device"]["recordings"]


async def test_that_a_login_is_not_told_to_another_device() -> None:
    async with stand(PERSONALITIES["bitaxe"]) as place:
        words = ("poll", str(place.address(Wire.HTTP)), "--profile", "braiins", "--login", "-")
        code, answer, _ = await terrahash(*words, stdin=b"root:hunter22\n")
        assert place.questions
        assert not any("hunter22" in repr(question) for _, question in place.questions)
    assert code == 1
    assert "the login is not sent" in answer["error"]["text"]
