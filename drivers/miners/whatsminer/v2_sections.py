"""What the answers of a Whatsminer's version 2 interface hold, whatever the firmware wraps around it.

Up to API 2.0.4 CGMiner's shape (`SUMMARY`, `DEVS`, `POOLS`), from 2.0.5 on everything in `Msg`.
"""

import math
from collections.abc import Mapping, Sequence

from drivers.miners.reply import NOTHING, Fields, first, objects, rows, text
from drivers.miners.whatsminer.faults import Fault, faults_in
from drivers.miners.whatsminer.parser import Told, first_number, first_text, is_true
from drivers.transports.cgminer import status_of

OFF = ("mineroff", "btmineroff")
"""Keys of `status` that say `true` while mining is switched off; the second in firmware of 2022 and before."""


def is_refused(section: Fields) -> bool:
    """Whether an answer is the miner's no, in CGMiner's shape or in its own."""
    return (text(section.get("STATUS")) or text(status_of(section).get("STATUS"))) in {"E", "F"}


def message(section: Fields) -> Fields:
    """The object in `Msg`; empty when there is none."""
    found = section.get("Msg")
    return found if isinstance(found, dict) else NOTHING


def told_by(sections: Mapping[str, Fields], facts: Mapping[str, str], *, repaired: bool) -> Told:
    """What the answers to one poll bring together.

    Args:
        sections: By command; those that the miner refused are left out.
        facts: What is known of hardware and firmware from before.
        repaired: Whether an answer was cut or needed repair.
    """
    status = message(sections.get("status", NOTHING))
    return Told(
        summary=summary_of(sections.get("summary", NOTHING)),
        boards=_list(sections.get("edevs", sections.get("devs", NOTHING)), "DEVS"),
        pools=_list(sections["pools"], "POOLS") if "pools" in sections else None,
        is_off=is_off(status),
        off_reason=first_text(status, ("mineroff_reason", "btmineroff_reason")),
        faults=_faults(sections),
        setting=status,
        supply=message(sections.get("get_psu", NOTHING)),
        facts=facts,
        coolant=first_number(status, ("liquid_temp", "liquid-temp")) or math.nan,
        repaired=repaired,
    )


def summary_of(section: Fields) -> Fields:
    """The miner as a whole; empty when it is not told."""
    return first(section, "SUMMARY") or message(section)


def pools_of(section: Fields) -> Sequence[Fields]:
    """The pools in the order in which the miner prefers them."""
    return _list(section, "POOLS")


def is_off(status: Fields) -> bool | None:
    """Whether mining is switched off; None where the status does not say."""
    return next((said for key in OFF if (said := is_true(status.get(key))) is not None), None)


def facts_of(sections: Mapping[str, Fields]) -> dict[str, str]:
    """Texts that change with hardware and firmware only."""
    version = message(sections.get("get_version", NOTHING))
    info = message(sections.get("get_miner_info", NOTHING))
    supply = message(sections.get("get_psu", NOTHING))
    status = message(sections.get("status", NOTHING))
    details = next(iter(rows(sections.get("devdetails", NOTHING), "DEVDETAILS")), NOTHING)
    summary = summary_of(sections.get("summary", NOTHING))
    firmware = first_text(version, ("fw_ver",)) or first_text({**summary, **status}, _FIRMWARE)
    found = {
        "model": first_text(details, ("Model",))
        or first_text(version, _TYPE)
        or first_text({**summary, **info}, _TYPE),
        "firmware": firmware.strip("' "),
        "api": first_text(version, ("api_ver",)),
        "platform": first_text(version, ("platform",)),
        "mac": (first_text(info, ("mac",)) or first_text(summary, ("MAC",))).lower(),
        "serial": first_text(info, ("minersn", "miner_sn")),
        "serial.psu": first_text(supply, ("serial_no", "Series No")) or first_text(info, ("powersn",)),
    }
    return {name: fact for name, fact in found.items() if fact}


_FIRMWARE = ("FirmwareVersion", "Firmware Version")
_TYPE = ("miner_type", "Miner Type", "model", "Model")


def _faults(sections: Mapping[str, Fields]) -> tuple[Fault, ...] | None:
    content = message(sections.get("get_error_code", NOTHING))
    return faults_in(content["error_code"]) if "error_code" in content else None


def _list(section: Fields, key: str) -> Sequence[Fields]:
    listed = section.get("Msg")
    if key in section:
        return rows(section, key)
    return objects(listed) or rows(message(section), key)
