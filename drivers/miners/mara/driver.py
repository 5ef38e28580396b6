"""MARA's firmware (KAONSU): port 4028 names it openly; everything else is on port 80, `/kaonsu/v1`, behind a login."""

from typing import Final

from drivers.core.command import Command
from drivers.core.credentials import Login
from drivers.core.device import Tier
from drivers.core.errors import Refused, Unsupported
from drivers.core.identity import Address, DeviceKind, Identity
from drivers.core.operation import Operation, PreconditionFailed
from drivers.core.profile import Profile
from drivers.core.reading import Report
from drivers.family import Access, Clue, Family
from drivers.miners.antminer.fields import mines_another_algorithm
from drivers.miners.commanding import NO_LOGIN, CommandedMiner
from drivers.miners.login_guard import LoginGuard, is_taken
from drivers.miners.mara.commands import operation_of
from drivers.miners.mara.parser import understand
from drivers.miners.reply import NOTHING, Fields, first, text
from drivers.miners.reporter import Reporter
from drivers.miners.web_pages import Pages, collect
from drivers.transports.cgminer import CgminerTransport, status_of
from drivers.transports.http import HttpAnswer, HttpTransport

PREFIX: Final = "/kaonsu/v1/"
WEB_PORT: Final = 80
LOGIN_NEEDED: Final = (
    "the firmware shows its pages after a login only; set one for this miner (the vendor's user is root)"
)
_FAST: Final = ("hashboards", "fans")
_FULL: Final = (*_FAST, "overview", "pools", "miner_config", "details")
_NAMES: Final = ("KAONSU", "MARAFW")


class MaraDriver(CommandedMiner):
    """Polls one miner with the login that is set for it; without one it asks for nothing but the name."""

    def __init__(
        self, profile: Profile, address: Address, login: Login | None = None, web_port: int = WEB_PORT
    ) -> None:
        super().__init__(profile, address, login)
        self._open = CgminerTransport(address)
        self._transport = HttpTransport(Address(address.host, web_port))
        self._reporter = Reporter(profile)
        self._guard = LoginGuard(str(self._transport.address))

    async def _introduce(self) -> Identity:
        """Ask who it is: openly, and more closely where a login is set.

        Raises a `DeviceError`, `Unsupported` when other firmware answers.
        """
        answers = await self._open.ask(("version",))
        version = answers.sections.get("version", NOTHING)
        if self._login is None or not is_mara(version):
            return identity_of(version, NOTHING, self._profile, self._place)
        pages = await collect(self._ask, self._place, (PREFIX + "overview",))
        return identity_of(version, pages.page(PREFIX + "overview"), self._profile, self._place)

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        """Poll once under one deadline: three pages, in a full poll seven. Raises a `DeviceError`."""
        wanted = _FULL if tier is Tier.FULL else _FAST
        pages = await collect(self._ask, self._place, (PREFIX + "brief",), [PREFIX + name for name in wanted])
        check_algorithm(text(pages.page(PREFIX + "overview").get("model")), self._place)
        return report(pages, self._reporter, tier)

    async def check_login(self) -> bool:
        """Whether the miner takes the login; see `ChecksLogin`."""
        return await is_taken(self._ask(PREFIX + "overview"))

    async def close(self) -> None:
        """Close the connection; a login that was refused may be tried again."""
        self._guard.forget()
        await self._transport.close()

    async def _ask(self, path: str) -> HttpAnswer:
        return await ask(self._transport, self._guard, self._login, path)

    def _operation(self, command: Command) -> Operation:
        if self._login is None:
            raise PreconditionFailed(NO_LOGIN)
        return operation_of(command, self._transport, self._login)


async def ask(transport: HttpTransport, guard: LoginGuard, login: Login | None, path: str) -> HttpAnswer:
    """Ask one page; raises a `DeviceError`, `Refused` before anything is sent where no login is set."""
    if login is None:
        raise Refused(str(transport.address), LOGIN_NEEDED)
    guard.check()
    try:
        return await transport.ask("GET", path, digest=login)
    except Refused as error:
        guard.refused(error.text)
        raise


def report(pages: Pages, reporter: Reporter, tier: Tier) -> Report:
    """The report of what one poll brought."""
    by_name = {path.removeprefix(PREFIX): page for path, page in pages.found.items()}
    found = understand(by_name, pages.rows(PREFIX + "pools"))
    found.repaired = pages.repaired
    return reporter.report(found, tier, pages.asked, pages.answered)


def is_mara(version: Fields) -> bool:
    """Whether an answer to `version` names this firmware, in whichever of its fields."""
    row = first(version, "VERSION")
    told = [str(key) for key in row] + [text(value) for value in row.values()]
    told.append(text(status_of(version).get("Description")))
    return any(name in word.upper() for word in told for name in _NAMES)


def check_algorithm(model: str, place: str) -> None:
    """Raise `Unsupported` for a model that mines something else: the firmware also runs on Kaspa miners."""
    if mines_another_algorithm(model):
        raise Unsupported(place, f"{model} mines another algorithm than SHA-256")


def identity_of(version: Fields, overview: Fields, profile: Profile, place: str) -> Identity:
    """The identity in the answer to `version` and on the page `overview`, which may be empty; raises `Unsupported`."""
    row = first(version, "VERSION")
    if not is_mara(version):
        raise Unsupported(place, "other firmware than MARA's answers")
    model = text(overview.get("model")) or text(row.get("Model"))
    check_algorithm(model, place)
    return Identity(
        kind=DeviceKind.MINER,
        make=profile.make,
        model=model,
        firmware=text(overview.get("version_firmware")) or text(row.get("Miner")) or text(row.get("Version")),
        mac=text(overview.get("mac")).lower(),
        serial=text(overview.get("serial_number")),
        profile=profile.id,
    )


def open_mara(profile: Profile, address: Address, access: Access) -> MaraDriver:
    """A driver; nothing is sent before its first read."""
    return MaraDriver(profile, address, access.login, access.web_port or WEB_PORT)


def recognise(clue: Clue) -> bool:
    """Whether the answer to `version` names this firmware."""
    return is_mara(clue.version)


FAMILY: Final = Family("mara", open_mara, recognise)
