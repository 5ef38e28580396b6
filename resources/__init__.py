"""Files that ship with the program: profiles, rules, fonts, icons, themes. Imports nothing of ours."""

from importlib.resources import files
from importlib.resources.abc import Traversable


def resource(*parts: str) -> Traversable:
    """A file or folder of this package, found the same way in a checkout, a wheel and a frozen program."""
    return files(__name__).joinpath(*parts)
