"""Commands to a running virtual site, the same over the control listener and on standard input.

A command is one JSON object on a line:

    {"do": "fault", "kind": "pump_trip", "target": "PLC-B/2", "duration": 60}    at and amount as in a [[fault]] table
    {"do": "clear", "kind": "pump_trip", "target": "PLC-B/2"}                    kind may be absent, target may be "*"
    {"do": "ambient", "value": 38.5}                                             degC at the dry coolers
    {"do": "state"}                                                              what the physics says now

On standard input a fault may also be written as on the command line, `pump_trip=PLC-B/2`, and taken back with
`clear pump_trip=PLC-B/2` or `clear *`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import orjson

from drivers.simulators.faults import Fault, FaultKind, parse_fault, read_fault
from drivers.simulators.world import World


class Commands:
    """Carries out commands on one world. Nothing is raised: a refused command is an answer with the reason."""

    def __init__(self, world: World, served: Callable[[], Mapping[str, int]]) -> None:
        self._world = world
        self._served = served

    def line(self, text: str) -> dict[str, Any]:
        """Carry out one line of either form."""
        text = text.strip()
        try:
            if text.startswith("{"):
                return self.carry_out(orjson.loads(text))
            if text.startswith("clear "):
                return self._clear_text(text.removeprefix("clear ").strip())
            return self._set(parse_fault(text))
        except (ValueError, TypeError) as error:
            return {"ok": False, "error": str(error)}

    def carry_out(self, command: object) -> dict[str, Any]:
        """Carry out one decoded command."""
        known = {"fault": self._fault, "clear": self._clear, "ambient": self._ambient, "state": self._state}
        do = command.get("do") if isinstance(command, dict) else None
        if not isinstance(command, dict) or not isinstance(do, str) or do not in known:
            return {"ok": False, "error": f"a command is a JSON object whose do is one of {', '.join(known)}"}
        try:
            return known[do]({key: value for key, value in command.items() if key != "do"})
        except (ValueError, TypeError) as error:
            return {"ok": False, "error": str(error)}

    def _fault(self, given: dict[str, Any]) -> dict[str, Any]:
        return self._set(read_fault(given), planned="at" in given)

    def _set(self, fault: Fault, *, planned: bool = False) -> dict[str, Any]:
        """Without an `at` a fault starts now; with one, `at` counts from now too."""
        self._world.set_fault(replace(fault, at=self._world.now + (fault.at if planned or fault.at else 0.0)))
        return {"ok": True, "at": self._world.now}

    def _clear_text(self, text: str) -> dict[str, Any]:
        kind, _, target = text.rpartition("=")
        return self._clear({"target": target} | ({"kind": kind} if kind else {}))

    def _clear(self, given: dict[str, Any]) -> dict[str, Any]:
        kind, target = given.get("kind"), given.get("target")
        if not isinstance(target, str) or not target:
            raise ValueError("clear needs the target of the fault, or *")
        if kind is not None and kind not in set(FaultKind):
            raise ValueError(f"there is no fault {kind!r}; there are {', '.join(FaultKind)}")
        cleared = self._world.clear_fault(None if kind is None else FaultKind(kind), target)
        return {"ok": True, "cleared": cleared}

    def _ambient(self, given: dict[str, Any]) -> dict[str, Any]:
        value = given.get("value")
        if isinstance(value, bool) or not isinstance(value, int | float) or not -50 <= value <= 60:
            raise ValueError("ambient needs a value from -50 to 60 degC")
        self._world.hydraulics.ambient = float(value)
        return {"ok": True}

    def _state(self, _: dict[str, Any]) -> dict[str, Any]:
        world = self._world
        mining, hydraulics = world.mining, world.hydraulics
        names = world.topology.loops
        loops = {
            name: {
                "flow": round(float(hydraulics.flow[row]), 1),
                "supply_temp": round(float(hydraulics.supply_temp[row]), 2),
                "return_temp": round(float(hydraulics.return_temp[row]), 2),
                "heat": round(float(hydraulics.heat[row]), 1),
                "level": round(float(hydraulics.level[row]), 2),
            }
            for row, name in enumerate(names)
        }
        return {
            "ok": True,
            "time": round(world.now, 2),
            "miners": len(mining.power),
            "hashing": int(np.count_nonzero(mining.rate.sum(axis=1) > 0)),
            "throttled": int(np.count_nonzero(mining.throttle < 0.97)),
            "hashrate": round(float(mining.rate.sum()), 2),
            "power": round(float(mining.power.sum()), 1),
            "hottest_chip": round(float(mining.chip_temp.max(initial=0.0)), 2),
            "loops": loops,
            "faults": [{"kind": str(fault.kind), "target": fault.target, "at": fault.at} for fault in world.faults],
            "served": dict(self._served()),
        }
