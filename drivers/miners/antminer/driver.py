"""The stock Antminer: over CGMiner's text protocol without a login, over its web pages where one was set."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from drivers.core.command import Capability, Command, CommandResult, Offer, Permit
from drivers.core.device import Tier
from drivers.core.errors import DeviceError, Malformed, Refused, Rejected, TimedOut, Unreachable, Unsupported
from drivers.core.identity import Address, DeviceKind, Identity
from drivers.core.miner_options import miner_options
from drivers.core.operation import carry_out
from drivers.core.profile import Profile
from drivers.core.reading import Report
from drivers.family import Access, Clue, Family
from drivers.miners.antminer.commands import operation_for
from drivers.miners.antminer.fields import mines_another_algorithm, split_stats, type_of
from drivers.miners.antminer.parser import NOTHING_TOLD, AntminerParser, Told
from drivers.miners.antminer.service import AntminerService
from drivers.miners.antminer.web import PORT, REALM, AntminerWeb, serial_of
from drivers.miners.commanding import offers_of
from drivers.miners.login_guard import is_taken
from drivers.miners.reply import NOTHING, Fields, first, text
from drivers.transports.cgminer import Answers, CgminerTransport

_FAST: Final = ("summary", "stats")
_FULL: Final = ("summary", "stats", "pools")
_OTHER_FIRMWARE: Final = (
    "LUXminer",
    "BOSminer",
    "BOSminer+",
    "BOSer",
    "BTMiner",
    "PROD",
    "Xminer",
    "VNish",
    "Firmware",
)
"""Keys of a `version` answer by which other firmware names itself."""
_OTHER_NAMES: Final = ("(", "hiveon", "vnish", "braiins", "rwglr", "msk", "luxos", "asicseer")
"""Parts of a type or version by which firmware built on Bitmain's own gives itself away."""
WEB_RESTS_S: Final = 60.0
"""Before a web interface that did not answer is asked again."""
_ONLY_SHA256: Final = "mines another algorithm than SHA-256; this program reads SHA-256 miners only"


