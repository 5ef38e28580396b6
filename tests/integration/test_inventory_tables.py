"""`site import` and `site export` with the tables of other tools, as somebody who changes over uses them."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from console.cli import site as site_command

pytestmark = pytest.mark.integration
SITE = """\
[site]
name = "Pecos-2"
zone = "UTC"
rated_mw = 1
target_hashrate = 1

[[device]]
name = "PDU-1"
kind = "pdu"
address = "10.0.0.250:161"

[[credential]]
entry = "hall-b"
place = "B"
"""
FOREMAN = "mac,serial,rack,row,index,name,static_ip\n02:00:00:00:00:01,SN-1,B/T1,2,7,T1,10.0.0.1\n"


class Command:
    """The command in this process, on one folder."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capture = capture
        parser = argparse.ArgumentParser()
        site_command.add_arguments(parser)
        self._parser = parser

    def take(self, name: str, content: str | bytes, *more: str) -> tuple[int, dict[str, Any]]:
        file = self.folder.parent / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self._run("import", str(self.folder), str(file), *more)

    def give(self, *more: str) -> str:
        code, answer = self._run("export", str(self.folder), *more)
        assert code == 0
        return str(answer["text"])

    def _run(self, *words: str) -> tuple[int, dict[str, Any]]:
        code = site_command.run(self._parser.parse_args([*words, "--json"]))
        out = self._capture.readouterr().out
        return code, json.loads(out) if out else {}


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    made = Command(tmp_path / "site", capsys)
    assert made.take("site.toml", SITE)[0] == 0
    return made


def test_that_a_foreman_table_is_told_by_its_first_line_and_merged(command: Command) -> None:
    code, answer = command.take("miners.csv", FOREMAN)
    assert (code, answer["devices"], answer["added"], answer["removed"]) == (0, 2, 1, 0)
    assert 'name = "PDU-1"' in command.give()
    assert 'entry = "hall-b"' in command.give()
    assert command.give("--format", "foreman").splitlines()[1] == "02:00:00:00:00:01,SN-1,B/T1,2,7,T1,10.0.0.1,,,,"
    code, answer = command.take("again.csv", command.give("--format", "awesome-miner"))
    assert (code, answer["changed"], answer["added"]) == (0, 0, 0)


def test_that_windows_tables_in_utf_16_with_tabs_are_read(command: Command) -> None:
    code, answer = command.take("list.csv", "Name\tHostname\r\nT1\t10.0.0.1\r\n".encode("utf-16"))
    assert (code, answer["added"]) == (0, 1)


def test_that_our_own_table_is_the_whole_inventory(command: Command) -> None:
    command.take("miners.csv", FOREMAN)
    whole = command.give("--csv")
    assert whole == command.give("--format", "csv")
    code, answer = command.take("own.csv", "\n".join(whole.splitlines()[:2]))
    assert (code, answer["removed"]) == (0, 1)


@pytest.mark.parametrize(
    ("content", "line"),
    [(FOREMAN + "02:00:00:00:00:01,SN-1,B/T1,2,8,T2,10.0.0.2\n", 3), (b"name,ip\n\xff\xfe\xfa\n", 0)],
)
def test_that_a_table_with_a_problem_changes_nothing(command: Command, content: str | bytes, line: int) -> None:
    before = command.give()
    code, answer = command.take("miners.csv", content)
    assert code == 1
    assert {problem["line"] for problem in answer["problems"]} == {line}
    assert command.give() == before


def test_that_a_format_that_is_named_is_taken_at_its_word(command: Command) -> None:
    code, _ = command.take("miners.txt", FOREMAN, "--format", "foreman")
    assert code == 0
