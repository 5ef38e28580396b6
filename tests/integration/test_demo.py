"""The demo as a user runs it: one command, a live site, figures at the end, and nothing left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(150)]

FIELDS = {"devices", "polls", "readings", "lost", "incidents", "latency_s", "first_frame_s"}


Start = Callable[..., "subprocess.Popen[str]"]


def _start(folder: Path, *more: str) -> "subprocess.Popen[str]":
    command = [
        sys.executable, "-m", "console", "demo", "--miners", "50", "--headless", "--json",
        "--folder", str(folder), "--screenshot", str(folder / "picture.png"), *more,
    ]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
        # Whoever runs the tests in the background of a shell has SIGINT ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts demos, and ends those that a failed test leaves behind."""
    running: list[subprocess.Popen[str]] = []

    def begin(folder: Path, *more: str) -> "subprocess.Popen[str]":
        running.append(_start(folder, *more))
        return running[-1]

    yield begin
    for demo in running:
        if demo.poll() is None:
            demo.kill()
        demo.communicate()


def _processes_of(folder: Path) -> list[int]:
    """Every process that names the folder on its command line, this one excepted."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in line:
                found.append(int(entry.name))
    return found


def _wait_until(condition: object, seconds: float) -> bool:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return bool(condition())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The demo's site folder."""
    made = tmp_path / "site"
    made.mkdir()
    return made


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks processes up in /proc")
def test_that_a_short_demo_shows_a_live_site_and_leaves_no_process(start: Start, folder: Path) -> None:
    demo = start(folder, "--for", "15")
    out, err = demo.communicate(timeout=100)
    assert demo.returncode == 0, err
    result = json.loads(out)
    assert FIELDS <= set(result)
    assert result["devices"] > 50
    assert result["polls"] > 50
    assert result["readings"] > 500
    assert result["lost"] == 0
    assert set(result["incidents"]) == {"1", "2", "3", "4"}
    assert set(result["latency_s"]) == {"p50", "p95", "max"}
    assert result["latency_s"]["p95"] > 0
    assert result["first_frame_s"] > 0
    assert "of 50 miners" in err
    assert (folder / "picture.png").stat().st_size > 20_000
    assert (folder / "console.sqlite").exists()
    assert _wait_until(lambda: not _processes_of(folder), 10), "processes left behind"


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks processes up in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_that_a_demo_that_is_ended_takes_its_children_along(start: Start, folder: Path, number: signal.Signals) -> None:
    demo = start(folder)
    assert _wait_until(lambda: len(_processes_of(folder)) >= 3, 60)
    assert _wait_until(lambda: (folder / "console.sqlite").exists(), 60)
    demo.send_signal(number)
    assert _wait_until(lambda: demo.poll() is not None, 15)
    demo.communicate()
    assert _wait_until(lambda: not _processes_of(folder), 15), "processes left behind"


def test_that_a_number_of_miners_that_no_site_has_is_a_usage_error(start: Start, folder: Path) -> None:
    demo = start(folder, "--miners", "1")
    _, err = demo.communicate(timeout=60)
    assert demo.returncode == 2
    assert "2 to 60,000" in err


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks libraries up in /proc")
def test_that_ctrl_c_while_qt_loads_ends_the_demo_in_order(start: Start, folder: Path) -> None:
    demo = start(folder)
    maps = Path(f"/proc/{demo.pid}/maps")
    assert _wait_until(lambda: "shiboken" in maps.read_text(encoding="utf-8"), 60)
    demo.send_signal(signal.SIGINT)
    _, err = demo.communicate(timeout=60)
    assert demo.returncode == 0, err
    assert _wait_until(lambda: not _processes_of(folder), 15), "processes left behind"
