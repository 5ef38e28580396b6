"""A driver package outside this repository: found by its entry point, held to the contract, and harmless where bad."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from drivers import identification
from drivers.core.errors import Unsupported
from drivers.core.identity import Address
from drivers.core.profile_file import load_profiles
from drivers.family import ENTRY_POINTS, Access
from drivers.identification import Asking, recognise
from drivers.packages import Packages, load_packages
from drivers.registry import DRIVERS
from drivers.testing.contract import broken_promises
from drivers.transports.connections import Connections
from tests.listeners import tcp

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[2]

CODE = '''
"""Reads Acme rigs: one JSON page, no login."""

from importlib.resources import files

from drivers.core.device import Tier
from drivers.core.errors import Unsupported
from drivers.core.identity import DeviceKind, Identity
from drivers.core.reading import DeviceState, Source
from drivers.family import Family
from drivers.miners.reply import number, text
from drivers.miners.reporter import Reporter, Understood
from drivers.transports.http import HttpTransport


class AcmeDriver:
    def __init__(self, profile, address):
        self.profile, self.address = profile, address
        self._web, self._reporter = HttpTransport(address), Reporter(profile)

    async def identify(self):
        page = (await self._web.ask("GET", "/rig.json")).json()
        if page.get("maker") != "Acme":
            raise Unsupported(str(self.address), "this is no Acme rig")
        return Identity(DeviceKind.MINER, "Acme", text(page.get("model")), serial=text(page.get("serial")),
                        profile=self.profile.id)

    async def read(self, tier=Tier.FULL):
        answer = await self._web.ask("GET", "/rig.json")
        page, told = answer.json(), Understood(DeviceState.HASHING)
        told.put("hashrate", number(page.get("th")))
        told.put("power", number(page.get("watts")), source=Source.ESTIMATED)
        return self._reporter.report(told, tier, answer.asked, answer.answered)

    async def close(self):
        await self._web.close()


def recognise(clue):
    return clue.page is not None and b"Acme Rig" in clue.page.body


FAMILY = Family("acme", lambda profile, address, access: AcmeDriver(profile, address), recognise,
                files(__name__) / "profiles")
PAIR = [FAMILY, Family("luxos", FAMILY.open, recognise, FAMILY.profiles)]
NOTHING = 42
BARE = Family("bare", FAMILY.open)
'''
PROFILE = """
[profile]
id = "acme-rig"
kind = "miner"
make = "Acme"
title = "Acme rig"
protocol = "http"
port = 80
driver = "acme"

[quality]
evidence = "documented"
source = "A rig that exists in this test only"

[limits.hashrate]
range_low = 0
range_high = 500
"""
RIG = {"maker": "Acme", "model": "Rig 9", "serial": "ACME-0009", "th": 104.5, "watts": 3100}


def install(folder: Path, name: str, points: str, code: str = CODE, profile: str = PROFILE) -> None:
    """What an installer leaves behind: the package, its profiles, and the folder that names its entry points."""
    package = folder / name
    (package / "profiles").mkdir(parents=True)
    (package / "__init__.py").write_text(code)
    (package / "profiles" / "acme-rig.toml").write_text(profile)
    facts = folder / f"{name}-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(f"[{ENTRY_POINTS}]\n{points}\n")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where packages are installed for one test; what was imported from there is forgotten after it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in ("acme_rigs", "bad_rigs", "zeta_rigs"):
        sys.modules.pop(name, None)


def loaded() -> Packages:
    return load_packages(entry_points(group=ENTRY_POINTS), DRIVERS, load_profiles())


@asynccontextmanager
async def rig() -> AsyncIterator[Address]:
    """The web server of one rig."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            body = json.dumps(RIG).encode() if b"GET /rig.json" in head else b"<title>Acme Rig</title>"
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    async with tcp(_until_gone(serve)) as address:
        yield address


def _until_gone(serve: Any) -> Any:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    return handle


async def test_that_a_package_is_found_by_its_entry_point_and_keeps_every_promise(folder: Path) -> None:
    install(folder, "acme_rigs", "acme = acme_rigs:FAMILY")
    found = loaded()
    assert found.problems == ()
    (family,) = found.families
    assert list(found.profiles) == ["acme-rig"]
    async with rig() as address, Connections() as connections:
        driver = family.open(found.profiles["acme-rig"], address, Access(connections))
        assert await broken_promises(driver) == []
        readings = {item.point: item.value for item in (await driver.read()).readings()}
        await driver.close()
    assert readings["hashrate"] == 104.5
    assert readings["power"] == 3100


