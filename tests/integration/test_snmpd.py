"""net-snmp's own agent, a foreign implementation, polled in versions 1, 2c and 3 (authPriv)."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers.core.errors import Refused, TimedOut
from drivers.core.identity import Address
from drivers.core.profile_file import load_profiles
from drivers.core.reading import Report
from drivers.family import Access
from drivers.identification import identify
from drivers.registry import open_driver
from drivers.testing.contract import broken_promises
from drivers.transports.connections import Connections
from drivers.transports.snmp import SnmpTarget, SnmpTransport

pytestmark = pytest.mark.integration
RPDU2 = "1.3.6.1.4.1.318.1.1.26"
PROFILES = {name: load_profiles()[name] for name in ("apc-rpdu", "apc-rpdu2")}
V3 = SnmpTarget(version="3", user="noc", auth_key="auth-passphrase", priv_key="priv-passphrase")

TARGETS = {
    "version 1": SnmpTarget(version="1", community="site-read"),
    "version 2c": SnmpTarget(version="2c", community="site-read"),
    "version 3": V3,
}


def configuration(folder: Path) -> str:
    """A rack PDU in net-snmp's configuration: the humidity comes from a script through `pass`, the rest is fixed."""
    script = folder / "humidity.sh"
    column = f".{RPDU2}.10.2.2.1.10"
    script.write_text(
        "#!/bin/sh\n"
        f"answer() {{ printf '%s\\ninteger\\n41\\n' {column}.1; }}\n"
        f'[ "$1" = -g ] && [ "$2" = {column}.1 ] && answer\n'
        f'[ "$1" = -n ] && [ "$2" = {column} ] && answer\n'
        "exit 0\n"
    )
    script.chmod(0o755)
    outlets = [f"override {RPDU2}.9.2.3.1.5.{at} integer {1 if at == 7 else 2}" for at in range(1, 25)]
    watts = [f"override {RPDU2}.9.4.3.1.7.{at} integer {3000 + at}" for at in range(1, 25)]
    return "\n".join(
        [
            "rocommunity site-read",
            'createUser noc SHA "auth-passphrase" AES "priv-passphrase"',
            "rouser noc priv",
            "sysobjectid 1.3.6.1.4.1.318.1.3.4.6",
            f'override {RPDU2}.2.1.8.1 octet_str "AP8959"',
            f'override {RPDU2}.2.1.9.1 octet_str "5A1234E00001"',
            f'override {RPDU2}.2.1.6.1 octet_str "v7.1.4"',
            f"override {RPDU2}.4.3.1.5.1 integer 1234",
            f"override {RPDU2}.4.3.1.9.1 integer 98765",
            *(f"override {RPDU2}.6.3.1.5.{phase} integer {170 + phase}" for phase in (1, 2, 3)),
            *(f"override {RPDU2}.6.3.1.6.{phase} integer {238 + phase}" for phase in (1, 2, 3)),
            *(f"override {RPDU2}.6.3.1.7.{phase} integer {410 + phase}" for phase in (1, 2, 3)),
            f"override {RPDU2}.8.3.1.5.1 integer 155",
            *outlets,
            *watts,
            f"override {RPDU2}.10.2.2.1.8.1 integer 274",
            f"pass {RPDU2}.10.2.2.1.10 {script}",
            "",
        ]
    )


@asynccontextmanager
async def snmpd(folder: Path) -> AsyncIterator[Address]:
    """A running agent on a free port of 127.0.0.1."""
    program = shutil.which("snmpd", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("net-snmp's snmpd is not installed")
    (folder / "snmpd.conf").write_text(configuration(folder))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        program, "-f", "-Le", "-C", "-c", str(folder / "snmpd.conf"), "-p", str(folder / "pid"),
        f"udp:127.0.0.1:{port}",
        env={"SNMP_PERSISTENT_DIR": str(folder), "MIBS": "", "PATH": "/usr/bin:/bin"},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        async with asyncio.timeout(20):
            while (line := await process.stderr.readline()) and b"NET-SNMP version" not in line:
                continue
        assert process.returncode is None, "snmpd did not start"
        yield Address("127.0.0.1", port)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


def check(report: Report) -> None:
    found = {(reading.point, reading.part): reading.value for reading in report.readings()}
    assert found["power", ""] == pytest.approx(12_340)
    assert found["energy", ""] == pytest.approx(9_876.5)
    assert [found["current", f"L{phase}"] for phase in (1, 2, 3)] == pytest.approx([17.1, 17.2, 17.3])
    assert [found["voltage", f"L{phase}"] for phase in (1, 2, 3)] == pytest.approx([239, 240, 241])
    assert [found["power", f"L{phase}"] for phase in (1, 2, 3)] == pytest.approx([4110, 4120, 4130])
    assert found["current", "bank 1"] == pytest.approx(15.5)
    assert [found["outlet_state", str(at)] for at in range(1, 25)] == [0.0 if at == 7 else 1.0 for at in range(1, 25)]
    assert [found["outlet_power", str(at)] for at in range(1, 25)] == [3000.0 + at for at in range(1, 25)]
    assert found["ambient_temp", "1"] == pytest.approx(27.4)
    assert found["humidity", "1"] == pytest.approx(41)


async def test_that_a_foreign_agent_is_read_alike_in_every_version(tmp_path: Path) -> None:
    async with snmpd(tmp_path) as address, Connections() as connections:
        for target in TARGETS.values():
            driver = open_driver(PROFILES["apc-rpdu2"], address, Access(connections, snmp=target))
            check(await driver.read())
            assert await broken_promises(driver) == []
        identity = await identify(address, connections, PROFILES, snmp=V3)
        assert (identity.model, identity.serial, identity.firmware) == ("AP8959", "5A1234E00001", "v7.1.4")


async def test_that_wrong_credentials_are_refused_or_not_answered(tmp_path: Path) -> None:
    transport = SnmpTransport(timeout=0.5, retries=0)
    system = ["1.3.6.1.2.1.1.2.0"]
    async with snmpd(tmp_path) as address:
        with pytest.raises(TimedOut):
            await transport.get(address, SnmpTarget(community="guess"), system)
        for wrong in (
            SnmpTarget(version="3", user="nobody", auth_key="auth-passphrase", priv_key="priv-passphrase"),
            SnmpTarget(version="3", user="noc", auth_key="wrong-passphrase", priv_key="priv-passphrase"),
        ):
            with pytest.raises(Refused):
                await transport.get(address, wrong, system)
        assert await transport.get(address, V3, system) == {system[0]: "1.3.6.1.4.1.318.1.3.4.6"}
    await transport.close()
