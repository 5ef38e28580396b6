"""The command line: dispatch, help, exit codes."""

import argparse
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import console
from console.__main__ import COMMANDS, main


class Asked:
    """A command of the test's own, put in place of a real one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.words: list[str] = []
        self.failure: BaseException | None = None
        module = ModuleType(f"console.cli.{name}")
        module.__doc__ = "Does what the test says.\n\nMore."
        vars(module).update(add_arguments=self.add_arguments, run=self.run)
        monkeypatch.setitem(sys.modules, f"console.cli.{name}", module)

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("words", nargs="*")

    def run(self, arguments: argparse.Namespace) -> int:
        self.words = arguments.words
        if self.failure is not None:
            raise self.failure
        return 7


def test_that_a_command_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch, "doctor")
    assert main(["doctor", "here"]) == 7
    assert asked.words == ["here"]


@pytest.mark.parametrize("words", [[], ["some/folder"], ["./doctor"], ["one", "two"]])
def test_that_anything_else_is_folders_for_the_console(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    asked = Asked(monkeypatch, "console")
    assert main(words) == 7
    assert asked.words == words


def test_that_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in COMMANDS)
    assert main(["--version"]) == 0
    assert console.__version__ in capsys.readouterr().out


def test_that_a_wrong_option_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Asked(monkeypatch, "doctor")
    with pytest.raises(SystemExit) as end:
        main(["doctor", "--colour"])
    assert end.value.code == 2
    assert "terrahash doctor" in capsys.readouterr().err


def test_that_ctrl_c_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    Asked(monkeypatch, "doctor").failure = KeyboardInterrupt()
    assert main(["doctor"]) == 130


def test_that_the_version_is_that_of_the_package() -> None:
    project = tomllib.loads((Path(console.__file__).parents[1] / "pyproject.toml").read_text())
    assert console.__version__ == project["project"]["version"]
