"""The firmwares that virtual miners can run, by the id of the profile that reads them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from drivers.simulators.personality import Personality

_ALL: Final[tuple[Personality, ...]] = ()
"""One instance of each personality."""

PERSONALITIES: Final[Mapping[str, Personality]] = MappingProxyType({one.name: one for one in _ALL})
