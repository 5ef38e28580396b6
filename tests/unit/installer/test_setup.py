"""Set-up installs what is locked, and says what is wrong in words that help."""

import io
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import installer
from installer import system_packages, virtual_environment
from installer.failures import InstallFailed, NoNetwork
from installer.progress import Progress

ROOT = Path(__file__).resolve().parents[3]


def _locked() -> set[tuple[str, str]]:
    packages = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    return {(package["name"], package["version"]) for package in packages if "registry" in package["source"]}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt"])
def test_that_the_exported_requirements_name_only_locked_versions_with_hashes(name: str) -> None:
    text = (ROOT / "installer" / name).read_text(encoding="utf-8")
    entries = re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)(.*(?:\n    --hash.*)+)", text, flags=re.MULTILINE)
    assert len(entries) == len(re.findall(r"^[a-z0-9-]+==", text, flags=re.MULTILINE)), "an entry has no hash"
    assert {(package, version) for package, version, _ in entries} <= _locked()


def test_that_the_test_requirements_hold_every_locked_package() -> None:
    text = (ROOT / "installer" / "requirements-test.txt").read_text(encoding="utf-8")
    named = set(re.findall(r"^([a-z0-9-]+)==", text, flags=re.MULTILINE))
    assert named == {name for name, _ in _locked()}


def test_that_the_lock_fits_the_declared_dependencies() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.split(r"[\[<>=; ]", entry)[0].lower() for entry in declared}
    assert names <= {name for name, _ in _locked()}


def test_that_an_unreachable_index_is_told_apart_from_a_failing_package() -> None:
    with pytest.raises(NoNetwork):
        virtual_environment.explain(["WARNING: Retrying after NewConnectionError: Failed to resolve"])
    with pytest.raises(InstallFailed, match="no matching distribution"):
        virtual_environment.explain(["ERROR: no matching distribution found for x"])


def test_that_an_old_interpreter_names_a_newer_one(tmp_path: Path) -> None:
    (tmp_path / "python3.12").touch()
    (tmp_path / "python3.10").touch()
    assert installer.newer_python([str(tmp_path)]) == "python3.12"
    assert installer.newer_python([]) == ""


def test_that_a_missing_library_is_found_by_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_packages, "system_libraries", lambda _: {"libnot-there.so.9": "libnot-there9"})
    missing = system_packages.missing_libraries(window=False)
    assert ("libnot-there9" in missing) == sys.platform.startswith("linux")


def test_that_no_display_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not system_packages.has_display()
    monkeypatch.setenv("DISPLAY", ":7")
    assert system_packages.has_display()


def test_that_a_step_is_one_line_where_the_output_is_no_terminal() -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    progress.step("Installing")
    for done in range(40):
        progress.count("Installing", done, 40)
    progress.end("done")
    assert stream.getvalue() == "  Installing done\n"


def test_that_a_wrong_command_is_a_usage_error() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "installer", "paint"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert "usage: python3 -m installer" in result.stderr
