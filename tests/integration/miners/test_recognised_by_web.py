"""Virtual miners of families with web interfaces are told apart on the wire, and no login goes out for it."""

import pytest

from drivers.core.profile_file import load_profiles
from drivers.identification import Asking, recognise
from drivers.simulators.firmwares import PERSONALITIES
from drivers.simulators.personality import Controls, HttpQuestion
from drivers.testing.stand import miner_view, stand
from drivers.transports.connections import Connections

MODELS = {"epic": "Antminer S19j Pro", "auradine": "AT1500", "mara": "Antminer S19j Pro", "bitaxe": "Gamma"}


@pytest.mark.parametrize("name", sorted(MODELS))
async def test_that_a_scan_names_the_profile_and_sends_no_login(name: str) -> None:
    view, controls = miner_view(model=MODELS[name]), Controls(login=("root", "root"))
    async with stand(PERSONALITIES[name], view=view, controls=controls) as place, Connections() as connections:
        places = [place.address(wire) for wire in PERSONALITIES[name].wires]
        found = await recognise(places, Asking(connections, load_profiles(), public=False))
        for _wire, question in place.questions:
            if isinstance(question, HttpQuestion):
                assert question.method == "GET", "nothing is posted, no login either"
                assert not {"authorization", "token"} & set(question.headers)
    assert (found.identity.profile, found.identity.model) == (name, MODELS[name])
    assert found.note == ""
