"""What tests of commands to miners share: a permit, hasty profiles, and what was written on the wire."""

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from uuid import UUID

import orjson

from drivers.core.command import Capability, Command, CommandResult, Operable, Permit
from drivers.core.device import Driver
from drivers.core.profile import Profile
from drivers.core.profile_file import load_profiles
from drivers.simulators.conduct import Question
from drivers.simulators.personality import HttpQuestion, Wire
from drivers.testing.stand import Place

PERMIT = Permit(UUID("019abcde-0000-7000-8000-000000000001"), "a technician", "a test")


def hasty(profile_id: str, confirm_s: float = 0.05, *, restart_s: float | None = None) -> Profile:
    """The profile, but what shows no effect is given up after `confirm_s`; a restart of mining after `restart_s`."""
    profile = load_profiles()[profile_id]
    offers = {capability: replace(offer, confirm_s=confirm_s) for capability, offer in profile.offers.items()}
    if restart_s is not None:
        restart = Capability.RESTART_MINING
        offers[restart] = replace(offers[restart], confirm_s=restart_s)
    return replace(profile, offers=MappingProxyType(offers))


async def act(driver: Driver, command: Command) -> CommandResult:
    """Let a driver that takes commands carry one out."""
    assert isinstance(driver, Operable)
    return await driver.act(command, PERMIT)


def web_questions(place: Place) -> Sequence[HttpQuestion]:
    """The HTTP requests that came."""
    return [question for question in place.asked(Wire.HTTP) if isinstance(question, HttpQuestion)]


def changes(place: Place, *, besides: Sequence[str] = ()) -> list[HttpQuestion]:
    """The HTTP requests that change something, apart from logins at the paths `besides`."""
    return [question for question in web_questions(place) if question.method != "GET" and question.path not in besides]


def spoken(question: Question) -> tuple[str, str]:
    """Command and parameter of one question in CGMiner's protocol."""
    assert isinstance(question, bytes)
    content = orjson.loads(question)
    return content["command"], content.get("parameter", "")


def text_commands(place: Place, names: set[str]) -> Sequence[tuple[str, str]]:
    """Command and parameter of what came in CGMiner's protocol under one of these names."""
    return [told for question in place.asked(Wire.TEXT) if (told := spoken(question))[0] in names]
