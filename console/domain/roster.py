"""What a site says about each row of the live columns: name, kind, model, fed outlets; found once for each site."""

from collections.abc import Iterable, Mapping
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from console.domain.inventory import Device, Site
from console.domain.telemetry import Indices, LiveColumns

_NOBODY = -1

NO_OUTLETS: frozenset[str] = frozenset()


class Roster:
    """The devices of a site in the order of the rows of its live columns.

    Attributes:
        site: The site.
        names: Device name by row; empty for a row that the site no longer has.
        models: Every distinct profile and model.
        model: For each row its place in `models`; -1 for a row that the site no longer has.
        fed: The outlets that feed something, by row of their PDU.
    """

    def __init__(self, site: Site, columns: LiveColumns) -> None:
        self.site = site
        by_id = {device.id: device for device in site.devices}
        by_row: list[Device | None] = [by_id.get(device) for device in columns.devices]
        self.names = tuple(["" if device is None else device.name for device in by_row])
        numbers: dict[tuple[str, str], int] = {}
        self.model: Indices = np.array(
            [
                _NOBODY if device is None else numbers.setdefault((device.profile, device.model), len(numbers))
                for device in by_row
            ],
            np.int64,
        )
        self.models = tuple(numbers)
        self.fed = _fed(site, {name: row for row, name in enumerate(self.names) if name})
        self._ids = by_id
        self._kinds = np.array(["" if device is None else device.kind.value for device in by_row], "U16")

    def __len__(self) -> int:
        return len(self.names)

    @property
    def by_id(self) -> Mapping[UUID, Device]:
        """The devices of the site by their id."""
        return self._ids

    def of_kinds(self, kinds: Iterable[str]) -> NDArray[np.bool_]:
        """Whether the device of each row is of one of these kinds."""
        return np.isin(self._kinds, list(kinds))


def _fed(site: Site, rows: Mapping[str, int]) -> dict[int, frozenset[str]]:
    found: dict[int, set[str]] = {}
    for feed in site.feeds:
        name, _, outlet = feed.source.rpartition("/")
        row = rows.get(name)
        if row is not None:
            found.setdefault(row, set()).add(outlet)
    return {row: frozenset(outlets) for row, outlets in found.items()}
