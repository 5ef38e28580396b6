"""Reads the alarm rules and checks each: an alarm without cause, consequence, action and guidance is only noise."""

import re
import string
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from importlib.resources.abc import Traversable

from console.domain.alarm_text import FIELDS
from console.domain.alarms import AlarmRule, Severity, Test
from drivers.core.identity import DeviceKind
from drivers.core.points import POINTS, PointKind
from drivers.core.profile import Limits
from drivers.core.reading import DeviceState

CATEGORIES = (
    "miner-stuck",
    "pool",
    "thermal",
    "network",
    "firmware",
    "rejects",
    "other",
    "cooling",
    "power",
)
"""The seven incident categories of the operations tables, then the two of plant."""

TREES = ("power", "cooling", "network")
TEXTS = ("title", "clause", "plural", "cause", "consequence", "action", "display", "runbook")
REQUIRED = ("id", "category", "kinds", "test", "severity", "on_delay", "off_delay", "guidance", *TEXTS)
OPTIONAL = (
    "point", "per_part", "parts", "limit", "limit_from", "deadband", "latched", "direct_evidence", "states",
    "missed_polls", "explained_by", "runbook_reason", "fed_only",
)  # fmt: skip
LIMIT_FIELDS = tuple(Limits.__dataclass_fields__)


class RuleError(ValueError):
    """A rule cannot be used; the text names file, line and remedy."""


def load_rules(folder: Traversable | None = None) -> tuple[AlarmRule, ...]:
    """All rules of a folder of TOML files (the built-in ones when none is given), in order of file and place.

    Raises:
        RuleError: A file is not TOML, a rule is incomplete or contradicts itself, or two rules share an id.
    """
    folder = resources.files("resources") / "alarms" if folder is None else folder
    rules: dict[str, AlarmRule] = {}
    for file in sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda e: e.name):
        for rule, place in _read(file):
            if rule.id in rules:
                raise RuleError(f"{place('id')}: a rule {rule.id!r} exists already; give this one another id")
            rules[rule.id] = rule
    return tuple(rules.values())


class _Place:
    """Where a key of the n-th rule stands in its file, for errors a person can act on."""

    def __init__(self, name: str, lines: list[str], number: int) -> None:
        starts = [at for at, line in enumerate(lines) if re.match(r"\s*\[\[\s*rule\s*\]\]", line)]
        self._name = name
        self._lines = lines
        self._start = starts[number] if number < len(starts) else 0
        self._stop = starts[number + 1] if number + 1 < len(starts) else len(lines)

    def __call__(self, key: str = "") -> str:
        for at in range(self._start, self._stop):
            if key and re.match(rf"\s*{re.escape(key)}\s*=", self._lines[at]):
                return f"{self._name}, line {at + 1}"
        return f"{self._name}, line {self._start + 1}"


def _read(file: Traversable) -> Iterable[tuple[AlarmRule, _Place]]:
    text = file.read_text(encoding="utf-8")
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"{file.name}: {error}; correct the TOML there") from error
    strangers = content.keys() - {"rule"}
    if strangers:
        raise RuleError(f"{file.name}: unknown table {min(strangers)!r}; a rule file holds only [[rule]]")
    lines = text.splitlines()
    for number, table in enumerate(content.get("rule", [])):
        place = _Place(file.name, lines, number)
        yield _rule(table, place), place


def _rule(table: Mapping[str, object], place: _Place) -> AlarmRule:
    for key in table:
        if key not in REQUIRED and key not in OPTIONAL:
            raise RuleError(f"{place(key)}: unknown key {key!r}; known are {', '.join((*REQUIRED, *OPTIONAL))}")
    for key in REQUIRED:
        if table.get(key) in (None, "", []):
            raise RuleError(f"{place()}: {key!r} is missing; every alarm needs {', '.join(REQUIRED)}")
    test = _choice(table, "test", [test.value for test in Test], place)
    point = _point(table, Test(test), place)
    limit, limit_from = _limit(table, Test(test), point, place)
    _texts_fit(table, place)
    return AlarmRule(
        id=_text(table, "id", place),
        title=_text(table, "title", place),
        category=_choice(table, "category", CATEGORIES, place),
        kinds=_choices(table, "kinds", [kind.value for kind in DeviceKind], place),
        point=point,
        per_part=_flag(table, "per_part", place),
        test=Test(test),
        limit=limit,
        limit_from=limit_from,
        deadband=_number(table, "deadband", place),
        on_delay=_number(table, "on_delay", place),
        off_delay=_number(table, "off_delay", place),
        latched=_flag(table, "latched", place),
        severity=_severity(table, place),
        direct_evidence=_flag(table, "direct_evidence", place),
        states=_choices(table, "states", [state.label for state in DeviceState], place),
        cause=_text(table, "cause", place),
        consequence=_text(table, "consequence", place),
        action=_text(table, "action", place),
        display=_text(table, "display", place),
        runbook=_runbook(table, place),
        runbook_reason=_text(table, "runbook_reason", place),
        guidance=_strings(table, "guidance", place),
        clause=_text(table, "clause", place),
        plural=_text(table, "plural", place),
        parts=_strings(table, "parts", place),
        missed_polls=int(_number(table, "missed_polls", place, 3)),
        explained_by=_choices(table, "explained_by", TREES, place),
        fed_only=_flag(table, "fed_only", place),
    )


