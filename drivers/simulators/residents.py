"""The miners of a virtual site that run one of the firmwares: which of them answers where."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from drivers.simulators.blueprint import Blueprint, Entry
from drivers.simulators.conduct import Conduct, Manner, Question, Resident
from drivers.simulators.manners import Manners
from drivers.simulators.personality import Personality, VirtualMiner, Wire
from drivers.simulators.views import MinerViews
from drivers.simulators.world import World

FAST: Final = "antminer-stock"
"""The firmware whose text protocol has a server of its own; what else it speaks goes through its personality."""


def port_of(blueprint: Blueprint, entry: Entry, personality: Personality, wire: Wire) -> int:
    """The port on which a virtual miner speaks that wire: its address's for the firmware's first one."""
    if wire is next(iter(personality.wires)):
        return entry.port
    if wire is Wire.HTTP and entry.web_port:
        return entry.web_port
    options = blueprint.options
    return {Wire.TEXT: options.text_port, Wire.HTTP: options.http_port, Wire.FRAMED: options.framed_port}[wire]


class Residents:
    """Everybody who answers through a personality.

    Args:
        world: The physics, which follows their controls.
        views: How their firmwares see them.
        manners: How they behave.
        firmwares: By profile.

    Attributes:
        listening: Residents by host, for each wire and port.
        miners: By row.
    """

    def __init__(self, world: World, views: MinerViews, manners: Manners, firmwares: Mapping[str, Personality]) -> None:
        self._firmwares = firmwares
        self._names = [entry.name for entry in world.blueprint.miners]
        self._manners = manners
        self.listening: dict[tuple[Wire, int], dict[str, Resident]] = {}
        self.miners: dict[int, VirtualMiner] = {}
        for row, entry in enumerate(world.blueprint.miners):
            personality = firmwares.get(entry.profile)
            if personality is None:
                continue
            miner = self.miners[row] = VirtualMiner(partial(views.look, row))
            world.follow(row, miner.controls)
            resident = Resident(personality, miner, partial(self._conduct, row))
            for wire in personality.wires:
                if wire is not Wire.TEXT or entry.profile != FAST:
                    port = port_of(world.blueprint, entry, personality, wire)
                    self.listening.setdefault((wire, port), {})[entry.host] = resident

    def is_fast(self, entry: Entry) -> bool:
        """Whether a miner's text protocol is that of the stock firmware."""
        return entry.profile == FAST or entry.profile not in self._firmwares

    def on(self, wire: Wire) -> Mapping[int, Mapping[str, Resident]]:
        """Residents of one wire by port and host."""
        return {port: hosts for (over, port), hosts in self.listening.items() if over is wire}

    def _conduct(self, row: int, wire: Wire, question: Question | None) -> Conduct:
        manner = Manner(self._manners.of_miner(row))
        return Conduct(manner, self._manners.delay(self._names[row]))
