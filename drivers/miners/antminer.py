"""The stock Antminer: read only, over CGMiner's protocol, without credentials."""

from typing import Final

from drivers.core.device import Tier
from drivers.core.errors import Malformed, Rejected, Unsupported
from drivers.core.identity import Address, DeviceKind, Identity
from drivers.core.profile import Profile
from drivers.core.reading import Report
from drivers.miners.antminer_fields import split_stats
from drivers.miners.antminer_parser import AntminerParser
from drivers.miners.reply import NOTHING, Fields, first, text
from drivers.transports.cgminer import CgminerTransport

_FAST: Final = ("summary", "stats")
_FULL: Final = ("summary", "stats", "pools")
_OTHER_FIRMWARE: Final = ("LUXminer", "BOSminer", "BOSminer+", "BOSer", "BTMiner", "PROD", "Xminer", "VNish")
"""Keys of a `version` answer by which other firmware names itself."""


class AntminerDriver:
    """Polls one stock Antminer."""

    def __init__(self, profile: Profile, address: Address) -> None:
        self._profile = profile
        self._address = address
        self._transport = CgminerTransport(address)
        self._parser = AntminerParser(profile)

    @property
    def profile(self) -> Profile:
        """The profile of the family."""
        return self._profile

    @property
    def address(self) -> Address:
        """Where the miner answers."""
        return self._address

    async def identify(self) -> Identity:
        """Ask for the version; raises a `DeviceError`, `Unsupported` when other firmware answers."""
        identity = await identify(self._transport, self._profile)
        if not identity.profile:
            raise Unsupported(str(self._address), f"{identity.firmware or 'other firmware'} is no stock firmware")
        return identity

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        """Poll once under one deadline; raises a `DeviceError`."""
        answers = await self._transport.ask(_FULL if tier is Tier.FULL else _FAST)
        if "summary" not in answers.sections and "stats" not in answers.sections:
            raise Malformed(str(self._address), "the answer holds neither summary nor stats")
        return self._parser.report(answers, tier)

    async def close(self) -> None:
        """Nothing stays open between polls."""


async def identify(transport: CgminerTransport, profile: Profile) -> Identity:
    """Who answers CGMiner's protocol there; the profile is left empty when it is no stock Antminer.

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
    model = text(version.get("Type")) or text(header.get("Type"))
    other = next((key for key in _OTHER_FIRMWARE if key in version), "")
    if other or not model.casefold().startswith("antminer") or "(" in model:
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
