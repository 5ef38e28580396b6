"""How much of a site's hash power each miner stands for, by its nameplate."""

from collections.abc import Mapping
from uuid import UUID

from console.domain.incident_text import Weights
from console.domain.inventory import Site
from drivers.core.identity import DeviceKind
from drivers.core.profile import Profile


def nominal_weights(site: Site, profiles: Mapping[str, Profile]) -> Weights:
    """Nameplate hashrate by miner, TH/s. A miner whose model is not known counts as the mean of the known ones."""
    known: dict[UUID, float] = {}
    miners = [device for device in site.devices if device.kind is DeviceKind.MINER]
    for device in miners:
        profile = profiles.get(device.profile)
        model = None if profile is None else profile.model(device.model)
        if model is not None:
            known[device.id] = model.hashrate
    usual = sum(known.values()) / len(known) if known else 1.0
    weights = {device.id: known.get(device.id, usual) for device in miners}
    return Weights(weights, sum(weights.values()))
