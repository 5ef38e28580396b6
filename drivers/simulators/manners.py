"""How each device behaves on the network at this moment: answers, resets, hangs, is slow, or cuts its replies."""

import numpy as np

from drivers.simulators.blueprint import Entry
from drivers.simulators.conduct import Manner
from drivers.simulators.world import World


class Manners:
    """The manner of every device of the world, renewed after each step."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._revision = 0
        self._codes = bytes(len(world.blueprint.miners))
        self._names = [entry.name for entry in world.blueprint.miners]

    def of_miner(self, row: int) -> int:
        """A `Manner` as a bare number: this is asked for every connection."""
        if self._revision != self._world.revision:
            self._renew()
        return self._codes[row]

    def of(self, entry: Entry) -> Manner:
        """The manner of a PDU, plant or meter."""
        effects = self._world.effects
        if entry.name in effects.hung:
            return Manner.HANGS
        return Manner.SLOW if entry.name in effects.slow else Manner.ANSWERS

    def delay(self, name: str) -> float:
        """Real seconds by which a slow device is late, or between two bytes of one that trickles."""
        effects = self._world.effects
        return effects.slow.get(name, effects.trickling.get(name, 0.0))

    def _renew(self) -> None:
        effects, mining = self._world.effects, self._world.mining
        codes = np.where(effects.broken, Manner.CUTS, Manner.ANSWERS).astype(np.uint8)
        if effects.slow or effects.hung or effects.trickling:
            codes[np.isin(self._names, list(effects.trickling))] = Manner.TRICKLES
            codes[np.isin(self._names, list(effects.slow))] = Manner.SLOW
            codes[np.isin(self._names, list(effects.hung))] = Manner.HANGS
        codes[effects.dead | ~mining.answering] = Manner.RESETS
        self._codes = codes.tobytes()
        self._revision = self._world.revision
