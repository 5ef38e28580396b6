"""Auradine (FluxOS): rates on port 4028, open to everybody; power, fans and chips on port 8080, with a token.

Whether a firmware gives the pages of port 8080 without a token differs and is nowhere documented. Without a login they
are asked for once as anybody may; where that is refused, what they hold is left out and a text says why.
"""

import time
from typing import Final

from drivers.core.command import Command
from drivers.core.credentials import Login
from drivers.core.device import Tier
from drivers.core.errors import DeviceError, Unsupported
from drivers.core.identity import Address, DeviceKind, Identity
from drivers.core.operation import Operation, PreconditionFailed
from drivers.core.profile import Profile
from drivers.core.reading import Report
from drivers.family import Access, Clue, Family
from drivers.miners.auradine.commands import operation_of
from drivers.miners.auradine.parser import firmware_of, model_of, understand
from drivers.miners.auradine.web import AuradineWeb
from drivers.miners.commanding import NO_LOGIN, CommandedMiner
from drivers.miners.reply import NOTHING, Fields, first, text
from drivers.miners.reporter import Reporter
from drivers.miners.web_pages import Pages, collect
from drivers.transports.cgminer import Answers, CgminerTransport, status_of

WEB_PORT: Final = 8080
CLOSED: Final = "power, fans, chip temperatures and serials need a login; set one for this miner (user admin)"
_FAST: Final = ("summary", "devs")
_FULL: Final = ("summary", "devs", "pools", "asccount", "version", "devdetails")
_FAST_PAGES: Final = ("/psu", "/fan", "/temperature", "/mode")
_FULL_PAGES: Final = (*_FAST_PAGES, "/led", "/frequency", "/ipreport")


class AuradineDriver(CommandedMiner):
    """Polls one miner."""

    def __init__(
        self, profile: Profile, address: Address, login: Login | None = None, web_port: int = WEB_PORT
    ) -> None:
        super().__init__(profile, address, login)
        self._open = CgminerTransport(address)
        self._web = AuradineWeb(Address(address.host, web_port), login)
        self._reporter = Reporter(profile)
        self._closed = ""

    async def _introduce(self) -> Identity:
        """Ask for the version; raises a `DeviceError`, `Unsupported` when other firmware answers."""
        answers = await self._open.ask(("version", "devdetails"))
        version = answers.sections.get("version", NOTHING)
        if not is_fluxos(version):
            raise Unsupported(self._place, "other firmware than Auradine's answers")
        pages = await self._pages(("/ipreport",))
        return identity_of(answers, _by_name(pages), self._profile)

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        """Poll once: port 4028, then the pages of port 8080 as far as they are open. Raises a `DeviceError`."""
        is_full = tier is Tier.FULL
        answers = await self._open.ask(_FULL if is_full else _FAST)
        pages = await self._pages(_FULL_PAGES if is_full else _FAST_PAGES)
        return report(answers, pages, self._reporter, tier, self._closed)

    async def check_login(self) -> bool:
        """Whether the miner takes the login; see `ChecksLogin`."""
        return await self._web.takes_login()

    async def close(self) -> None:
        """Close the connection and forget the token."""
        self._closed = ""
        await self._web.close()

    async def _pages(self, paths: tuple[str, ...]) -> Pages:
        """The pages, or none where they are closed; a web server that is away does not spoil what port 4028 said."""
        nothing = Pages(self._place, answered=time.time())
        if self._closed:
            return nothing
        if self._login is None:
            probe = await self._first_page(paths[0])
            if not probe:
                return nothing
        try:
            return await collect(self._web.ask, self._place, (), paths)
        except DeviceError as error:
            nothing.missing = dict.fromkeys(paths, error.text)
            return nothing

    async def _first_page(self, path: str) -> bool:
        """Whether anybody may read the pages."""
        try:
            pages = await collect(self._web.ask, self._place, (), (path,))
        except DeviceError as error:
            self._closed = f"{CLOSED} ({error.text})"
            return False
        if path in pages.missing:
            self._closed = CLOSED
            return False
        return True

    def _operation(self, command: Command) -> Operation:
        if self._login is None:
            raise PreconditionFailed(NO_LOGIN)
        return operation_of(command, self._web, self._open)


def _by_name(pages: Pages) -> dict[str, Fields]:
    return {path.strip("/"): page for path, page in pages.found.items()}


def report(answers: Answers, pages: Pages, reporter: Reporter, tier: Tier, closed: str = "") -> Report:
    """The report of one poll.

    Args:
        answers: Of port 4028.
        pages: Of port 8080; empty where they are closed.
        reporter: Keeps the layout.
        tier: How much was asked.
        closed: Why the pages are not there; empty where they are.
    """
    found = understand(answers.sections, _by_name(pages))
    found.repaired = answers.repaired or pages.repaired
    reasons = dict.fromkeys(pages.missing.values())
    found.tell("login", closed)
    found.tell("not_read", "; ".join(f"{reason}" for reason in reasons))
    return reporter.report(found, tier, answers.asked, max(answers.answered, pages.answered))


def is_fluxos(version: Fields) -> bool:
    """Whether an answer to `version` is that of Auradine's firmware."""
    description = text(status_of(version).get("Description")).casefold()
    return "GCMiner" in first(version, "VERSION") or "gcminer" in description or "fluxos" in description


def identity_of(answers: Answers, pages: dict[str, Fields], profile: Profile) -> Identity:
    """The identity in the answers; MAC and serial only where the REST page is open."""
    page = first(pages.get("ipreport", NOTHING), "IPReport")
    return Identity(
        kind=DeviceKind.MINER,
        make=profile.make,
        model=model_of(answers.sections, page),
        firmware=firmware_of(answers.sections, page),
        mac=text(page.get("mac")).lower(),
        serial=text(page.get("SerialNo")),
        profile=profile.id,
    )


def open_auradine(profile: Profile, address: Address, access: Access) -> AuradineDriver:
    """A driver; nothing is sent before its first read."""
    return AuradineDriver(profile, address, access.login, access.web_port or WEB_PORT)


def recognise(clue: Clue) -> bool:
    """Whether the answer to `version` is that of Auradine's firmware."""
    return is_fluxos(clue.version)


FAMILY: Final = Family("auradine", open_auradine, recognise)