class AntminerDriver:
    """Polls and commands one stock Antminer.

    Args:
        profile: Of the family.
        address: Where the text protocol answers.
        access: The login that was set for this miner, and the port of its web interface.
    """

    def __init__(self, profile: Profile, address: Address, access: Access | None = None) -> None:
        login, port = (access.login, access.web_port) if access else (None, 0)
        options = miner_options(profile)
        self._profile = profile
        self._login = login
        self._address = address
        self._options = options
        self._transport = CgminerTransport(address)
        self._parser = AntminerParser(profile)
        self._web = AntminerWeb(Address(address.host, port or PORT), login) if login else None
        self._web_rests_until = 0.0
        self._web_trouble: DeviceError | None = None
        self._service = (
            AntminerService(Address(address.host, options.service_port), options, login)
            if options.service_port
            else None
        )
        self._has_new_api: bool | None = None
        self._has_no_info = False
        self._model = ""
        self._header: Fields | None = None

    @property
    def profile(self) -> Profile:
        """The profile of the family."""
        return self._profile

    @property
    def address(self) -> Address:
        """Where the miner answers."""
        return self._address

    @property
    def offers(self) -> Mapping[Capability, Offer]:
        """Every capability, with the reason where it is not offered."""
        return offers_of(self._profile, self._login)

    async def act(self, command: Command, permit: Permit) -> CommandResult:
        """Check, write once, read back. Never raises a `DeviceError`."""
        offer = self.offers[command.capability]
        return await carry_out(operation_for(command, self._web, self._options, offer))

    async def identify(self) -> Identity:
        """Ask who it is; raises a `DeviceError`, `Unsupported` when it is no stock SHA-256 Antminer."""
        try:
            identity = await identify(self._transport, self._profile)
        except Rejected as no:
            raise Unsupported(str(self._address), f"this is no stock firmware: {no.text}", no.raw) from no
        if not identity.profile:
            reason = (
                f"{identity.model or 'the miner'} {_ONLY_SHA256}" if mines_another_algorithm(identity.model) else ""
            )
            firmware = identity.firmware or "other firmware"
            raise Unsupported(str(self._address), reason or f"{firmware} is no stock firmware")
        info = await self._system_info()
        if not info:
            return identity
        return replace(
            identity,
            mac=text(info.get("macaddr")).lower(),
            serial=serial_of(info),
            firmware=text(info.get("system_filesystem_version")) or identity.firmware,
        )

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        """Poll once; raises a `DeviceError`."""
        answers = await self._answers(tier)
        if "summary" not in answers.sections and "stats" not in answers.sections:
            raise Malformed(str(self._address), "the answer holds neither summary nor stats")
        told = await self._told(self._may_be_newer(answers)) if tier is Tier.FULL else NOTHING_TOLD
        report = self._parser.report(answers, tier, told)
        model = report.texts.get("model", "")
        if model != self._model:
            if mines_another_algorithm(model):
                raise Unsupported(str(self._address), f"{model} {_ONLY_SHA256}")
            self._model = model
        return report

    async def check_login(self) -> bool:
        """Whether the miner takes the login; see `ChecksLogin`."""
        if self._web is None:
            raise Refused(str(self._address), "no login is set for this miner")
        self._web.forget()
        return await is_taken(self._web.system_info())

    async def close(self) -> None:
        """Close what is kept open; what was found out about the web interface is found out anew."""
        self._web_rests_until, self._web_trouble, self._has_new_api = 0.0, None, None
        self._has_no_info = False
        if self._web is not None:
            await self._web.close()
        if self._service is not None:
            await self._service.close()

    async def _answers(self, tier: Tier) -> Answers:
        """The web pages where a login is set and they answer; else the text protocol."""
        now = asyncio.get_running_loop().time()
        if self._web is not None and now >= self._web_rests_until:
            try:
                answers = await self._completed(await self._web.read(tier), tier)
            except (Refused, Unsupported) as trouble:
                # A login that is not taken is not sent again and again: the firmware would lock everybody out.
                self._web_rests_until, self._web_trouble = float("inf"), trouble
            except DeviceError as trouble:
                self._web_rests_until, self._web_trouble = now + WEB_RESTS_S, trouble
            else:
                self._web_trouble = None
                return answers
        try:
            return await self._text_answers(tier)
        except (Unreachable, TimedOut):
            if isinstance(self._web_trouble, Refused):
                raise self._web_trouble from None
            raise

    async def _completed(self, answers: Answers, tier: Tier) -> Answers:
        """With what the web pages leave out and the text protocol tells."""
        missing = [name for name in _FULL if name not in answers.sections] if tier is Tier.FULL else []
        if not missing:
            return answers
        try:
            more = await self._transport.ask(missing)
        except DeviceError:
            return answers  # the web pages alone are a poll; what only the text protocol tells is not reported
        sections = {**answers.sections, **more.sections}
        return Answers(sections, answers.repaired or more.repaired, answers.asked, more.answered)

    async def _text_answers(self, tier: Tier) -> Answers:
        if self._has_new_api:
            try:
                return await self._transport.ask(("stats",) if tier is Tier.FAST else _FULL, new_api=True)
            except Rejected:
                self._has_new_api = False
        answers = await self._transport.ask(_FULL if tier is Tier.FULL else _FAST)
        if "stats" not in answers.sections:
            return await self._with_header(answers)
        if tier is Tier.FULL and self._has_new_api is None and self._may_be_newer(answers):
            return await self._with_new_api(answers)
        return answers

    async def _with_header(self, answers: Answers) -> Answers:
        """Where the firmware refuses `stats`, its `version` tells the model; asked once."""
        if self._header is None:
            try:
                version = await self._transport.ask(("version",))
            except Rejected:
                self._header = NOTHING
            else:
                self._header = first(version.sections["version"], "VERSION")
        return replace(answers, sections={**answers.sections, "stats": {"STATS": [dict(self._header)]}})

    async def _with_new_api(self, answers: Answers) -> Answers:
        """Find out once whether the firmware knows the web's shape, which tells more: power, serials, work mode."""
        try:
            newer = await self._transport.ask(("stats",), new_api=True)
        except (Rejected, Malformed):
            self._has_new_api = False
            return answers
        except DeviceError:
            return answers
        stats = newer.sections["stats"]
        self._has_new_api = any("chain" in row for row in _stat_rows(stats))
        if not self._has_new_api:
            return answers
        return Answers(
            {**answers.sections, "stats": stats}, answers.repaired or newer.repaired, answers.asked, newer.answered
        )

    def _may_be_newer(self, answers: Answers) -> bool:
        """Whether the model that these answers name may have what newer firmware has."""
        header, _ = split_stats(answers.sections.get("stats", NOTHING))
        return self._options.is_newer(type_of(header) or self._model)

    async def _told(self, may_be_newer: bool) -> Told:
        """What is told elsewhere: the second web server's fault and power, the facts behind the login."""
        power, faults = math.nan, None
        if self._service is not None and may_be_newer:
            faults = await self._service.faults()
            if not self._parser.tells_power:
                power = await self._service.power()
        if self._web is None:
            return Told(power, faults)
        info = await self._system_info()
        texts = {
            "serial": serial_of(info),
            "mac": text(info.get("macaddr")).lower(),
            "firmware": text(info.get("system_filesystem_version")),
            "web": f"not read: {self._web_trouble.text}" if self._web_trouble else "",
        }
        return Told(power, faults, {name: value for name, value in texts.items() if value})

    async def _system_info(self) -> Fields:
        """What the page behind the login says of the miner; empty where it cannot be asked."""
        now = asyncio.get_running_loop().time()
        if self._web is None or now < self._web_rests_until or self._has_no_info:
            return NOTHING
        try:
            return await self._web.system_info()
        except (Unsupported, Malformed):
            self._has_no_info = True  # this page alone; the others are asked on
            return NOTHING
        except DeviceError as trouble:
            rests = float("inf") if isinstance(trouble, Refused) else now + WEB_RESTS_S
            self._web_rests_until, self._web_trouble = rests, trouble
            return NOTHING


