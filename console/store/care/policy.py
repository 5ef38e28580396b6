"""How long each level of detail is kept."""

import re
from dataclasses import dataclass
from itertools import pairwise

import msgspec
from sqlalchemy import Connection

from console.store import schema
from console.store.engine import insert_rows

SETTING = "retention"

MANY_DEVICES = 10_000
"""From so many devices on the default keeps raw samples for a month instead of three."""

LEVEL_NAMES = ("raw", "keyframe", "minute", "hour", "day")

_UNITS = {"d": 1.0, "w": 7.0, "m": 30.4375, "y": 365.25}
_TERM = re.compile(r"(?P<level>[a-z]+)=(?:(?P<count>[0-9]+(?:\.[0-9]+)?)(?P<unit>[dwmy])|(?P<ever>ever))")


class PolicyError(ValueError):
    """A text that says no policy."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Days that each level is kept; None is for ever.

    Attributes:
        raw: Every sample at its stored period.
        keyframe: The whole site every ten minutes, from which the past is rewound quickly.
        minute: Means, lows and highs of a minute.
        hour: The same of an hour; with them go the texts that devices reported.
        day: The same of a day, and the daily figures.
    """

    raw: float | None = 90.0
    keyframe: float | None = 90.0
    minute: float | None = 730.0
    hour: float | None = None
    day: float | None = None

    def days(self, level: str) -> float | None:
        """Days that a level of `LEVEL_NAMES` is kept."""
        known: dict[str, float | None] = {
            "raw": self.raw,
            "keyframe": self.keyframe,
            "minute": self.minute,
            "hour": self.hour,
            "day": self.day,
        }
        return known[level]


def default_policy(devices: int) -> Policy:
    """What holds while nobody said otherwise, on a site with so many devices."""
    raw = 30.0 if devices >= MANY_DEVICES else 90.0
    return Policy(raw=raw, keyframe=raw)


def changed(policy: Policy, text: str) -> Policy:
    """A policy with the terms of a text such as `raw=90d,minute=2y,hour=ever` (d, w, m, y).

    Raises:
        PolicyError: A term that cannot be read, or a coarse level that would go before a finer one.
    """
    days = {name: policy.days(name) for name in LEVEL_NAMES}
    for term in filter(None, (part.strip() for part in text.split(","))):
        match = _TERM.fullmatch(term)
        if match is None or match["level"] not in LEVEL_NAMES:
            raise PolicyError(
                f'"{term}" says nothing about how long to keep: write {", ".join(LEVEL_NAMES)} with a time, '
                "as in raw=90d,minute=2y,hour=ever."
            )
        days[match["level"]] = None if match["ever"] else float(match["count"]) * _UNITS[match["unit"]]
    return _checked(Policy(**days))


def _checked(policy: Policy) -> Policy:
    """Fine levels are made into coarse ones, which must therefore not go first."""
    fine_to_coarse = [(name, policy.days(name)) for name in ("raw", "minute", "hour", "day")]
    for (fine, short), (coarse, long) in pairwise(fine_to_coarse):
        if long is not None and (short is None or short > long):
            raise PolicyError(f"{coarse} cannot be kept for a shorter time than {fine}: {as_text(policy)}.")
    keyframe = policy.keyframe
    if policy.hour is not None and (keyframe is None or keyframe > policy.hour):
        raise PolicyError(f"keyframe cannot be kept for longer than hour, with which a month goes: {as_text(policy)}.")
    if any(days is not None and days < 1 for days in map(policy.days, LEVEL_NAMES)):
        raise PolicyError(f"nothing can be kept for less than a day: {as_text(policy)}.")
    return policy


def as_text(policy: Policy) -> str:
    """The policy as `changed` reads it."""
    return ",".join(f"{name}={_days_text(policy.days(name))}" for name in LEVEL_NAMES)


def _days_text(days: float | None) -> str:
    return "ever" if days is None else f"{days:g}d"


def store_policy(connection: Connection, policy: Policy) -> None:
    """Keep a policy in the folder's settings."""
    row = (SETTING, msgspec.json.encode(policy).decode())
    insert_rows(connection, schema.setting, [row], "OR REPLACE")
