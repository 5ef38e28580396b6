"""The command line: `terrahash`, or `python -m console`. Loads only the command that was asked for."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Protocol, cast

import console

FOUND_PROBLEMS = 1
USAGE = 2
ENVIRONMENT = 3
INTERRUPTED = 130

COMMANDS = {
    "demo": "a virtual site, its collector and the console in one go",
    "simulate": "serve the virtual devices of a site file on loopback",
    "collect": "poll a site folder without a window",
    "attach": "the link to a folder's collector on stdin and stdout",
    "scan": "find and identify devices on a network",
    "poll": "one normalised reading of one device",
    "site": "import or export the inventory of a site folder",
    "history": "read samples from a site folder",
    "incidents": "the incident queue; acknowledge, note, mitigate, resolve",
    "alarms": "the alarm journal",
    "backup": "copy a site folder into one file, also while its collector runs",
    "verify": "check that everything in a site folder is as it was written; repair it",
    "storage": "what history takes, how long the disk lasts, how long history is kept",
    "restore": "make a site folder from a backup",
    "sync": "merge stores of one site: signed bundles, or two folders",
    "command": "command devices: one write each, read back and recorded",
    "credentials": "which login is set for which device; where it is the vendor's default",
    "secret": "keep logins and communities in the keyring or the vault",
    "doctor": "check the environment",
}
"""Each is a module of the same name in `console.cli`; whatever else comes first is a site folder."""


class Command(Protocol):
    """What a module of `console.cli` offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare options."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; returns the exit code."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code (0 ok, 1 found problems, 2 usage, 3 environment)."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in {"-h", "--help"}:
        print(_help())
        return 0
    if words and words[0] == "--version":
        print(f"terrahash {console.__version__}")
        return 0
    name = words.pop(0) if words and words[0] in COMMANDS else "console"
    command = cast("Command", importlib.import_module(f"console.cli.{name}"))
    parser = argparse.ArgumentParser(
        prog="terrahash" if name == "console" else f"terrahash {name}", description=_first_line(command)
    )
    command.add_arguments(parser)
    try:
        return command.run(parser.parse_args(words))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough; what is still in the buffer must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _first_line(command: object) -> str:
    return (command.__doc__ or "").strip().partition("\n")[0]


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [
        "usage: terrahash [FOLDER...]          the desktop console on site folders",
        "       terrahash COMMAND [OPTION...]",
        "",
        "commands:",
        *(f"  {name:{width}}  {what}" for name, what in COMMANDS.items()),
        "",
        "Every command has --help and --json. A folder named like a command is written ./NAME.",
        "Exit codes: 0 ok, 1 found problems, 2 usage, 3 environment.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
