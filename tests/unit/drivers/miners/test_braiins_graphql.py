"""What older Braiins OS says over GraphQL, where a poll holds only a part of it."""

from typing import Any

from drivers.core.device import Tier
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Report
from drivers.miners.braiins.graphql_parser import GraphqlParser


def report_of(info: Any) -> Report:
    parser = GraphqlParser(load_profiles()["braiins-graphql"])
    return parser.report({"bosminer": {"info": info}}, Tier.FULL, 1.0, 2.0)


def test_that_graphql_without_a_summary_is_judged_by_its_rate() -> None:
    assert report_of({"workSolver": {"realHashrate": {"mhs5S": 95_000_000}}}).state is DeviceState.HASHING
    assert report_of({}).state is DeviceState.IDLE


def test_that_a_light_graphql_poll_does_not_call_unreported_what_it_did_not_ask() -> None:
    parser = GraphqlParser(load_profiles()["braiins-graphql"])
    pool = {"url": "a", "user": "w", "status": "ALIVE", "shares": {"acceptedSolutions": 31}}
    mining = {"workSolver": {"realHashrate": {"mhs5S": 95_000_000}}}
    whole = {"bosminer": {"info": {**mining, "poolGroups": [{"pools": [pool]}]}}}
    full = parser.report(whole, Tier.FULL, 1.0, 2.0)
    fast = parser.report({"bosminer": {"info": mining}}, Tier.FAST, 1.0, 2.0)
    at = full.layout.index["accepted", ""]
    assert full.values[at] == 31
    assert Quality(fast.quality[at]) is Quality.NOT_POLLED
