"""The canonical points agree with the codes that are stored."""

from drivers.core.points import POINTS
from drivers.core.reading import DeviceState


def test_that_the_state_s_codes_are_the_names_of_the_device_states() -> None:
    assert POINTS["state"].codes == tuple(state.label for state in DeviceState)
    assert [POINTS["state"].code(state.label) for state in DeviceState] == list(DeviceState)
