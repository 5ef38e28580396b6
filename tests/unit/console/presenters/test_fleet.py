"""The Fleet table."""

import numpy as np

from console.presenters.fleet import FleetPresenter, LazyText
from console.presenters.miners import Inventory
from console.presenters.standing import StandingIndex
from tests.unit.console.presenters.sites import NOW, incident, set_value, silence, state_of, with_incidents


def test_that_every_device_has_a_row_and_columns_sort_as_numbers() -> None:
    state = silence(set_value(state_of(), "T1-002", "hashrate", 40.0), ["T1-003"])
    state = with_incidents(state, incident(state, ["T1-002"], acknowledged_at=NOW))
    view = FleetPresenter(Inventory(), StandingIndex()).view(state, NOW)
    columns = {column.id: column for column in view.columns}
    assert len(view.ids) == len(state.site.devices)
    assert columns["hashrate"].text[1] == "40.0"
    assert columns["hashrate"].sort[1] == 40.0
    assert columns["hashrate"].text[2] == ""
    assert np.isnan(columns["hashrate"].sort[2])
    assert columns["deviation"].text[1] == "−60.0"
    assert columns["state"].text[2] == "unreachable"
    assert columns["hashrate"].total == "sum 2,240.0 TH/s"
    assert (int(view.marks[1]), bool(view.acknowledged[1])) == (1, True)
    assert view.note == "27 devices, 27 fresh"
    assert "t1-002" in view.search[1]


def test_that_text_columns_sort_by_natural_order() -> None:
    view = FleetPresenter(Inventory(), StandingIndex()).view(state_of(), NOW)
    name = view.columns[0]
    assert [name.text[at] for at in np.argsort(name.sort)][:4] == ["M-01", "PLC-A", "PLC-B", "T1-001"]


def test_that_lazy_text_writes_only_what_is_asked() -> None:
    written: list[int] = []

    def write(row: int) -> str:
        written.append(row)
        return str(row)

    text = LazyText(60_000, write)
    assert text[5:7] == ["5", "6"]
    assert text[-1] == "59999"
    assert written == [5, 6, 59_999]
