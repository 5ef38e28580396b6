"""Nameplates of the miners that the virtual site can be built from.

Source: the manufacturer's data sheets (hashrate, power, boards, chips); identification strings as stock firmware
writes them into `version` and `stats`.
"""

from dataclasses import dataclass
from typing import Final

from drivers.core.profile import Model
from drivers.core.profile_file import load_profiles

STOCK: Final = "antminer-stock"
FREQUENCY: Final = 500
"""MHz at the factory setting, where nothing better is known."""
BOARDS = 3
"""Hash boards that the physics has for each miner, and that stock firmware reports beside an empty fourth chain.
A model with another number of boards shows these three as often as it needs them."""


@dataclass(frozen=True, slots=True)
class MinerModel:
    """One model.

    Attributes:
        type: What the firmware reports as its type.
        hashrate: TH/s at the factory setting.
        power: W at the wall at the factory setting.
        chips: Chips on one board.
        frequency: MHz at the factory setting.
        firmware: Miner version as reported.
        compiled: Compile time as reported.
        boards: Hash boards that its firmware sees.
        fans: Fans; 0 for one that is cooled by liquid.
        voltage: V of a board at the factory setting.
    """

    type: str
    hashrate: float
    power: float
    chips: int
    frequency: int
    firmware: str
    compiled: str
    boards: int = BOARDS
    fans: int = 4
    voltage: float = 13.4


MODELS = (
    MinerModel("Antminer S19 XP", 140.0, 3010.0, 110, 545, "49.0.1.3", "Thu Oct 12 15:09:18 CST 2023"),
    MinerModel("Antminer S19 Pro", 110.0, 3250.0, 114, 525, "49.0.1.3", "Tue Dec  6 16:12:30 CST 2022"),
    MinerModel("Antminer S21", 200.0, 3500.0, 108, 490, "49.0.1.3", "Fri Nov  3 11:52:40 CST 2023"),
)


def miner_model(reported: str, profile: str = "") -> MinerModel:
    """The model of that name, compared without case; the profile's first one when the site file names none.

    Models that are not in the table above are taken from the nameplates of the profile.

    Raises:
        ValueError: The name is in neither; the text lists what is.
    """
    known = load_profiles().get(profile)
    nameplates = known.models if known is not None and profile != STOCK else ()
    if not reported:
        return _from_nameplate(nameplates[0]) if nameplates else MODELS[0]
    stock = load_profiles()[STOCK].models
    wanted = reported.strip().casefold()
    for model in MODELS:
        if model.type.casefold() == wanted:
            return model
    for nameplate in (*nameplates, *stock):
        if nameplate.match.casefold() == wanted:
            return _from_nameplate(nameplate)
    names = sorted({model.type for model in MODELS} | {nameplate.match for nameplate in (*nameplates, *stock)})
    raise ValueError(f"no virtual miner of model {reported!r}; there are {', '.join(names)}")


def _from_nameplate(nameplate: Model) -> MinerModel:
    return MinerModel(
        nameplate.match,
        nameplate.hashrate,
        nameplate.power,
        nameplate.chips,
        FREQUENCY,
        MODELS[0].firmware,
        MODELS[0].compiled,
        boards=nameplate.boards,
        fans=4 if nameplate.cooling == "air" else 0,
    )