async def terrahash(folder: Path, *words: str) -> tuple[int, Any, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "console", *words, "--json", cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, error = await process.communicate()
    return process.returncode or 0, json.loads(out) if out.strip() else None, error.decode()


async def test_that_the_program_reads_and_recognises_a_package_s_devices(folder: Path) -> None:
    install(folder, "acme_rigs", "acme = acme_rigs:FAMILY")
    async with rig() as address:
        code, answer, _ = await terrahash(folder, "poll", str(address))
    assert (code, answer["error"], answer["state"]) == (0, None, "hashing")
    device = answer["device"]
    assert (device["profile"], device["serial"], device["address"]) == ("acme-rig", "ACME-0009", str(address))


async def test_that_doctor_names_a_package_that_cannot_be_used(folder: Path) -> None:
    install(folder, "acme_rigs", "acme = acme_rigs:FAMILY")
    install(folder, "broken_rigs", "broken = broken_rigs:FAMILY", code="import no_such_library")
    _, answer, error = await terrahash(folder, "doctor", str(folder))
    (check,) = [check for check in answer["checks"] if check["name"] == "Driver packages"]
    assert (check["ok"], check["needed"]) == (False, False)
    assert check["detail"].startswith("acme; not used: broken-rigs: broken_rigs:FAMILY cannot be loaded")
    assert "no_such_library" in check["detail"]
    assert "driver package broken-rigs" in error


@pytest.mark.parametrize(
    ("points", "code", "profile", "reason"),
    [
        ("x = bad_rigs:FAMILY", "raise SystemExit(3)", PROFILE, "cannot be loaded (SystemExit: 3)"),
        ("x = bad_rigs:FAMILY", "syntax error", PROFILE, "cannot be loaded (SyntaxError"),
        ("x = bad_rigs:MISSING", CODE, PROFILE, "cannot be loaded (AttributeError"),
        ("x = bad_rigs:NOTHING", CODE, PROFILE, "is neither a Family nor a sequence of them"),
        ("x = bad_rigs:BARE", CODE, PROFILE, "the driver 'bare' brings no profiles"),
        ("x = bad_rigs:FAMILY", CODE, PROFILE.replace('"http"', '"telnet"'), "acme-rig.toml"),
        ("x = bad_rigs:FAMILY", CODE, PROFILE.replace('driver = "acme"', 'driver = "luxos"'), "profile.driver must be"),
        ("x = bad_rigs:FAMILY", CODE.replace('Family("acme"', 'Family("luxos"'), PROFILE, "'luxos' exists already"),
    ],
)
def test_that_a_bad_package_is_told_and_harms_no_other(
    folder: Path, points: str, code: str, profile: str, reason: str
) -> None:
    install(folder, "acme_rigs", "acme = acme_rigs:FAMILY", CODE.replace('"acme"', '"other"'),
            PROFILE.replace('driver = "acme"', 'driver = "other"').replace("acme-rig", "other-rig"))  # fmt: skip
    (folder / "acme_rigs" / "profiles" / "acme-rig.toml").rename(folder / "acme_rigs" / "profiles" / "other-rig.toml")
    install(folder, "bad_rigs", points, code, profile)
    found = loaded()
    assert [family.driver for family in found.families] == ["other"]
    assert [problem.package for problem in found.problems] == ["bad-rigs"]
    assert reason in found.problems[0].text


def test_that_of_two_packages_with_one_driver_the_second_is_refused(folder: Path) -> None:
    install(folder, "acme_rigs", "a = acme_rigs:FAMILY")
    install(folder, "zeta_rigs", "z = zeta_rigs:PAIR")
    found = loaded()
    assert [(family.driver, family.open.__module__) for family in found.families] == [("acme", "acme_rigs")]
    assert [(problem.package, "exists already" in problem.text) for problem in found.problems] == [
        ("zeta-rigs", True), ("zeta-rigs", True),
    ]  # fmt: skip


async def test_that_a_recogniser_that_fails_ends_no_scan(folder: Path, expected_log: list[str]) -> None:
    expected_log.append("driver acme: recognising")
    install(folder, "acme_rigs", "acme = acme_rigs:FAMILY", CODE.replace('b"Acme Rig" in clue', "1 / 0 or clue"))
    found = loaded()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identification, "families", lambda: {family.driver: family for family in found.families})
        async with rig() as address, Connections() as connections:
            with pytest.raises(Unsupported, match="no known family"):
                await recognise([address], Asking(connections, found.profiles))