async def identify(transport: CgminerTransport, profile: Profile) -> Identity:
    """Who answers CGMiner's protocol there; the profile is left empty when it is no stock SHA-256 Antminer.

    Raises a `DeviceError`.
    """
    try:
        answers = await transport.ask(("version", "stats"))
    except Rejected:
        answers = await transport.ask(("summary",))
    version = first(answers.sections.get("version", NOTHING), "VERSION")
    header, _ = split_stats(answers.sections.get("stats", NOTHING))
    return identity_of(version, header, profile)


def identity_of(version: Fields, header: Fields, profile: Profile) -> Identity:
    """The identity in the answers to `version` and `stats`."""
    model = type_of(version) or type_of(header)
    other = next((key for key in _OTHER_FIRMWARE if key in version), "")
    names = " ".join((model, text(version.get("BMMiner")), text(header.get("BMMiner")))).casefold()
    is_stock = not other and not any(name in names for name in _OTHER_NAMES)
    if not is_stock or not model.casefold().startswith("antminer") or mines_another_algorithm(model):
        firmware = f"{other} {text(version.get(other))}".strip() if other else text(version.get("Miner"))
        return Identity(DeviceKind.MINER, model=model, firmware=firmware)
    revision = text(version.get("Miner")) or text(header.get("Miner"))
    compiled = " ".join((text(version.get("CompileTime")) or text(header.get("CompileTime"))).split())
    return Identity(
        kind=DeviceKind.MINER,
        make=profile.make,
        model=model,
        firmware=f"{revision} ({compiled})" if compiled else revision,
        profile=profile.id,
    )


def recognise(clue: Clue) -> bool:
    """Whether what was seen at an address is an Antminer with stock firmware, SHA-256 or not."""
    version = first(clue.version, "VERSION")
    if version:
        names = f"{text(version.get('Type'))} {text(version.get('BMMiner'))}".casefold()
        is_other = any(key in version for key in _OTHER_FIRMWARE) or any(name in names for name in _OTHER_NAMES)
        return names.startswith("antminer") and not is_other
    if clue.version or clue.page is None:
        return False
    return REALM in clue.page.headers.get("www-authenticate", "").casefold()


def open_antminer(profile: Profile, address: Address, access: Access) -> AntminerDriver:
    """A driver; nothing is sent before its first read."""
    return AntminerDriver(profile, address, access)


def _stat_rows(stats: Fields) -> list[Mapping[str, object]]:
    found = stats.get("STATS")
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


FAMILY: Final = Family("antminer", open_antminer, recognise)
