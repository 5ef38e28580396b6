"""Which miners of a planned site run another firmware than the stock one, and what the site file says of them."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from drivers.core.profile_file import load_profiles
from drivers.simulators.firmwares import PERSONALITIES
from drivers.simulators.models import MODELS, STOCK
from drivers.simulators.personality import Wire
from drivers.simulators.ports import Ports

VIRTUAL_LOGIN: Final = "virtual-site"
"""What the site file names as the login of a virtual miner: the vendor's default, and no entry of any keyring."""
LEAST_TANKS: Final = 4
"""A site of fewer tanks has a row of everything in its last one."""


class Kind(NamedTuple):
    """A kind of miner.

    Attributes:
        profile: Its firmware, by profile.
        model: Its nameplate.
    """

    profile: str
    model: str


STOCK_KIND: Final = Kind(STOCK, MODELS[0].type)
MIX: Final = (
    Kind("whatsminer-v2", "M50S_VH20"),
    Kind("luxos", MODELS[0].type),
    Kind("vnish", MODELS[0].type),
    Kind("braiins", MODELS[0].type),
)
"""What a mixed site has beside stock miners. The first kind fills the last tank, the others take turns in the rows of
the tank before it."""


def kind_at(tank: int, row: int, tanks: int, mix: Sequence[Kind]) -> Kind:
    """The kind of the miners in a row (from 0) of a tank (from 1) of a site of so many tanks."""
    if not mix:
        return STOCK_KIND
    if tanks < LEAST_TANKS:
        every = (STOCK_KIND, *mix)
        return every[row % len(every)] if tank == tanks else STOCK_KIND
    if tank == tanks:
        return mix[0]
    others = mix[1:]
    return others[row % len(others)] if others and tank == tanks - 1 else STOCK_KIND


def port_of(kind: Kind, ports: Ports) -> int:
    """Port of the address of a miner of that kind."""
    return _ports(ports)[_wires(kind)[0]]


def lines_of(kind: Kind, ports: Ports) -> Iterator[str]:
    """What the site file says of a miner of that kind beside its address and place."""
    yield f'model = "{kind.model}"'
    if kind == STOCK_KIND:
        return
    if Wire.HTTP in _wires(kind)[1:]:
        yield f"web_port = {ports.http}"
    if load_profiles()[kind.profile].default_logins:
        yield f'login = "{VIRTUAL_LOGIN}"'


def simulation_lines(ports: Ports) -> tuple[str, ...]:
    """Where the firmwares of a mixed site speak what their addresses are not about."""
    return f"text_port = {ports.cgminer}", f"http_port = {ports.http}", f"framed_port = {ports.framed}"


def _wires(kind: Kind) -> tuple[Wire, ...]:
    """What its firmware speaks, its address's wire first; stock miners are asked over their text protocol."""
    return (Wire.TEXT,) if kind == STOCK_KIND else tuple(PERSONALITIES[kind.profile].wires)


def _ports(ports: Ports) -> dict[Wire, int]:
    return {Wire.TEXT: ports.cgminer, Wire.HTTP: ports.http, Wire.FRAMED: ports.framed}
