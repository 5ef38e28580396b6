"""The search for devices: what is new can be ticked and taken in, what is in doubt says why, and nothing blocks."""

import asyncio
import dataclasses
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from console.domain.sightings import TakenIn
from console.link.messages import SightingsTaken, TakeSightings
from console.shell.beginnings import FoundDevice
from console.shell.device_finder import networks_of
from console.shell.find_dialog import FindDialog
from drivers.core.identity import Address
from tests.gui.shell.bench import Console, console
from tests.unit.console.presenters.sites import site

KNOWN = site().devices[0]
FOUND = (
    FoundDevice("10.9.9.9:4028", "miner", "Bitmain Antminer S19", "test-miner", model="Antminer S19", firmware="49"),
    FoundDevice("10.9.9.8:4028", "miner", "", ""),
    FoundDevice(str(KNOWN.address), KNOWN.kind.value, KNOWN.model, KNOWN.profile, KNOWN.serial, KNOWN.mac, KNOWN.model),
)


class Collector:
    """The collector's end of the search."""

    def __init__(self) -> None:
        self.requests: list[TakeSightings] = []
        self.answer = SightingsTaken(0, report=TakenIn(added=("MINER-001",)))

    def next_request(self) -> int:
        return len(self.requests) + 1

    async def take_sightings(self, request: TakeSightings) -> SightingsTaken:
        self.requests.append(request)
        return self.answer


async def searched(bench: Console) -> FindDialog:
    bench.found = FOUND
    bench.workbench.commands.open_finder()
    dialog = bench.workbench.finder.dialog
    assert dialog is not None
    dialog.networks.setText("10.9.9.0/24")
    dialog.scan.click()
    await settled()
    return dialog


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_that_what_is_new_can_be_ticked_and_what_no_profile_fits_is_not_ticked_unasked(
    qtbot: QtBot, tmp_path: Path
) -> None:
    async with console(tmp_path) as bench:
        bench.open()
        dialog = await searched(bench)
        assert bench.scanned == ["10.9.9.0/24"]
        assert dialog.message.text() == "3 devices answered: 2 new or moved, 1 known or in doubt."
        model = dialog.table.model()
        shown = [[model.index(row, at).data() for at in range(3)] for row in range(3)]
        assert [row[:2] for row in shown] == [
            ["10.9.9.8:4028", "new"],
            ["10.9.9.9:4028", "new"],
            [str(KNOWN.address), f"known {KNOWN.name}"],
        ]
        assert [str(one.address) for one in dialog.ticked()] == ["10.9.9.9:4028"]
        assert "no profile fits" in model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
        assert not model.index(2, 0).flags() & Qt.ItemFlag.ItemIsUserCheckable
        assert dialog.take.text() == "Take in 1"


async def test_that_ticked_devices_go_to_the_collector_and_its_answer_is_said(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console(tmp_path) as bench:
        bench.open()
        collector = Collector()
        monkeypatch.setattr(bench.workbench.finder, "_channels", lambda feed: collector)
        dialog = await searched(bench)
        dialog.take.click()
        await settled()
        assert [str(one.address) for one in collector.requests[0].sightings] == ["10.9.9.9:4028"]
        assert dialog.message.text() == "1 added, 0 moved, 0 completed."
        assert not dialog.take.isEnabled()


async def test_that_a_refused_search_says_why_and_a_second_window_is_not_opened(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console(tmp_path) as bench:
        bench.open()
        dialog = await searched(bench)

        async def refuse(*_: object) -> tuple[FoundDevice, ...]:
            raise ValueError("'10.9.9' is no network; write it like 10.31.14.0/24")

        monkeypatch.setattr(bench.workbench.finder, "_scan", refuse)
        dialog.networks.setText("10.9.9")
        dialog.scan.click()
        await settled()
        assert "is no network" in dialog.message.text()
        bench.workbench.commands.open_finder()
        assert bench.workbench.finder.dialog is dialog
        dialog.reject()
        assert bench.workbench.finder.dialog is None


def test_that_the_networks_of_a_site_are_proposed_with_ports_that_are_not_the_usual_ones() -> None:
    usual = dataclasses.replace(KNOWN, address=Address("10.31.14.7", 4028))
    own = dataclasses.replace(KNOWN, address=Address("10.31.15.7", 14028))
    named = dataclasses.replace(KNOWN, address=Address("miner-7.example", 4028))
    assert networks_of([usual, usual, own, named]) == "10.31.14.0/24, 10.31.15.0/24:14028"
    assert networks_of([named]) == "192.168.1.0/24"
