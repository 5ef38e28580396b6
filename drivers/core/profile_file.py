"""Reads the profiles of `resources/profiles` and refuses what is wrong in them, by file, line and remedy."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise
from types import MappingProxyType

from drivers.core.errors import ProfileError
from drivers.core.identity import DeviceKind
from drivers.core.miner_options import parse_miner_options
from drivers.core.object_map import parse_objects
from drivers.core.offers import parse_offers
from drivers.core.points import POINTS
from drivers.core.profile import Evidence, Limits, Model, Profile
from drivers.core.profile_section import Section, line_index
from drivers.core.register_map import parse_registers
from drivers.core.ring_log_map import parse_ring_log

_PROTOCOLS = ("cgminer", "http", "whatsminer-v3", "snmp", "modbus-tcp")
_BAND = (
    "range_low",
    "trip_low",
    "alarm_low",
    "normal_low",
    "normal_high",
    "alarm_high",
    "trip_high",
    "range_high",
)
"""The numbers of a band from the lowest to the highest: the order in which they must stand."""


@cache
def load_profiles() -> Mapping[str, Profile]:
    """Every profile that comes with the product, by id; raises ProfileError."""
    return read_profiles(files("resources") / "profiles")


def read_profiles(folder: Traversable) -> Mapping[str, Profile]:
    """Every `*.toml` of a folder, by id; raises ProfileError."""
    profiles: dict[str, Profile] = {}
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            try:
                text = file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise ProfileError(f"{file.name}: cannot be read ({error}); save it as UTF-8 text") from error
            profile = parse_profile(text, file.name)
            profiles[profile.id] = profile
    return MappingProxyType(profiles)


def parse_profile(text: str, file: str) -> Profile:
    """One profile from its text.

    Args:
        text: The TOML.
        file: Name of the file, which must be the profile's id with `.toml`.

    Raises:
        ProfileError: With file, line where it is known, and remedy.
    """
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ProfileError(f"{file}: is no valid TOML: {error}; correct that line") from error
    whole = Section(content, file, "", line_index(text))
    head = whole.section("profile")
    quality = whole.section("quality")
    identifier = head.text("id")
    if f"{identifier}.toml" != file:
        head.fail("id", f"{identifier!r} is not the name of the file", f"write id = {file.removesuffix('.toml')!r}")
    limits = _parse_limits(whole.section("limits"))
    protocol = head.choice("protocol", _PROTOCOLS)
    _check_options(protocol, whole, limits)
    profile = Profile(
        id=identifier,
        kind=DeviceKind(head.choice("kind", list(DeviceKind))),
        make=head.text("make"),
        title=head.text("title"),
        protocol=protocol,
        port=head.whole("port", 1, 65535),
        driver=head.text("driver"),
        source=quality.text("source"),
        evidence=Evidence(quality.choice("evidence", list(Evidence))),
        limits=limits,
        models=_parse_models(whole.sections("model")),
        options=MappingProxyType(content.get("options", {})),
        log=MappingProxyType(content.get("log", {})),
        recordings=_recordings(quality),
        offers=parse_offers(whole.section("command")),
        default_logins=_default_logins(whole.section("login")),
    )
    for section in (head, quality, whole):
        section.finish()
    return profile


def _recordings(quality: Section) -> tuple[str, ...]:
    recordings = quality.texts("recordings")
    if quality.text("evidence") == Evidence.REPLAYED and not recordings:
        quality.fail("recordings", "is missing for a replayed profile", "name model, firmware and origin of each")
    return recordings


def _default_logins(section: Section) -> tuple[str, ...]:
    defaults = section.texts("defaults")
    for text in defaults:
        if ":" not in text:
            section.fail("defaults", f"{text!r} is no login", 'write "user:secret"; ":secret" where there is no user')
    section.finish()
    return defaults


def _check_options(protocol: str, whole: Section, limits: Mapping[str, Limits]) -> None:
    options = whole.section("options")
    if protocol == "modbus-tcp":
        registers = parse_registers(options, limits)
        if whole.has("log"):
            parse_ring_log(whole.section("log"), registers)
        return
    if whole.has("log"):
        whole.fail("log", f"is not read over {protocol}", "remove it; only Modbus devices have a ring log")
    if protocol == "snmp":
        parse_objects(options, limits)
    else:
        parse_miner_options(options)


def _parse_limits(section: Section) -> Mapping[str, Limits]:
    limits: dict[str, Limits] = {}
    for name in section.keys():
        if name not in POINTS:
            section.fail(name, "is no point", "use a canonical point name, such as chip_temp")
        item = section.section(name)
        numbers = {key: item.optional_number(key) for key in _BAND}
        item.finish()
        given = [(key, value) for key, value in numbers.items() if value is not None]
        for (low_key, low), (high_key, high) in pairwise(given):
            if low > high:
                item.fail(low_key, f"{low:g} lies above {high_key} {high:g}", f"order them as {' <= '.join(_BAND)}")
        limits[name] = Limits(**numbers)
    return MappingProxyType(limits)


def _parse_models(sections: tuple[Section, ...]) -> tuple[Model, ...]:
    models: list[Model] = []
    seen: set[str] = set()
    for item in sections:
        model = Model(
            match=item.text("match"),
            hashrate=item.number("hashrate"),
            power=item.number("power"),
            boards=item.whole("boards", 1, 16),
            chips=item.whole("chips", 1, 1000),
            chip_columns=item.whole("chip_columns", 1, 100),
            cooling=item.choice("cooling", ("air", "immersion", "hydro")),
        )
        if min(model.hashrate, model.power) <= 0:
            item.fail("hashrate", "and power must be above 0", "take both from the nameplate")
        if model.match.casefold() in seen:
            item.fail("match", f"{model.match!r} stands in the file twice", "remove one")
        seen.add(model.match.casefold())
        item.finish()
        models.append(model)
    return tuple(models)
