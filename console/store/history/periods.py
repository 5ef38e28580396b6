"""How often samples of a device are stored."""

from drivers.core.identity import DeviceKind

FEW_MINERS = 5000
"""Up to so many miners are stored every 5 s, more every 10 s."""

UNKNOWN_PERIOD = 5.0
"""Seconds, of a device that nobody told of."""


def stored_period(kind: DeviceKind, miners: int) -> float:
    """Seconds between the stored slots of a device, on a site with that many miners."""
    if kind is DeviceKind.MINER:
        return 5.0 if miners <= FEW_MINERS else 10.0
    return 10.0 if kind is DeviceKind.PDU else 1.0
