"""`terrahash credentials`: whose login is the vendor's default, and one attempt on devices that are named."""

import asyncio
import json
from pathlib import Path

import pytest

from console.__main__ import main
from console.settings.secrets import Place as SecretPlace
from console.settings.secrets import write_secret
from drivers.simulators.firmwares import PERSONALITIES
from drivers.simulators.personality import Controls, Wire
from drivers.testing.stand import stand

pytestmark = pytest.mark.integration


def folder_with(tmp_path: Path, address: str, login: str = "") -> Path:
    entry = f'login = "{login}"\n' if login else ""
    site = (
        '[site]\nname = "Bench"\nzone = "UTC"\nrated_mw = 1.0\ntarget_hashrate = 100\n'
        f'[[device]]\nname = "V1"\nkind = "miner"\naddress = "{address}"\nprofile = "vnish"\n{entry}'
    )
    (tmp_path / "site.toml").write_text(site)
    folder = tmp_path / "folder"
    assert main(["site", "import", str(folder), str(tmp_path / "site.toml")]) == 0
    return folder


def test_that_a_default_that_is_set_is_found_without_asking_anybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERRAHASH_HOME", str(tmp_path / "home"))
    write_secret("hall-b", "admin", SecretPlace.VAULT)
    folder = folder_with(tmp_path, "127.0.0.1:9", "hall-b")
    capsys.readouterr()
    assert main(["credentials", str(folder), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["devices"] == [{"device": "V1", "entry": "hall-b", "problem": None, "default": True}]
    assert said["tested"] == []
    assert main(["credentials", str(folder)]) == 1
    assert capsys.readouterr().out == "hall-b: the vendor's default, change it: 1 (V1)\n"


def test_that_nothing_is_tried_on_devices_that_nobody_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = folder_with(tmp_path, "127.0.0.1:9")
    assert main(["credentials", str(folder), "--test-default"]) == 2
    assert main(["credentials", str(folder), "--test-default", "--device", "V2"]) == 2
    assert "none are tried unasked" in capsys.readouterr().err


@pytest.mark.parametrize(("password", "taken"), [("", True), ("hunter22", False)])
async def test_that_a_named_device_is_tried_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], password: str, taken: bool
) -> None:
    async with stand(PERSONALITIES["vnish"], controls=Controls(login=("", password))) as place:
        folder = await asyncio.to_thread(folder_with, tmp_path, str(place.address(Wire.HTTP)))
        capsys.readouterr()
        # In a thread, as the stand answers on this loop.
        code = await asyncio.to_thread(main, ["credentials", str(folder), "--test-default", "--device", "V1", "--json"])
        assert code == int(taken)
        assert len(place.questions) == 1
    (tested,) = json.loads(capsys.readouterr().out)["tested"]
    assert tested["default_taken"] is taken
