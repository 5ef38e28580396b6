"""The firmwares that virtual miners can run, by the id of the profile that reads them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from drivers.simulators.firmwares.antminer import AntminerFirmware
from drivers.simulators.firmwares.auradine import AuradinePersonality
from drivers.simulators.firmwares.avalon import Avalon, AvalonHome
from drivers.simulators.firmwares.bitaxe import BitaxePersonality
from drivers.simulators.firmwares.braiins import BraiinsRest
from drivers.simulators.firmwares.braiins_graphql import BraiinsGraphql
from drivers.simulators.firmwares.braiins_text import BraiinsText
from drivers.simulators.firmwares.epic import EpicPersonality
from drivers.simulators.firmwares.luxos import Luxos
from drivers.simulators.firmwares.mara import MaraPersonality
from drivers.simulators.firmwares.sealminer import Sealminer
from drivers.simulators.firmwares.vnish import Vnish
from drivers.simulators.firmwares.whatsminer_v2 import WhatsminerV2
from drivers.simulators.firmwares.whatsminer_v3 import WhatsminerV3
from drivers.simulators.personality import Personality

_ALL: Final[tuple[Personality, ...]] = (
    AntminerFirmware(),
    BraiinsRest(),
    BraiinsGraphql(),
    BraiinsText(),
    Vnish(),
    Luxos(),
    Avalon(),
    AvalonHome(),
    Sealminer(),
    EpicPersonality(),
    AuradinePersonality(),
    MaraPersonality(),
    BitaxePersonality(),
    WhatsminerV2(),
    WhatsminerV3(),
)
"""One instance of each personality."""

PERSONALITIES: Final[Mapping[str, Personality]] = MappingProxyType({one.name: one for one in _ALL})
