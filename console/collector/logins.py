"""The logins of a site's devices: which entry is for which, read when it is needed, and whether it is a default."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from console.domain.credentials import login_entry
from console.domain.inventory import Device, Site
from drivers.core.credentials import Login
from drivers.core.profile import Profile

VIRTUAL: Final = "virtual-site"
"""Names the vendor's default, for the miners of a virtual site: they know no other, and no keyring is asked for it. It
is never sent beyond loopback."""


@dataclass(frozen=True, slots=True)
class LoginStanding:
    """How a device stands with its login.

    Attributes:
        entry: Name of the keyring or vault entry; empty where nobody has set one.
        problem: Why it cannot be used; empty when it can.
        is_default: Whether it is the vendor's default, which everybody knows.
        is_known: Whether devices of its family know logins at all, as far as their profile says.
    """

    entry: str = ""
    problem: str = ""
    is_default: bool = False
    is_known: bool = True

    @property
    def text(self) -> str:
        """For an operator: like "antminers", "antminers: the vendor's default, change it"; empty without logins."""
        if not self.entry:
            return "none set" if self.is_known else ""
        if self.problem:
            return f"{self.entry}: {self.problem}"
        return f"{self.entry}: the vendor's default, change it" if self.is_default else self.entry


class Logins:
    """Reads the login of each device from where its secret is kept.

    Args:
        site: The site as it is now.
        profiles: By id; they know the vendors' defaults.
        read_secret: Reads an entry; raises LookupError with a sentence when there is none. May block.
    """

    def __init__(
        self, site: Callable[[], Site], profiles: Mapping[str, Profile], read_secret: Callable[[str], str]
    ) -> None:
        self._site = site
        self._profiles = profiles
        self._read_secret = read_secret

    def is_set(self, device: Device) -> bool:
        """Whether a login was set for a device, be it there or not. Does not block."""
        return bool(login_entry(self._site(), device))

    def read(self, device: Device) -> Login | None:
        """The login that was set for a device; None where nobody has set one. Blocks.

        Raises:
            LookupError: It is named and is not there; the text is a sentence for the operator.
            ValueError: It is there and is no login.
        """
        entry = login_entry(self._site(), device)
        if not entry:
            return None
        if entry == VIRTUAL:
            return self._virtual(device)
        return Login.parse(self._read_secret(entry), self._default_user(device))

    def standing(self, device: Device) -> LoginStanding:
        """How a device stands with its login. Blocks; sends nothing."""
        entry = login_entry(self._site(), device)
        if not entry and not self.defaults(device):
            return LoginStanding(is_known=False)
        try:
            login = self.read(device)
        except (LookupError, ValueError) as error:
            return LoginStanding(entry, str(error.args[0]) if error.args else type(error).__name__)
        return LoginStanding(entry, is_default=login is not None and login in self.defaults(device))

    def defaults(self, device: Device) -> tuple[Login, ...]:
        """The vendor's default logins for a device, as its profile knows them."""
        profile = self._profiles.get(device.profile)
        return tuple(Login.parse(text) for text in profile.default_logins) if profile is not None else ()

    def _virtual(self, device: Device) -> Login:
        defaults = self.defaults(device)
        if not device.address.host.startswith("127.") or not defaults:
            raise LookupError(f"the login {VIRTUAL!r} is for the miners of a virtual site, which live on 127.x.y.z")
        return defaults[0]

    def _default_user(self, device: Device) -> str:
        defaults = self.defaults(device)
        return defaults[0].user if defaults else ""
