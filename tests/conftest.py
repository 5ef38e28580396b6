"""What every test is held to: nothing leaks, nothing warns unexpectedly, nothing leaves loopback."""

import asyncio
import gc
import ipaddress
import logging
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

SHARED = Path(__file__).resolve().parents[2] / "shared"
THREADS_THAT_STAY = ("asyncio_", "QtAsync", "pytest_timeout", "Dummy-")
"""Pool threads of the default executor end with the loop, a moment later."""


@pytest.fixture(autouse=True, scope="session")
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests, and the processes that they start, are an installation of their own: the user's home stays untouched."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERRAHASH_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def recorded() -> Path:
    """Folder with the recorded replies of real devices; tests that need it are skipped where it is not."""
    folder = SHARED / "fixtures"
    if not folder.is_dir():
        pytest.skip("the recorded device replies (../shared/fixtures) are not on this machine")
    return folder


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs Qt, so that `-m "not gui"` runs where there is none; leave out what is long, unless asked for."""
    for item in items:
        if {"qapp", "qtbot"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("gui")
    if "long" not in config.option.markexpr:
        long = [item for item in items if item.get_closest_marker("long") is not None]
        items[:] = [item for item in items if item not in long]
        config.hook.pytest_deselected(items=long)


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that would talk to anything but this machine fails before the first packet."""
    original = socket.socket.connect

    def connect(self: socket.socket, address: object, /) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and isinstance(address, tuple):
            host = str(address[0])
            if not ipaddress.ip_address(socket.gethostbyname(host)).is_loopback:
                raise AssertionError(f"the test tried to reach {host}")
        original(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(autouse=True)
def _no_leaked_threads() -> Iterator[None]:
    """Every thread a test starts ends with it."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        left = [
            thread
            for thread in threading.enumerate()
            if thread not in before and not thread.name.startswith(THREADS_THAT_STAY)
        ]
        if not left:
            return
        threading.Event().wait(0.02)
    pytest.fail(f"threads left running: {[thread.name for thread in left]}")


@pytest.fixture(autouse=True)
async def _no_leaked_tasks() -> AsyncIterator[None]:
    """Every asyncio task a test starts ends with it."""
    before = asyncio.all_tasks()
    yield
    await asyncio.sleep(0)
    left = [task for task in asyncio.all_tasks() - before if not task.done() and task is not asyncio.current_task()]
    for task in left:
        task.cancel()
    assert not left, f"tasks left running: {[task.get_coro() for task in left]}"


class _Unexpected(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(autouse=True)
def _no_unexpected_warnings_in_the_log(expected_log: list[str]) -> Iterator[None]:
    """A WARNING or worse in the log fails the test, unless it takes `expected_log` and names it there."""
    handler = _Unexpected()
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)
    surprises = [
        record.getMessage()
        for record in handler.records
        if not any(part in record.getMessage() for part in expected_log)
    ]
    assert not surprises, f"unexpected log records: {surprises}"


@pytest.fixture
def expected_log() -> list[str]:
    """Parts of log messages (WARNING and above) that this test expects; append to it in the test."""
    return []


@pytest.fixture(autouse=True)
def _no_leaked_timers(request: pytest.FixtureRequest) -> Iterator[None]:
    """No QTimer of a destroyed or forgotten widget goes on after its test."""
    yield
    if "qtbot" not in request.fixturenames:
        return
    from PySide6.QtCore import QTimer  # noqa: PLC0415 - only tests with Qt load Qt

    gc.collect()
    running = [
        timer for timer in gc.get_objects() if isinstance(timer, QTimer) and timer.isActive() and timer.parent() is None
    ]
    assert not running, f"timers left running: {running}"
