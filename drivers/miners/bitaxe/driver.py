"""Bitaxe and its kin (AxeOS, Nerd miners): one open page on port 80, no login anywhere."""

from typing import Final

from drivers.core.command import Command
from drivers.core.device import Tier
from drivers.core.errors import Refused, Rejected, Unsupported
from drivers.core.identity import Address, DeviceKind, Identity
from drivers.core.operation import Operation
from drivers.core.profile import Profile
from drivers.core.reading import Report
from drivers.family import Access, Clue, Family
from drivers.miners.bitaxe.commands import operation_of
from drivers.miners.bitaxe.parser import model_of, understand
from drivers.miners.commanding import CommandedMiner
from drivers.miners.reply import NOTHING, Fields, text
from drivers.miners.reporter import Reporter
from drivers.miners.web_pages import Pages, collect
from drivers.transports.http import HttpAnswer, HttpTransport

INFO: Final = "/api/system/info"
ASIC: Final = "/api/system/asic"
_TITLES: Final = (b"<title>AxeOS", b"<title>Nerd")
_MARKS: Final = ("ASICModel", "macAddr", "hashRate")
"""Keys that a page of this family has at least one of."""


class BitaxeDriver(CommandedMiner):
    """Polls one miner. The firmware answers whoever is in its own network."""

    _foreign = (Rejected, Refused)  # who it is, this firmware tells everybody

    def __init__(self, profile: Profile, address: Address) -> None:
        super().__init__(profile, address, None)
        self._transport = HttpTransport(address)
        self._reporter = Reporter(profile)
        self._names: Fields = NOTHING

    async def _introduce(self) -> Identity:
        """Read the page; raises a `DeviceError`, `Unsupported` when it is not of this family."""
        pages = await self._collect(Tier.FULL)
        return identity_of(pages.page(INFO), pages.page(ASIC), self._profile, self._place)

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        """Poll once under one deadline; raises a `DeviceError`."""
        pages = await self._collect(tier)
        asic = pages.page(ASIC)
        if asic:
            self._names = {"deviceModel": asic.get("deviceModel")}
        return report(pages, asic or self._names, self._reporter, tier)

    async def close(self) -> None:
        """Close the connection."""
        await self._transport.close()

    async def _collect(self, tier: Tier) -> Pages:
        is_short = tier is Tier.FAST and bool(self._names)
        return await collect(self._ask, self._place, (INFO,), () if is_short else (ASIC,))

    async def _ask(self, path: str) -> HttpAnswer:
        return await self._transport.ask("GET", path, allow_refusal=True)

    def _operation(self, command: Command) -> Operation:
        return operation_of(command, self._transport)


def report(pages: Pages, asic: Fields, reporter: Reporter, tier: Tier) -> Report:
    """The report of one poll; raises `Unsupported` when the page is not of this family.

    Args:
        pages: What the poll brought.
        asic: The page about the chips, or what was kept of it.
        reporter: Keeps the layout.
        tier: How much was asked.
    """
    info = pages.page(INFO)
    _check(info, pages.place)
    return reporter.report(understand(info, asic, repaired=pages.repaired), tier, pages.asked, pages.answered)


def identity_of(info: Fields, asic: Fields, profile: Profile, place: str) -> Identity:
    """The identity on the page; raises `Unsupported` when it is not of this family."""
    _check(info, place)
    return Identity(
        kind=DeviceKind.MINER,
        make=profile.make,
        model=model_of(info, asic),
        firmware=text(info.get("version")),
        mac=text(info.get("macAddr")).lower(),
        profile=profile.id,
    )


def _check(info: Fields, place: str) -> None:
    if not any(mark in info for mark in _MARKS):
        raise Unsupported(place, "the page is not that of a Bitaxe")


def open_bitaxe(profile: Profile, address: Address, access: Access) -> BitaxeDriver:
    """A driver; a login that is set is not needed and never sent."""
    return BitaxeDriver(profile, address)


def recognise(clue: Clue) -> bool:
    """Whether the web interface is AxeOS or that of a Nerd miner."""
    return clue.page is not None and any(title in clue.page.body for title in _TITLES)


FAMILY: Final = Family("bitaxe", open_bitaxe, recognise)
