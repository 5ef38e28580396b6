"""How a Whatsminer is told from other miners, and what each of its refusals is called."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from drivers.core.errors import Refused, Rejected, Unsupported
from drivers.core.identity import Address
from drivers.core.profile_file import load_profiles
from drivers.family import Access, Clue
from drivers.miners.whatsminer.v2 import open_whatsminer as open_v2
from drivers.miners.whatsminer.v2 import recognise as recognise_v2
from drivers.miners.whatsminer.v2_sections import is_refused
from drivers.miners.whatsminer.v3 import recognise as recognise_v3
from drivers.miners.whatsminer.v3_sections import message, part_of
from drivers.testing.replay import RecordedMiner, serve_replies
from drivers.transports.connections import Connections


@pytest.mark.parametrize(
    ("code", "error"), [(-4, Refused), (-2, Unsupported), (-1, Rejected), (-99, Rejected), ("x", Rejected)]
)
def test_that_each_no_of_version_3_has_its_name(code: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="it said: no"):
        message({"code": code, "msg": "no"}, "here")


def test_that_a_part_is_found_also_where_its_name_is_left_out() -> None:
    assert part_of({"code": 0, "msg": {"summary": {"elapsed": 1}}}, "summary", "here") == {"summary": {"elapsed": 1}}
    assert part_of({"code": 0, "msg": {"elapsed": 1}}, "summary", "here") == {"summary": {"elapsed": 1}}
    assert part_of({"code": 0, "msg": [{"id": 0}]}, "edevs", "here") == {"edevs": [{"id": 0}]}


@pytest.mark.parametrize(
    ("version", "is_his"),
    [
        ({"STATUS": "E", "Code": 14, "Msg": "invalid cmd", "Description": "whatsminer v1.4.0"}, True),
        ({"STATUS": [{"STATUS": "E", "Code": 14, "Msg": "Invalid command"}]}, True),
        ({"STATUS": "S", "Code": 22, "Msg": {"api_ver": "3.0", "fw_ver": "20240624.18.REL"}}, True),
        ({"STATUS": [{"STATUS": "S", "Description": "btminer"}], "VERSION": [{}]}, True),
        ({"STATUS": [{"STATUS": "S"}], "VERSION": [{"CGMiner": "4.9.2", "API": "3.7"}]}, True),
        ({"STATUS": [{"STATUS": "S", "Description": "cgminer 1.0"}], "VERSION": [{"Type": "Antminer S19"}]}, False),
        ({}, False),
    ],
)
def test_that_it_is_recognised_by_its_version_or_by_refusing_to_tell_it(
    version: Mapping[str, Any], is_his: bool
) -> None:
    assert recognise_v2(Clue(Address("192.0.2.1", 4028), version)) is is_his


@pytest.mark.parametrize(("made_with", "is_his"), [("bitmicro", True), ("hashratio", False)])
async def test_that_one_without_get_version_is_known_by_what_drives_its_boards(made_with: str, is_his: bool) -> None:
    boards = [{"Name": "SM", "ID": at, "Driver": made_with, "Model": "M20S"} for at in range(3)]
    replies = {"devdetails": json.dumps({"STATUS": [{"STATUS": "S"}], "DEVDETAILS": boards}).encode()}
    async with serve_replies(RecordedMiner(replies)) as address, Connections() as connections:
        opened = open_v2(load_profiles()["whatsminer-v2"], address, Access(connections))
        if is_his:
            assert (await opened.identify()).model == "M20S"
        else:
            with pytest.raises(Unsupported):
                await opened.identify()


def test_that_version_3_is_recognised_by_its_device_info() -> None:
    assert recognise_v3(Clue(Address("192.0.2.1", 4433), info={"code": 0, "msg": {"miner": {}}}))
    assert not recognise_v3(Clue(Address("192.0.2.1", 4433), info={"code": -4, "msg": "no permission"}))


def test_that_a_no_is_told_in_both_shapes() -> None:
    assert is_refused({"STATUS": "E", "Code": 132, "Msg": "This command is deprecated."})
    assert is_refused({"STATUS": [{"STATUS": "E", "Code": 14}]})
    assert not is_refused({"STATUS": "S", "When": 1, "Code": 131, "Msg": {}, "Description": ""})
