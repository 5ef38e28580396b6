"""Every command but the console and the demo runs where there is no Qt at all."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from console.__main__ import COMMANDS, main
from console.support.selfcheck import check_libraries
from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports
from resources import system_libraries

pytestmark = pytest.mark.integration

RUN_WITHOUT_QT = """
import contextlib, importlib.abc, io, json, sys

class NoQt(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"PySide6", "shiboken6", "pyqtgraph", "qasync"}:
            raise ImportError(f"{name} is not installed")
        return None

sys.meta_path.insert(0, NoQt())
from console.__main__ import main

for words in json.load(open(sys.argv[1])):
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(out):
        try:
            code = main(words)
        except SystemExit as end:
            code = end.code
        except ImportError as error:
            code = str(error)
    out.flush()
    print(json.dumps({"words": words, "code": code, "out": out.buffer.getvalue().decode()}))
"""


def test_that_every_command_but_the_console_and_the_demo_runs_without_qt(tmp_path: Path) -> None:
    site, folder = tmp_path / "site.toml", tmp_path / "folder"
    site.write_text(demo_site(4, ports=Ports.free(), story=False))
    span = ["--from", "2026-11-22T00:00:00Z", "--to", "2026-11-22T01:00:00Z"]
    libraries = check_libraries("Qt", system_libraries("offscreen"), needed=True)
    expected: list[tuple[list[str], int]] = [
        (["--help"], 0),
        (["--version"], 0),
        (["site", "import", str(folder), str(site)], 0),
        (["site", "export", str(folder)], 0),
        (["simulate", str(site), "--commands", "--json"], 0),
        (["collect", str(folder), "--for", "1", "--json"], 0),
        (["history", str(folder), "--device", "T01-001", "--point", "power", *span], 1),
        (["incidents", str(folder), "--json"], 0),
        (["alarms", str(folder), "--json"], 0),
        (["secret", "list", "--json"], 0),
        (["credentials", str(folder), "--json"], 0),
        (["command", str(folder), "allow-pool", "--pool", "stratum+tcp://pool.example:3333", "--reason", "test"], 0),
        (["sync", str(folder), "--export", str(tmp_path / "site.bundle"), "--json"], 0),
        (["sync", str(folder), "--import", str(tmp_path / "site.bundle"), "--json"], 0),
        (["verify", str(folder), "--json"], 0),
        (["storage", str(folder), "--json"], 0),
        (["backup", str(folder), str(tmp_path / "site.backup"), "--json"], 0),
        (["restore", str(tmp_path / "site.backup"), str(tmp_path / "restored"), "--json"], 0),
        (["attach", str(folder), "--no-start"], 3),
        (["poll", "127.0.0.1:1", "--profile", "antminer-stock", "--json"], 1),
        (["scan", "127.0.0.1/32", "--port", "1", "--json"], 0),
        (["doctor", str(folder), "--json"], 0 if libraries.ok else 1),
    ]
    tried = {words[0] for words, _ in expected}
    assert set(COMMANDS) - tried == {"demo"}, "a new command belongs into this test"
    orders = tmp_path / "orders.json"
    orders.write_text(json.dumps([words for words, _ in expected]))
    result = subprocess.run(
        [sys.executable, "-c", RUN_WITHOUT_QT, str(orders)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    found = [json.loads(line) for line in result.stdout.splitlines()]
    codes = [(each["words"], each["code"]) for each in found]
    assert codes == expected, result.stderr[-3000:]
    for each in found:
        if "--json" in each["words"]:
            json.loads(each["out"])


def test_that_a_word_that_is_neither_command_nor_folder_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["incidets"]) == 2
    assert "neither a command nor a folder" in capsys.readouterr().err