def _text(table: Mapping[str, object], key: str, place: _Place) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise RuleError(f"{place(key)}: {key} must be text in quotes")
    return value


def _flag(table: Mapping[str, object], key: str, place: _Place) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise RuleError(f"{place(key)}: {key} must be true or false")
    return value


def _number(table: Mapping[str, object], key: str, place: _Place, default: float = 0.0) -> float:
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise RuleError(f"{place(key)}: {key} must be a number that is not negative")
    return float(value)


def _strings(table: Mapping[str, object], key: str, place: _Place) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise RuleError(f"{place(key)}: {key} must be a list of texts")
    return tuple(value)


def _choice(table: Mapping[str, object], key: str, known: Iterable[str], place: _Place) -> str:
    value = _text(table, key, place)
    if value not in known:
        raise RuleError(f"{place(key)}: {key} is {value!r}; it must be one of {', '.join(known)}")
    return value


def _choices(table: Mapping[str, object], key: str, known: Iterable[str], place: _Place) -> tuple[str, ...]:
    values = _strings(table, key, place)
    for value in values:
        if value not in known:
            raise RuleError(f"{place(key)}: {key} names {value!r}; known are {', '.join(known)}")
    return values


def _severity(table: Mapping[str, object], place: _Place) -> Severity:
    value = table.get("severity")
    if value not in (1, 2, 3, 4):
        raise RuleError(f"{place('severity')}: severity must be 1, 2, 3 or 4")
    return Severity(int(str(value)))


def _point(table: Mapping[str, object], test: Test, place: _Place) -> str:
    point = _text(table, "point", place)
    if test is Test.SILENT:
        if point:
            raise RuleError(f"{place('point')}: a silent rule watches the whole device; remove its point")
        return ""
    if point not in POINTS:
        raise RuleError(f"{place('point')}: {point!r} is no canonical point; take a name from drivers/core/points.py")
    return point


def _limit(table: Mapping[str, object], test: Test, point: str, place: _Place) -> tuple[float | None, str]:
    """The fixed limit and the place to take a better one from; at least one, and none for SILENT and FROZEN."""
    given = [key for key in ("limit", "limit_from") if key in table]
    if test in {Test.SILENT, Test.FROZEN}:
        if given:
            raise RuleError(f"{place(given[0])}: a {test.value} rule has no limit; its delay decides")
        return None, ""
    if not given:
        raise RuleError(f"{place()}: give limit, limit_from, or both (then limit serves models that name none)")
    source = _text(table, "limit_from", place)
    own_point = source.removeprefix("point:") in POINTS and source.startswith("point:")
    if source not in ("", *LIMIT_FIELDS) and not own_point and not re.fullmatch(r"target:\d+(\.\d+)?", source):
        known = f"target:SHARE, point:NAME or one of {', '.join(LIMIT_FIELDS)}"
        raise RuleError(f"{place('limit_from')}: {source!r} must be {known}")
    return _fixed(table["limit"], point, place) if "limit" in table else None, source


def _fixed(value: object, point: str, place: _Place) -> float:
    known = POINTS[point]
    if isinstance(value, str):
        if known.kind is not PointKind.ENUMERATION or value not in known.codes:
            raise RuleError(f"{place('limit')}: {point} has no state {value!r}; known are {', '.join(known.codes)}")
        return known.code(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RuleError(f"{place('limit')}: limit must be a number in {known.unit.value} or the name of a state")
    return float(value)


def _runbook(table: Mapping[str, object], place: _Place) -> str:
    runbook = _text(table, "runbook", place)
    if runbook == "none" and not _text(table, "runbook_reason", place):
        raise RuleError(f'{place("runbook")}: runbook "none" needs a runbook_reason that says why')
    return runbook


def _texts_fit(table: Mapping[str, object], place: _Place) -> None:
    """The placeholders of title and clause are ones that can be filled."""
    for key in ("title", "clause"):
        text = _text(table, key, place)
        try:
            names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
        except ValueError as error:
            raise RuleError(f"{place(key)}: {key} has an unmatched brace; write {{{{ for a brace itself") from error
        for name in names:
            if name not in FIELDS:
                raise RuleError(f"{place(key)}: {{{name}}} cannot be filled; known are {', '.join(sorted(FIELDS))}")
