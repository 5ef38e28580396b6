"""Which login belongs to which device: the name of a keyring entry, never the secret behind it."""

from console.domain.inventory import CredentialGroup, Device, Site
from drivers.core.identity import DeviceKind


def login_entry(site: Site, device: Device) -> str:
    """The keyring entry with the login of a device; empty where nobody has set one, and then none is sent.

    The device's own comes first, then the group of the deepest place it stands in, of two alike the one that names
    its profile. A device that was not identified yet is in no group.
    """
    if device.login:
        return device.login
    groups = [group for group in site.credentials if is_in_group(device, group)]
    return max(groups, key=_specificity).entry if groups else ""


def is_in_group(device: Device, group: CredentialGroup) -> bool:
    """Whether a group's login is meant for a device; a group without a profile is for miners alone."""
    if not device.profile:
        return False
    of_profile = device.profile == group.profile if group.profile else device.kind is DeviceKind.MINER
    return of_profile and (not group.place or f"{device.place}/".startswith(f"{group.place}/"))


def _specificity(group: CredentialGroup) -> tuple[int, bool]:
    return len(group.place.split("/")) if group.place else 0, bool(group.profile)
