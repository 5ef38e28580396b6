"""Finds devices for the site on show and has them taken into its inventory."""

import ipaddress
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from PySide6.QtWidgets import QWidget

from console.domain.inventory import Device
from console.domain.sightings import Sighting, TakenIn
from console.link.messages import SightingsTaken, TakeSightings
from console.link.state import LinkLost
from console.presenters.findings import finding_rows
from console.shell.beginnings import Scan
from console.shell.context import Context
from console.shell.dialogs import give_back_focus
from console.shell.feed import SiteFeed
from console.shell.find_dialog import FindDialog
from console.shell.operations import Operations

SCAN: Final = "Finding devices"
AT_ONCE: Final = 1_000
"""Sightings in one message: some 300 KB."""
MOST_NETWORKS: Final = 4
USUAL_PORTS: Final = frozenset({80, 161, 502, 4028, 4433, 8080})
DEFAULT_NETWORK: Final = "192.168.1.0/24"


class TakingChannel(Protocol):
    """Carries findings to a site's collector."""

    def next_request(self) -> int:
        """A number for the next request."""

    async def take_sightings(self, request: TakeSightings) -> SightingsTaken:
        """Have findings taken in; raises `LinkLost`."""


class DeviceFinder:
    """One search at a time, in a window that does not hold up the others.

    Args:
        context: Which site is on show.
        channels: The collector of each site.
        operations: Runs the scan.
        scan: Asks the network.
        window: Over which the search stands.
    """

    def __init__(
        self,
        context: Context,
        channels: Callable[[SiteFeed], TakingChannel],
        operations: Operations,
        scan: Scan,
        window: QWidget,
    ) -> None:
        self._context = context
        self._channels = channels
        self._operations = operations
        self._scan = scan
        self._window = window
        self.dialog: FindDialog | None = None

    def open(self) -> None:
        """Show the search for the current site."""
        feed = self._context.current.feed
        state = feed.source.present
        if state is None or self.dialog is not None:
            return
        dialog = self.dialog = FindDialog(state.site.name, networks_of(state.site.devices), self._window)
        dialog.scan_asked.connect(lambda targets: self._start(feed, targets))
        dialog.stop_asked.connect(self._stop)
        dialog.take_asked.connect(lambda found: self._operations.start("Taking devices in", self._take(feed, found)))
        dialog.finished.connect(self._closed)
        give_back_focus(dialog)
        dialog.open()

    def _start(self, feed: SiteFeed, targets: str) -> None:
        self._operations.replace(SCAN, self._find(feed, targets))

    def _stop(self) -> None:
        self._operations.cancel(SCAN)
        if self.dialog is not None:
            self.dialog.set_busy(False)
            self.dialog.say("Stopped.")

    def _closed(self) -> None:
        self._operations.cancel(SCAN)
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None

    async def _find(self, feed: SiteFeed, targets: str) -> None:
        dialog = self.dialog
        if dialog is None:
            return
        dialog.set_busy(True)
        try:
            found = await self._scan(targets, dialog.show_progress)
        except (ValueError, OSError, RuntimeError) as error:
            dialog.set_busy(False)
            dialog.say(str(error))
            return
        dialog.set_busy(False)
        state = feed.source.present
        if state is not None:
            sightings = [one.sighting for one in found]
            firmware = [one.firmware for one in found]
            dialog.show_findings(finding_rows(state.site.devices, sightings, firmware, state.profiles))

    async def _take(self, feed: SiteFeed, wanted: Sequence[Sighting]) -> None:
        if self.dialog is not None:
            self.dialog.take.setEnabled(False)
        report = TakenIn()
        try:
            channel = self._channels(feed)
            for start in range(0, len(wanted), AT_ONCE):
                request = TakeSightings(channel.next_request(), tuple(wanted[start : start + AT_ONCE]))
                answer = await channel.take_sightings(request)
                if answer.error:
                    self._say(answer.error)
                    return
                report += answer.report
        except LinkLost as error:
            self._say(f"Not all were taken in: {error}.")
            return
        if self.dialog is not None:
            self.dialog.show_rows(())
        self._say(f"{len(report.added):,} added, {len(report.moved):,} moved, {len(report.completed):,} completed.")

    def _say(self, text: str) -> None:
        """Where the window was closed meanwhile, the inventory itself shows what was taken in."""
        if self.dialog is not None:
            self.dialog.say(text)


def networks_of(devices: Sequence[Device]) -> str:
    """The networks in which most devices of a site stand, as /24, at most `MOST_NETWORKS`.

    A network whose devices answer at ports of their own is named with that port; the usual ones go without saying.
    """
    counted: Counter[str] = Counter()
    for device in devices:
        try:
            address = ipaddress.ip_address(device.address.host)
        except ValueError:
            continue
        if address.version == 4:
            network = str(ipaddress.ip_network(f"{address}/24", strict=False))
            port = device.address.port
            counted[network if port in USUAL_PORTS else f"{network}:{port}"] += 1
    return ", ".join(network for network, _ in counted.most_common(MOST_NETWORKS)) or DEFAULT_NETWORK
