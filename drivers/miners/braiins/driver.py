"""The BraiinsOS family: which interface reads a profile, and how the firmware is recognised."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from drivers.core.credentials import Login
from drivers.core.device import Driver
from drivers.core.errors import ProfileError
from drivers.core.identity import Address
from drivers.core.profile import Profile
from drivers.family import Access, Clue, Family
from drivers.miners.braiins.graphql import BraiinsGraphqlDriver
from drivers.miners.braiins.rest import GRAPHQL_PROFILE, REST_PROFILE, BraiinsRestDriver
from drivers.miners.braiins.text import BraiinsTextDriver, names_itself
from drivers.miners.braiins.web import is_named_on

Opener: TypeAlias = Callable[[Profile, Address, Login | None], Driver]

TEXT_PROFILE: Final = "braiins-4028"
_DRIVERS: Final[Mapping[str, Opener]] = {
    REST_PROFILE: BraiinsRestDriver,
    GRAPHQL_PROFILE: BraiinsGraphqlDriver,
    TEXT_PROFILE: BraiinsTextDriver,
}


def open_braiins(profile: Profile, address: Address, access: Access) -> Driver:
    """A driver for one miner; nothing is sent before its first read.

    Raises:
        ProfileError: The profile names an interface that this firmware does not have.
    """
    driver = _DRIVERS.get(profile.id)
    if driver is None:
        raise ProfileError(f"{profile.id}.toml: BraiinsOS has no such interface; use one of {', '.join(_DRIVERS)}")
    return driver(profile, address, access.login)


def recognise(clue: Clue) -> bool:
    """Whether the miner names BraiinsOS, in `version` or on its front page."""
    if names_itself(clue.version):
        return True
    return clue.page is not None and is_named_on(clue.page.body)


FAMILY: Final = Family("braiins", open_braiins, recognise)
