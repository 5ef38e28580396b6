"""What the answers of a Whatsminer's version 3 interface hold."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from drivers.core.errors import Refused, Rejected, Unsupported
from drivers.miners.reply import MAX_BOARDS, NOTHING, Fields, inner, number, objects, text
from drivers.miners.whatsminer.faults import Fault, faults_in
from drivers.miners.whatsminer.parser import Told, first_number, is_true

STATUS: Final = "get.miner.status"
DEVICE: Final = "get.device.info"
SETTING: Final = "get.miner.setting"
NO_PERMISSION: Final = -4
UNKNOWN: Final = -2
_WORDS: Final[Mapping[int, str]] = {
    -1: "the miner could not carry it out",
    -3: "the miner misses something in the question",
    -5: "the miner has no memory left for it",
}


def message(content: Fields, place: str) -> Fields:
    """The object in `msg` of an answer.

    Raises:
        Refused: The miner says that it is not permitted.
        Unsupported: It does not know the command.
        Rejected: It says no.
    """
    code, words = number(content.get("code")), text(content.get("msg"))
    if code == 0:
        found = content.get("msg")
        return found if isinstance(found, dict) else NOTHING
    said = f" (it said: {words})" if words else ""
    if code == NO_PERMISSION:
        raise Refused(place, f"the miner does not permit it{said}")
    if code == UNKNOWN:
        raise Unsupported(place, f"the firmware does not know the question{said}")
    raise Rejected(place, f"{_WORDS.get(int(code) if code == code else 0, 'the miner said no')}{said}")


def part_of(content: Fields, part: str, place: str) -> Fields:
    """One part of the answer to `get.miner.status`, under its name, also where the firmware leaves the name out.

    Raises:
        DeviceError: As `message`.
    """
    told = message(content, place)
    if part in told:
        return told
    return {part: told or content.get("msg")}


def told_by(status: Fields, device: Fields, setting: Fields, facts: Mapping[str, str], *, repaired: bool) -> Told:
    """What the answers to one poll bring together.

    Args:
        status: `msg` of `get.miner.status`; empty where the mining program does not answer.
        device: `msg` of `get.device.info`, whole or its `miner` part; empty where it was not asked.
        setting: `msg` of `get.miner.setting`; empty where it was not asked.
        facts: What is known of hardware and firmware from before.
        repaired: Whether an answer needed repair.
    """
    supply = inner(device, "power")
    return Told(
        summary=inner(status, "summary"),
        boards=objects(status.get("edevs")),
        pools=objects(status.get("pools")) if "pools" in status else None,
        is_off=is_off(device),
        faults=_faults(device),
        setting=setting,
        supply=supply,
        facts=facts,
        coolant=first_number(supply, ("liquid-temperature", "liquid-temp")) or math.nan,
        repaired=repaired,
    )


def is_off(device: Fields) -> bool | None:
    """Whether mining is switched off; None where the device does not say."""
    working = is_true(inner(device, "miner").get("working"))
    return None if working is None else not working


def pools_of(status: Fields) -> Sequence[Fields]:
    """The pools in the order in which the miner prefers them."""
    return objects(status.get("pools"))


def facts_of(device: Fields) -> dict[str, str]:
    """Texts that change with hardware and firmware only."""
    miner, system, supply = inner(device, "miner"), inner(device, "system"), inner(device, "power")
    found = {
        "model": text(miner.get("type")),
        "firmware": text(system.get("fwversion")),
        "api": text(system.get("api")),
        "platform": text(system.get("platform")),
        "mac": text(inner(device, "network").get("mac")).lower(),
        "serial": text(miner.get("miner-sn")),
        "serial.psu": text(supply.get("sn")),
    }
    for at in range(MAX_BOARDS):
        found[f"serial.{at + 1}"] = text(miner.get(f"pcbsn{at}"))
    return {name: fact for name, fact in found.items() if fact}


def _faults(device: Fields) -> tuple[Fault, ...] | None:
    """None where the list was not asked; a miner without faults leaves it out of an otherwise whole answer."""
    if "error-code" in device:
        return faults_in(device["error-code"])
    return () if "system" in device and "miner" in device else None
