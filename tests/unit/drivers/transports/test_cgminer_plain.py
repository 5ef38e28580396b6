"""CGMiner's plain text: read like its JSON, with commas inside values, numbered entries, refusals and cut answers."""

import pytest

from drivers.core.device import Tier
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState
from drivers.miners.avalon.parser import AvalonParser
from drivers.transports.cgminer import Answers, parse

STATS = (
    b"STATUS=S,When=5,Code=70,Msg=CGMiner stats,Description=cgminer 4.11.1|STATS=0,ID=AVA100,Elapsed=5,"
    b"MM ID0=Ver[1346-116-23042501_6d4cd98] SYSTEMSTATU[Work: In Work, Hash Board: 3 ] Elapsed[500] "
    b"PS[0 1214 1316 242 3189 1320 3504] GHSspd[118850] MGHS[39000 39000 39000] MTmax[80 79 78],MM Count=1|"
)
POOLS = (
    b"STATUS=S,Code=7,Msg=2 Pool(s)|POOL=0,URL=stratum+tcp://a:1,Status=Alive,User=w.1,Stratum Active=true,"
    b"Pool Stale%=0.0|POOL=1,URL=stratum+tcp://b:1,Status=Dead,User=w,Stratum Active=false| "
)


def test_that_sections_are_lists_under_the_names_of_the_json_answers() -> None:
    content, repaired = parse(POOLS, "x")
    assert not repaired
    assert content["STATUS"] == [{"STATUS": "S", "Code": "7", "Msg": "2 Pool(s)"}]
    pools = content["POOLS"]
    assert isinstance(pools, list)
    assert [pool["URL"] for pool in pools] == ["stratum+tcp://a:1", "stratum+tcp://b:1"]
    assert [pool["Stratum Active"] for pool in pools] == [True, False]


def test_that_an_avalon_that_answers_so_is_read_like_one_that_answers_json() -> None:
    answers = Answers({"stats": parse(STATS + b"\0", "x")[0], "pools": parse(POOLS, "x")[0]}, False, 1.0, 2.0)
    report = AvalonParser(load_profiles()["avalon"]).report(answers, Tier.FULL)
    found = {(reading.point, reading.part): reading.value for reading in report.readings()}
    assert report.state is DeviceState.HASHING
    assert found["hashrate", ""] == pytest.approx(118.85)
    assert (found["power", ""], found["chip_temp", "3"]) == (3504, 78)
    assert report.texts["pool"] == "stratum+tcp://a:1"
    assert report.texts["model"] == "AvalonMiner 1346-116"


def test_that_a_comma_inside_a_value_parts_nothing() -> None:
    content, _ = parse(b"STATUS=S,Code=70|STATS=0,MM ID0=S[Work: In Work, Hash Board: 3 ] Temp[66],Count=1|", "x")
    assert content["STATS"] == [{"STATS": "0", "MM ID0": "S[Work: In Work, Hash Board: 3 ] Temp[66]", "Count": "1"}]


@pytest.mark.parametrize("end", [0, 40, 200, -1])
def test_that_a_cut_answer_is_marked(end: int) -> None:
    content, repaired = parse(STATS[:end] or STATS[:20], "x")
    assert repaired
    assert content
