"""python3 -m installer setup | demo [...] | test [...]: everything from a fresh checkout to a running console."""

import os
import shutil
import subprocess
import sys

from installer import sqlite_release, system_packages, virtual_environment
from installer.failures import SetupError
from installer.progress import Progress

USAGE = """usage: python3 -m installer COMMAND [ARGUMENTS]

  setup   make .venv with the locked packages and check the system libraries
  demo    set up, then open the console on a virtual site (arguments go to `terrahash demo`)
  test    set up with the test tools, then lint, type-check and run all tests (arguments go to pytest);
          those that take minutes, such as fifty kills of the collector, only with: test -m long
"""
CHECKS = (
    ("ruff", ["-m", "ruff", "check", "."]),
    ("ruff format", ["-m", "ruff", "format", "--check", "."]),
    ("mypy", ["-m", "mypy"]),
    ("import directions", ["-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-logo"]),
)


def set_up(progress: Progress, tests: bool, window: bool) -> None:
    """Everything both commands need. Quick when it was done before.

    Raises:
        SetupError: With the remedy.
    """
    system_packages.require_libraries(window, progress)
    if tests:
        system_packages.offer_test_tools(progress)
    requirements = virtual_environment.TEST_REQUIREMENTS if tests else virtual_environment.REQUIREMENTS
    virtual_environment.make(requirements, progress)
    if said := sqlite_release.advice(os.environ.get("PATH", "").split(os.pathsep)):
        progress.say(said)
    progress.say(f"Ready after {progress.seconds():.1f} s.")


def demo(arguments: list[str], progress: Progress) -> int:
    """Open the console on a virtual site; without a display on Qt's offscreen platform."""
    window = system_packages.has_display()
    headless = "--headless" in arguments
    set_up(progress, tests=False, window=window and not headless)
    if not window and not headless:
        progress.say("No display: the real window runs on Qt's offscreen platform; a screenshot is left at the end.")
        arguments = ["--headless", *arguments]
        if "--for" not in arguments:
            arguments = [*arguments, "--for", "60"]
    return _run(["-m", "console", "demo", *arguments])


def test(arguments: list[str], progress: Progress) -> int:
    """Lint, types, directions, then the tests; the tests run even when a check fails, so that one run tells all."""
    set_up(progress, tests=True, window=shutil.which("Xvfb") is not None)
    failed = []
    for name, command in CHECKS:
        progress.say("Checking: " + name)
        if _run(command) != 0:
            failed.append(name)
    code = _run(["-m", "pytest", *arguments])
    if failed:
        progress.say("Checks that failed: " + ", ".join(failed))
    return code or (1 if failed else 0)


def _run(arguments: list[str]) -> int:
    command = [str(virtual_environment.interpreter()), *arguments]
    environment = dict(os.environ, PYTHONPATH=str(virtual_environment.ROOT))
    try:
        return subprocess.run(command, cwd=virtual_environment.ROOT, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 130


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit code (3: the environment lacks something)."""
    if not arguments or arguments[0] not in {"setup", "demo", "test"}:
        sys.stderr.write(USAGE)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    progress = Progress()
    command, rest = arguments[0], arguments[1:]
    try:
        if command == "demo":
            return demo(rest, progress)
        if command == "test":
            return test(rest, progress)
        set_up(progress, tests=False, window=system_packages.has_display())
    except SetupError as error:
        progress.say(f"\n{error}\n  To do: {error.remedy}")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
