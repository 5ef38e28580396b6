"""What a profile lets be commanded: the `[command.NAME]` tables."""

from collections.abc import Mapping
from types import MappingProxyType

from drivers.core.command import Capability, Offer
from drivers.core.profile_section import Section


def parse_offers(section: Section) -> Mapping[Capability, Offer]:
    """Check and read `[command]` of a profile; raises ProfileError."""
    names = [capability.value for capability in Capability]
    offers: dict[Capability, Offer] = {}
    for name in section.keys():
        if name not in names:
            section.fail(name, "is no capability", f"use one of {', '.join(names)}")
        offers[Capability(name)] = _parse_offer(section.section(name), Capability(name))
    section.finish()
    return MappingProxyType(offers)


def _parse_offer(section: Section, capability: Capability) -> Offer:
    offer = Offer(
        unsupported=section.text("unsupported", ""),
        modes=section.texts("modes"),
        low=section.optional_number("low"),
        high=section.optional_number("high"),
        confirm_s=section.number("confirm_s", 30.0),
        needs_login=section.flag("needs_login") if section.has("needs_login") else True,
    )
    section.finish()
    if offer.unsupported:
        return offer
    if capability is Capability.SET_POWER_MODE and not offer.modes:
        section.fail("modes", "is missing", "name the modes that the firmware knows")
    if capability is Capability.SET_POWER_TARGET and (offer.low is None or offer.high is None):
        section.fail("low", "and high are missing", "give the range of watts that may be set")
    if offer.low is not None and offer.high is not None and not offer.low < offer.high:
        section.fail("low", f"{offer.low:g} is not below high {offer.high:g}", "give the smaller number as low")
    if not 0 < offer.confirm_s <= 1800:
        section.fail("confirm_s", f"{offer.confirm_s:g} s is no time to wait", "use a number above 0, up to 1800")
    return offer
