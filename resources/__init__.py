"""Files that ship with the program: profiles, rules, fonts, icons, themes. Imports nothing of ours."""

import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable


def resource(*parts: str) -> Traversable:
    """A file or folder of this package, found the same way in a checkout, a wheel and a frozen program."""
    return files(__name__).joinpath(*parts)


def system_libraries(group: str) -> dict[str, str]:
    """Libraries that Qt needs on Linux: file name to Debian package; `group` is "offscreen" or "window"."""
    found: dict[str, str] = tomllib.loads(resource("system_libraries.toml").read_text(encoding="utf-8"))[group]
    return found
