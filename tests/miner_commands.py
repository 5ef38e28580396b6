"""What tests of commands to miners share: a permit, hasty profiles, and what was written on the wire."""

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from uuid import UUID

from drivers.core.command import Permit
from drivers.core.profile import Profile
from drivers.core.profile_file import load_profiles
from drivers.simulators.personality import HttpQuestion, Wire
from drivers.testing.stand import Place

PERMIT = Permit(UUID("019abcde-0000-7000-8000-000000000001"), "a technician", "a test")


def hasty(profile_id: str, confirm_s: float = 0.05) -> Profile:
    """The profile, but what shows no effect is given up at once."""
    profile = load_profiles()[profile_id]
    offers = {capability: replace(offer, confirm_s=confirm_s) for capability, offer in profile.offers.items()}
    return replace(profile, offers=MappingProxyType(offers))


def changes(place: Place, *, besides: Sequence[str] = ()) -> list[HttpQuestion]:
    """The HTTP requests that change something, apart from logins at the paths `besides`."""
    return [
        question
        for question in place.asked(Wire.HTTP)
        if isinstance(question, HttpQuestion) and question.method != "GET" and question.path not in besides
    ]
