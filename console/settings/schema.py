"""The settings of a console, declared once: name, default, what it does. Kept as TOML in the user's config folder."""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import msgspec
from platformdirs import user_config_path

FILE = "settings.toml"


class SettingsError(ValueError):
    """The settings file cannot be used; the text names the file, the line and the remedy."""


class ThemeChoice(StrEnum):
    """Which theme the console shows."""

    DARK = "dark"
    LIGHT = "light"


class Settings(msgspec.Struct, frozen=True):
    """All settings.

    Attributes:
        theme: Dark or light.
        reduced_motion: Nothing blinks or slides; states are told by shape and text alone.
    """

    theme: ThemeChoice = ThemeChoice.DARK
    reduced_motion: bool = False


def settings_path() -> Path:
    """The settings file of this user."""
    return user_config_path("terrahash", appauthor=False) / FILE


def read_settings(path: Path) -> Settings:
    """The settings in a file; the defaults where there is none.

    Raises:
        SettingsError: Not TOML, an unknown name, or a value that a setting does not take.
    """
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except FileNotFoundError:
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path}: {error}; correct it, or remove it to get the defaults") from error
    checked = {name: _value(path, text, name, value) for name, value in table.items()}
    return msgspec.convert(checked, Settings)


def _value(path: Path, text: str, name: str, value: object) -> StrEnum | bool:
    defaults: Mapping[str, StrEnum | bool] = msgspec.structs.asdict(Settings())
    place = f"{path}: line {_line(text, name)}"
    default = defaults.get(name)
    if default is None:
        raise SettingsError(f"{place}: there is no setting {name!r}; there are {', '.join(defaults)}")
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise SettingsError(f"{place}: {name} is true or false, not {value!r}")
        return value
    try:
        return type(default)(str(value))
    except ValueError as error:
        raise SettingsError(f"{place}: {name} is one of {', '.join(type(default))}, not {value!r}") from error


def _line(text: str, name: str) -> int:
    """The line that gives the setting; TOML names may be quoted or dotted."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip().lstrip("[\"'").startswith(name):
            return number
    return 1
