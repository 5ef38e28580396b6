"""ePIC's firmware (PowerPlay on Antminers, UMC OS): REST on port 4028, reading open, commands with a password."""

from typing import Final

from drivers.core.command import Command
from drivers.core.credentials import Login
from drivers.core.device import Tier
from drivers.core.errors import Refused, Rejected, Unsupported
from drivers.core.identity import Address, DeviceKind, Identity
from drivers.core.operation import Operation, PreconditionFailed
from drivers.core.profile import Profile
from drivers.core.reading import Report
from drivers.family import Access, Clue, Family
from drivers.miners.commanding import NO_LOGIN, CommandedMiner
from drivers.miners.epic.commands import operation_of
from drivers.miners.epic.parser import BoardPages, serial_of, understand
from drivers.miners.reply import NOTHING, Fields, inner, text
from drivers.miners.reporter import Reporter
from drivers.miners.web_pages import Pages, accept, collect, encode
from drivers.transports.http import HttpAnswer, HttpTransport

SUMMARY: Final = "/summary"
CAPABILITIES: Final = "/capabilities"
NETWORK: Final = "/network"
TEMPS: Final = "/temps"
CHIP_TEMPS: Final = "/temps/chip"
CHIP_RATES: Final = "/hashrate"
AUTHENTICATE: Final = "/authenticate"
"""Changes nothing; firmware before 1.30 may not have it."""
_MARKS: Final = ("Software", "Session", "HBs", "Stratum")
"""Keys of `/summary`; other REST servers have none of them."""
_TITLES: Final = (b"Miner Web Dashboard", b"ePIC")


class EpicDriver(CommandedMiner):
    """Polls one miner; the password that is set goes out with commands only."""

    _foreign = (Rejected, Refused)  # who it is, this firmware tells everybody

    def __init__(self, profile: Profile, address: Address, login: Login | None = None) -> None:
        super().__init__(profile, address, login)
        self._transport = HttpTransport(address)
        self._reporter = Reporter(profile)
        self._capabilities: Fields = NOTHING

    async def _introduce(self) -> Identity:
        """Read the pages that name it; raises a `DeviceError`, `Unsupported` when other firmware answers."""
        pages = await collect(self._ask, self._place, (SUMMARY,), (CAPABILITIES, NETWORK))
        check(pages)
        return identity_of(pages, self._profile)

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        """Poll once under one deadline: one page, in a full poll five; raises a `DeviceError`."""
        wanted: tuple[str, ...] = (CAPABILITIES, TEMPS, CHIP_TEMPS, CHIP_RATES)
        if tier is Tier.FAST:
            wanted = () if self._capabilities else (CAPABILITIES,)
        pages = await collect(self._ask, self._place, (SUMMARY,), wanted)
        self._capabilities = pages.page(CAPABILITIES) or self._capabilities
        return report(pages, self._capabilities, self._reporter, tier)

    async def check_login(self) -> bool:
        """Whether the miner takes the password, by the one question that is for that; see `ChecksLogin`."""
        if self._login is None:
            raise Refused(self._place, NO_LOGIN)
        body = encode({"param": None, "password": self._login.secret})
        answer = await self._transport.ask("POST", AUTHENTICATE, body=body, allow_refusal=True)
        if answer.status in {401, 403}:
            return False
        accept(answer, AUTHENTICATE)
        return answer.json().get("result") is True

    async def close(self) -> None:
        """Close the connection; who the miner is will be asked anew."""
        self._capabilities = NOTHING
        await self._transport.close()

    async def _ask(self, path: str) -> HttpAnswer:
        return await self._transport.ask("GET", path, allow_refusal=True)

    def _operation(self, command: Command) -> Operation:
        if self._login is None:
            raise PreconditionFailed(NO_LOGIN)
        return operation_of(command, self._transport, self._login)


def check(pages: Pages) -> None:
    """Raise `Unsupported` when the summary is not of this family."""
    if not any(mark in pages.page(SUMMARY) for mark in _MARKS):
        raise Unsupported(pages.place, "the summary is not that of ePIC's firmware")


def report(pages: Pages, capabilities: Fields, reporter: Reporter, tier: Tier) -> Report:
    """The report of one poll; raises `Unsupported` when other firmware answered.

    Args:
        pages: What the poll brought.
        capabilities: Of this poll or an earlier one.
        reporter: Keeps the layout.
        tier: How much was asked.
    """
    check(pages)
    boards = BoardPages(pages.rows(TEMPS), pages.rows(CHIP_TEMPS), pages.rows(CHIP_RATES))
    found = understand(pages.page(SUMMARY), capabilities, boards)
    found.repaired = pages.repaired
    return reporter.report(found, tier, pages.asked, pages.answered)


def identity_of(pages: Pages, profile: Profile) -> Identity:
    """The identity on the pages."""
    capabilities, network = pages.page(CAPABILITIES), pages.page(NETWORK)
    mac = next((text(inner(network, kind).get("mac_address")) for kind in ("dhcp", "static") if kind in network), "")
    return Identity(
        kind=DeviceKind.MINER,
        make=profile.make,
        model=text(capabilities.get("Model")),
        firmware=text(pages.page(SUMMARY).get("Software")),
        mac=mac.lower(),
        serial=serial_of(capabilities),
        profile=profile.id,
    )


def open_epic(profile: Profile, address: Address, access: Access) -> EpicDriver:
    """A driver; nothing is sent before its first read."""
    return EpicDriver(profile, address, access.login)


def recognise(clue: Clue) -> bool:
    """Whether the web interface is ePIC's dashboard, or a server without a front page, as its REST server is.

    Of the latter `identify` tells, by one question more.
    """
    if clue.page is None:
        return False
    return any(title in clue.page.body for title in _TITLES) or (clue.page.status == 404 and not clue.version)


FAMILY: Final = Family("epic", open_epic, recognise)
