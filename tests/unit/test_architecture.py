"""The directions between packages hold, and the house limits with them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("console", "drivers", "widgets", "resources", "installer")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "helpers", "misc", "common_functions", "manager", "managers"}


@pytest.mark.timeout(120)
def test_that_the_import_directions_hold() -> None:
    result = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_that_a_module_fits_on_400_lines_and_has_a_telling_name(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= 400, f"{lines} lines: which two things live in one room?"
    assert path.stem not in FORBIDDEN_NAMES


def test_that_no_colour_is_written_outside_the_theme() -> None:
    literal = re.compile(r"""["']#[0-9A-Fa-f]{6}["']""")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for package in ("console", "widgets")
        for path in (ROOT / package).rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if literal.search(line)
    ]
    assert not found


def test_that_the_readme_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "python3 -m installer demo" in text
    assert "python3 -m installer test" in text
