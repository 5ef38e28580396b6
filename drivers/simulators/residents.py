"""The miners of a virtual site that run one of the firmwares: which of them answers where."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from drivers.core.credentials import Login
from drivers.core.profile_file import load_profiles
from drivers.simulators.blueprint import Blueprint, Entry
from drivers.simulators.conduct import Conduct, Directory, Manner, Question, Resident
from drivers.simulators.manners import Manners
from drivers.simulators.personality import Controls, Personality, VirtualMiner, Wire
from drivers.simulators.views import MinerViews
from drivers.simulators.world import World

FAST: Final = "antminer-stock"
"""The firmware whose text protocol has a server of its own; what else it speaks goes through its personality."""


def port_of(blueprint: Blueprint, entry: Entry, personality: Personality, wire: Wire) -> int:
    """The port on which a virtual miner speaks that wire, its address's for the firmware's first one; 0 for none."""
    if wire is next(iter(personality.wires)):
        return entry.port
    if wire is Wire.HTTP and entry.web_port:
        return entry.web_port
    options = blueprint.options
    return {Wire.TEXT: options.text_port, Wire.HTTP: options.http_port, Wire.FRAMED: options.framed_port}[wire]


class Residents:
    """Everybody who answers through a personality; each comes into being with the first connection to it.

    Args:
        world: The physics, which follows what commands set.
        views: How firmwares see the miners.
        manners: How the miners behave.
        firmwares: By profile.
    """

    def __init__(self, world: World, views: MinerViews, manners: Manners, firmwares: Mapping[str, Personality]) -> None:
        self._world = world
        self._views = views
        self._manners = manners
        self._firmwares = firmwares
        self._residents: dict[int, Resident] = {}
        self._rows: dict[tuple[Wire, int], dict[str, int]] = {}
        for row, entry in enumerate(world.blueprint.miners):
            personality = firmwares.get(entry.profile)
            if personality is None:
                continue
            for wire in personality.wires:
                port = port_of(world.blueprint, entry, personality, wire)
                if port and not (wire is Wire.TEXT and entry.profile == FAST):
                    self._rows.setdefault((wire, port), {})[entry.host] = row

    def is_fast(self, entry: Entry) -> bool:
        """Whether a miner's text protocol is that of the stock firmware."""
        return entry.profile == FAST or entry.profile not in self._firmwares

    def hosts(self, wire: Wire) -> Mapping[int, Mapping[str, int]]:
        """Rows by host, for each port on which that wire is spoken."""
        return {port: rows for (over, port), rows in self._rows.items() if over is wire}

    def directory(self, rows: Mapping[str, int]) -> Directory:
        """Who lives at a host that is one of these."""
        return lambda host: self.resident(rows[host]) if host in rows else None

    def resident(self, row: int) -> Resident:
        """The miner of that row, whose firmware is one of ours. It takes the vendor's default login."""
        known = self._residents.get(row)
        if known is None:
            entry = self._world.blueprint.miners[row]
            controls = Controls(login=_default_login(entry.profile))
            self._world.follow(row, controls)
            miner = VirtualMiner(partial(self._views.look, row), controls)
            conduct = partial(self._conduct, row, entry.name)
            known = self._residents[row] = Resident(self._firmwares[entry.profile], miner, conduct)
        return known

    def _conduct(self, row: int, name: str, wire: Wire, question: Question | None) -> Conduct:
        return Conduct(Manner(self._manners.of_miner(row)), self._manners.delay(name))


def _default_login(profile: str) -> tuple[str, str]:
    known = load_profiles().get(profile)
    if known is None or not known.default_logins:
        return "", ""
    login = Login.parse(known.default_logins[0])
    return login.user, login.secret
