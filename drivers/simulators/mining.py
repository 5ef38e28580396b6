"""Miners: power to heat and hashes, chip temperatures, throttling, boot and ramp; all miners at once."""

import numpy as np

from drivers.simulators.blueprint import Blueprint
from drivers.simulators.effects import Effects
from drivers.simulators.models import BOARDS
from drivers.simulators.topology import Flags, Floats, Indices

CHIP_LAG = 5.0
"""Seconds for the chips to follow their coolant and power."""
THROTTLE_LAG = 6.0
CHIP_RISE = 8.5
"""Kelvin from the tank's coolant to the hottest chip at full power and flow."""
RISE_EXPONENT = 1.3
"""The film over the chips gets worse as the flow to the power of this."""
RISE_LIMIT = 3.5
"""Natural convection: the rise never grows beyond this many times."""
OVERHEATED = 95.0
RESUMES = 65.0
STANDBY_POWER = 0.012
"""Share of the nominal power that a miner draws without hashing."""
POWER_EXPONENT = 1.25
"""Of a throttled miner: power falls a little faster than its rate."""


class Mining:
    """State of every miner.

    Attributes:
        nominal: TH/s at the site's setting, as the firmware reports it.
        power: W drawn.
        rate: TH/s of each board.
        chip_temp: Hottest chip of each board, degC.
        throttle: Share of the frequency that the firmware allows itself.
        powered_for: Simulated seconds since power came or the control board was started anew; 0 without power.
        hashed: TH (tera-hashes) since the mining process started.
        asleep: Miners that a command has put to sleep.
        share: Share of the frequency that mode, target and limit leave.
    """

    def __init__(self, blueprint: Blueprint, rng: np.random.Generator) -> None:
        miners, options = len(blueprint.models), blueprint.options
        self._options = options
        self.nominal: Floats = np.array([model.hashrate for model in blueprint.models]) * options.tuning
        self._full_power: Floats = np.array([model.power for model in blueprint.models]) * options.tuning**1.94
        self._spread = np.clip(rng.normal(0.99, 0.011, (miners, BOARDS)), 0.94, 1.03)
        self._power_spread = np.clip(rng.normal(1.0, 0.012, miners), 0.95, 1.05)
        self._rise = CHIP_RISE * np.clip(rng.normal(1.0, 0.09, (miners, BOARDS)), 0.75, 1.35)
        self.powered_for = rng.uniform(6e4, 3e6, miners)
        self.running = np.ones(miners, np.bool_)
        self.overheated = np.zeros((miners, BOARDS), np.bool_)
        self.alive = np.ones((miners, BOARDS), np.bool_)
        self.ramp = np.ones(miners)
        self.throttle = np.ones(miners)
        self.power = self._full_power * self._power_spread
        self.rate = np.zeros((miners, BOARDS))
        self.chip_temp = np.full((miners, BOARDS), 40.0)
        self.hashed = np.zeros(miners)
        self.noise = np.ones((miners, BOARDS))
        self.asleep = np.zeros(miners, np.bool_)
        self.share = np.ones(miners)
        self._restarted_at = np.zeros(miners)
        """Value of `powered_for` at the last restart of mining, less the time that a first start takes."""
        self._rng = rng

    @property
    def design_power(self) -> Floats:
        """W that each miner draws at its setting, without spread: what the loops were sized for."""
        return self._full_power

    @property
    def answering(self) -> Flags:
        """The control board is up; it takes half of the boot time."""
        return self.powered_for >= 0.5 * self._options.boot_seconds

    @property
    def mined_for(self) -> Floats:
        """Simulated seconds since the mining process started."""
        return np.maximum(self.powered_for - 0.5 * self._options.boot_seconds - self._restarted_at, 0.0)

    def restart(self, row: int) -> None:
        """The mining process of one miner starts anew; its control board goes on."""
        self._restarted_at[row] = max(self.powered_for[row] - 0.5 * self._options.boot_seconds, 0.0)
        self.hashed[row] = 0.0
        self.throttle[row] = 1.0

    def reboot(self, row: int) -> None:
        """The control board of one miner starts anew."""
        self.powered_for[row] = 0.0
        self.restart(row)

    def limit(self, row: int, power_share: float) -> None:
        """Let one miner draw that share of its full power."""
        self.share[row] = min(max(power_share, 0.05), 1.2) ** (1.0 / POWER_EXPONENT)

    def settle(self, tank_temp: Floats, share: Floats, tank: Indices, effects: Effects) -> None:
        """Put chips and rates where they end up with every miner hashing."""
        for _ in range(5):
            self.step(60.0, np.ones(len(self.power), np.bool_), tank_temp, share, tank, effects, settle=True)
        self.hashed = self.rate.sum(axis=1) * self.powered_for

    def step(
        self,
        seconds: float,
        powered: Flags,
        tank_temp: Floats,
        share: Floats,
        tank: Indices,
        effects: Effects,
        *,
        settle: bool = False,
    ) -> None:
        """Advance all miners; heat is what `power` says afterwards."""
        self._switch(seconds, powered, settle=settle)
        since_hash = self.mined_for - 0.5 * self._options.boot_seconds
        self.running = (since_hash >= 0) & ~effects.dead & ~effects.pool_lost & ~self.asleep
        self.ramp = np.clip(since_hash / self._options.ramp_seconds, 0.0, 1.0)
        self.alive = ~effects.dead_board & ~self.overheated
        drive = np.where(self.running, self.ramp * self.throttle * self.share, 0.0)
        board_power = self.alive * (drive**POWER_EXPONENT)[:, None]
        standby = np.where(powered, STANDBY_POWER, 0.0)
        loaded = standby + (1.0 - STANDBY_POWER) * board_power.mean(axis=1)
        self.power = np.where(powered, self._full_power * self._power_spread * loaded, 0.0)
        self._warm(seconds, tank_temp[tank], share[tank], board_power, effects)
        self._throttle(seconds)
        self.noise += (1.0 - self.noise) * 0.2 + self._rng.normal(0.0, 0.004, self.noise.shape)
        setting = (self.nominal / BOARDS)[:, None] * self._spread
        self.rate = setting * self.alive * drive[:, None] * self.noise
        self.hashed += self.rate.sum(axis=1) * seconds

    def _switch(self, seconds: float, powered: Flags, *, settle: bool) -> None:
        self.powered_for = np.where(powered, self.powered_for + (0.0 if settle else seconds), 0.0)
        self.hashed[~powered] = 0.0
        self._restarted_at[~powered] = 0.0
        self.throttle[~powered] = 1.0
        self.overheated[~powered] = False

    def _warm(self, seconds: float, coolant: Floats, share: Floats, board_power: Floats, effects: Effects) -> None:
        film = np.minimum(np.maximum(share, 1e-3) ** -RISE_EXPONENT, RISE_LIMIT)
        fans = 1.0 + 0.06 * effects.dead_fan.sum(axis=1)
        target = coolant[:, None] + self._rise * board_power * (film * fans)[:, None]
        self.chip_temp += (target - self.chip_temp) * (1.0 - np.exp(-seconds / CHIP_LAG))
        self.overheated |= self.chip_temp > OVERHEATED
        self.overheated &= self.chip_temp > RESUMES

    def _throttle(self, seconds: float) -> None:
        """Firmware takes back 8 % of the frequency for each kelvin above its limit, and gives it back alike."""
        excess = np.maximum(self.chip_temp.max(axis=1) - self._options.throttle_at, 0.0)
        allowed = np.clip(1.0 - 0.08 * excess, 0.3, 1.0)
        self.throttle += (allowed - self.throttle) * (1.0 - np.exp(-seconds / THROTTLE_LAG))
