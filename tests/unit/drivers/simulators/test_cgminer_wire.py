"""Miners over plain sockets: what a program that has never seen our code gets."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drivers.simulators.faults import parse_fault
from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports
from drivers.simulators.site import VirtualSite

Ask = Callable[..., bytes]
HOST = "127.32.1.3"
"""T01-003."""
pytestmark = pytest.mark.usefixtures("serving")


async def asked(ask: Ask, command: str, host: str = HOST) -> dict[str, Any]:
    reply = await asyncio.to_thread(ask, host, json.dumps({"command": command}).encode())
    assert reply.endswith(b"\x00")
    decoded: dict[str, Any] = json.loads(reply[:-1])
    return decoded


@pytest.mark.parametrize("command", ["summary", "stats", "pools", "devs", "version"])
async def test_that_a_reply_has_the_shape_of_recorded_firmware(ask: Ask, recorded: Path, command: str) -> None:
    reply = await asked(ask, command)
    real = json.loads((recorded / "miners/antminer-s19pro-stock" / f"{command}.json").read_text())
    assert set(reply) == set(real)
    section = next(key for key in real if key not in {"STATUS", "id"})
    for ours, theirs in zip(reply[section], real[section], strict=True):
        assert set(ours) == set(theirs)
        kinds = {key: type(value) for key, value in theirs.items()}
        assert {key: type(value) for key, value in ours.items()} == kinds | {
            key: type(ours[key]) for key in ours if type(ours[key]) in {int, float} and kinds[key] in {int, float}
        }
    assert set(reply["STATUS"][0]) == set(real["STATUS"][0])
    assert reply["STATUS"][0]["Code"] == real["STATUS"][0]["Code"]


async def test_that_the_numbers_are_those_of_the_physics(ask: Ask, site: VirtualSite) -> None:
    stats = (await asked(ask, "stats"))["STATS"][1]
    rate = float(site.world.mining.rate[2].sum())
    assert stats["GHS 5s"] == pytest.approx(rate * 1000, rel=0.05)
    assert stats["GHS 5s"] == pytest.approx(sum(float(stats[f"chain_rate{board}"]) for board in (1, 2, 3)), abs=0.05)
    assert stats["total_rateideal"] == 109200.0
    hottest = max(int(spot) for spot in stats["temp_chip1"].split("-"))
    assert hottest == pytest.approx(float(site.world.mining.chip_temp[2, 0]), abs=0.6)
    assert stats["chain_acs1"].count("o") == stats["chain_acn1"] == 110


async def test_that_temperatures_are_whole_degrees_and_rates_two_decimals(ask: Ask) -> None:
    reply = await asyncio.to_thread(ask, HOST)
    assert b'"temp2_1":' in reply
    stats = json.loads(reply[:-1])["STATS"][1]
    assert all(isinstance(stats[f"temp2_{board}"], int) for board in (1, 2, 3))
    assert len(stats["chain_rate1"].split(".")[1]) == 2


async def test_that_a_combined_command_wraps_each_answer_in_a_list(ask: Ask) -> None:
    reply = await asked(ask, "summary+stats+pools")
    assert set(reply) == {"summary", "stats", "pools", "id"}
    assert reply["summary"][0]["SUMMARY"][0]["Elapsed"] == reply["stats"][0]["STATS"][1]["Elapsed"]
    assert len(reply["pools"][0]["POOLS"]) == 3


async def test_that_a_combined_command_with_odd_parts_is_still_json(ask: Ask) -> None:
    reply = await asked(ask, 'summary+"dan\\ce+restart')
    assert reply["summary"][0]["STATUS"][0]["Code"] == 11
    assert reply['"dan\\ce'][0]["STATUS"][0]["Code"] == 14
    assert reply["restart"][0]["STATUS"][0]["Code"] == 45


async def test_that_an_endless_combined_command_is_refused(ask: Ask) -> None:
    assert (await asked(ask, "+".join(["stats"] * 5000)))["STATUS"][0]["Code"] == 14


async def test_that_some_firmware_refuses_combined_commands_with_code_14(ports: Ports, ask: Ask) -> None:
    other = Ports.free()
    text = demo_site(10, ports=other, story=False).replace("[simulation]\n", "[simulation]\ncombined = 0\n")
    async with VirtualSite.parse(text).serve():
        reader, writer = await asyncio.open_connection(HOST, other.cgminer)
        writer.write(b'{"command":"summary+stats"}')
        reply = json.loads((await reader.read()).rstrip(b"\x00"))
        writer.close()
    assert (reply["STATUS"][0]["STATUS"], reply["STATUS"][0]["Code"]) == ("E", 14)


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (b'{"command":"dance"}', 14),
        (b'{"command":"restart"}', 45),
        (b"summary", 23),
        (b'{"command":["stats"]}', 23),
        (b"[]", 23),
        (b"\xff\xfe\x00\x01", 23),
    ],
)
async def test_that_a_bad_question_gets_an_error_status(ask: Ask, question: bytes, code: int) -> None:
    reply = json.loads((await asyncio.to_thread(ask, HOST, question)).rstrip(b"\x00"))
    assert (reply["STATUS"][0]["STATUS"], reply["STATUS"][0]["Code"]) == ("E", code)


async def test_that_a_question_may_come_in_pieces(ports: Ports) -> None:
    reader, writer = await asyncio.open_connection(HOST, ports.cgminer)
    for piece in (b'{"comm', b'and":', b'"version"}'):
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.02)
    assert json.loads((await reader.read()).rstrip(b"\x00"))["VERSION"][0]["Type"] == "Antminer S19 XP"
    writer.close()


async def test_that_an_address_without_a_miner_is_reset(ask: Ask) -> None:
    with pytest.raises(ConnectionResetError):
        await asyncio.to_thread(ask, "127.99.99.99")


async def test_that_a_thousand_questions_at_once_are_all_answered(ports: Ports) -> None:
    async def one(number: int) -> str:
        host = f"127.32.{1 + number % 2}.{1 + number % 20}"
        reader, writer = await asyncio.open_connection(host, ports.cgminer)
        writer.write(b'{"command":"stats"}')
        reply = json.loads((await reader.read()).rstrip(b"\x00"))
        writer.close()
        return str(reply["STATS"][1]["miner_id"])

    ids = await asyncio.gather(*(one(number) for number in range(1000)))
    assert len(set(ids)) == 20


async def test_that_a_dead_miner_resets_and_a_powerless_one_too(ask: Ask, site: VirtualSite) -> None:
    site.world.set_fault(parse_fault("dead_miner=T01-003"))
    site.world.set_fault(parse_fault("outlet_off=PDU-01/4"))
    site.world.step(1.0)
    for host in (HOST, "127.32.1.4"):
        with pytest.raises(ConnectionResetError):
            await asyncio.to_thread(ask, host)
    site.world.clear_fault(None, "*")
    site.world.step(60.0)
    assert (await asked(ask, "summary", "127.32.1.4"))["SUMMARY"][0]["Elapsed"] < 60


async def test_that_a_hung_api_takes_the_question_and_never_answers(ask: Ask, site: VirtualSite) -> None:
    site.world.set_fault(parse_fault("hung_api=T01-003"))
    with pytest.raises(TimeoutError):
        await asyncio.to_thread(ask, HOST, b'{"command":"stats"}', 0.3)
    assert site.world.mining.rate[2].sum() > 0


async def test_that_broken_json_ends_in_the_middle(ask: Ask, site: VirtualSite) -> None:
    site.world.set_fault(parse_fault("broken_json=T01-003"))
    reply = await asyncio.to_thread(ask, HOST)
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.rstrip(b"\x00"))
    assert reply.startswith(b'{"STATUS"')


async def test_that_a_slow_device_answers_late_and_whole(ask: Ask, site: VirtualSite) -> None:
    site.world.set_fault(parse_fault("slow_device=T01-003:0.4"))
    with pytest.raises(TimeoutError):
        await asyncio.to_thread(ask, HOST, b'{"command":"stats"}', 0.1)
    assert (await asked(ask, "stats"))["STATS"][1]["miner_count"] == 3


async def test_that_a_dead_board_shows_an_empty_chain(ask: Ask, site: VirtualSite) -> None:
    site.world.set_fault(parse_fault("dead_board=T01-003:2"))
    site.world.step(5.0)
    stats = (await asked(ask, "stats"))["STATS"][1]
    assert (stats["miner_count"], stats["chain_acn2"], stats["chain_rate2"]) == (2, 0, "")
    assert (stats["temp_chip2"], stats["total_acn"]) == ("0-0-0-0", 220)
    assert stats["GHS 5s"] < 80_000


async def test_that_a_dead_fan_stands_still(ask: Ask, site: VirtualSite) -> None:
    site.world.set_fault(parse_fault("dead_fan=T01-003:4"))
    site.world.step(1.0)
    stats = (await asked(ask, "stats"))["STATS"][1]
    assert stats["fan4"] == 0
    assert min(stats["fan1"], stats["fan2"], stats["fan3"]) > 4000


async def test_that_a_lost_pool_is_dead_in_every_entry(ask: Ask, site: VirtualSite) -> None:
    site.world.set_fault(parse_fault("pool_loss=T01-003"))
    site.world.step(5.0)
    reply = await asked(ask, "summary+pools")
    assert {pool["Status"] for pool in reply["pools"][0]["POOLS"]} == {"Dead"}
    assert reply["summary"][0]["SUMMARY"][0]["GHS 5s"] == 0.0


async def test_that_frozen_sensors_hold_while_the_rest_moves(ask: Ask, site: VirtualSite) -> None:
    before = (await asked(ask, "stats", "127.32.2.3"))["STATS"][1]
    site.world.set_fault(parse_fault("frozen_sensor=T02-003"))
    site.world.set_fault(parse_fault("pump_trip=PLC-B/2"))
    site.world.step(60.0)
    after = (await asked(ask, "stats", "127.32.2.3"))["STATS"][1]
    neighbour = (await asked(ask, "stats", "127.32.2.4"))["STATS"][1]
    assert after["temp_chip1"] == before["temp_chip1"]
    assert after["Elapsed"] > before["Elapsed"]
    assert neighbour["temp2_1"] > before["temp2_1"] + 5
