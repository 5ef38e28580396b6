"""Driver packages that do not come with the product: what they offer is taken in where it is sound.

A package names a `Family`, or a sequence of them, in the entry point group `terrahash.drivers`. One that fails is told
by name with its reason, and takes nothing with it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from types import MappingProxyType

from drivers.core.errors import ProfileError
from drivers.core.profile import Profile
from drivers.core.profile_file import read_profiles
from drivers.family import Family


@dataclass(frozen=True, slots=True)
class PackageProblem:
    """Why something of a package is not used.

    Attributes:
        package: Name of the distribution, or of the entry point where it has none.
        text: The reason and the remedy.
    """

    package: str
    text: str


@dataclass(frozen=True, slots=True)
class Packages:
    """What the installed driver packages bring.

    Attributes:
        families: Sound ones, in order of package and entry point.
        profiles: Theirs, by id.
        problems: What is not used, and why.
    """

    families: tuple[Family, ...]
    profiles: Mapping[str, Profile]
    problems: tuple[PackageProblem, ...]


def load_packages(
    entry_points: Iterable[EntryPoint], own_families: Collection[str], own_profiles: Collection[str]
) -> Packages:
    """Import every package and take in what is sound. Runs the packages' own code.

    Args:
        entry_points: Of the group `terrahash.drivers`.
        own_families: Drivers of the product, whose names are taken.
        own_profiles: Profile ids of the product, likewise.
    """
    loader = _Loader(own_families, own_profiles)
    for entry_point in sorted(entry_points, key=lambda point: (_package(point), point.name)):
        loader.take(entry_point)
    return Packages(tuple(loader.families.values()), MappingProxyType(loader.profiles), tuple(loader.problems))


def _package(entry_point: EntryPoint) -> str:
    return entry_point.dist.name if entry_point.dist is not None else entry_point.name


class _Loader:
    def __init__(self, own_families: Collection[str], own_profiles: Collection[str]) -> None:
        self.families: dict[str, Family] = {}
        self.profiles: dict[str, Profile] = {}
        self.problems: list[PackageProblem] = []
        self._own_families = own_families
        self._own_profiles = own_profiles

    def take(self, entry_point: EntryPoint) -> None:
        package = _package(entry_point)
        try:
            offered = entry_point.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code may raise anything; the rest goes on
            text = (
                f"{entry_point.value} cannot be loaded ({type(error).__name__}: {error}); update or remove the package"
            )
            self.problems.append(PackageProblem(package, text))
            return
        offers = list(offered) if isinstance(offered, Sequence) else [offered]
        if not offers or not all(isinstance(family, Family) for family in offers):
            text = f"{entry_point.value} is neither a Family nor a sequence of them; ask its author for a newer release"
            self.problems.append(PackageProblem(package, text))
            return
        for family in offers:
            reason = self._add(family)
            if reason:
                self.problems.append(PackageProblem(package, reason))

    def _add(self, family: Family) -> str:
        """Take one in; returns why not, empty when it was."""
        if family.driver in self._own_families or family.driver in self.families:
            return f"the driver {family.driver!r} exists already; remove one of the two packages"
        if family.profiles is None:
            return f"the driver {family.driver!r} brings no profiles, so that nothing could be read with it"
        try:
            profiles = read_profiles(family.profiles)
        except (ProfileError, OSError) as error:
            return f"the driver {family.driver!r} cannot be used: {error}"
        reason = self._unsound(family, profiles)
        if not reason:
            self.families[family.driver] = family
            self.profiles.update(profiles)
        return reason

    def _unsound(self, family: Family, profiles: Mapping[str, Profile]) -> str:
        if not profiles:
            return f"the driver {family.driver!r} brings no profiles, so that nothing could be read with it"
        for profile in profiles.values():
            if profile.id in self._own_profiles or profile.id in self.profiles:
                return f"the profile {profile.id!r} exists already; remove one of the two packages"
            if profile.driver != family.driver:
                return f"{profile.id}.toml: profile.driver must be {family.driver!r}, not {profile.driver!r}"
        return ""
