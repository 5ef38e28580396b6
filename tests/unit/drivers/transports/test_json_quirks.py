"""The fourteen ways in which miners are known to break JSON or its framing: each is survived, and none is hidden."""

import asyncio

import pytest

from drivers.core.errors import Malformed, Rejected, TimedOut
from drivers.miners.reply import number
from drivers.testing.replay import RecordedMiner, serve_replies
from drivers.transports.cgminer import SIZE_LIMIT, CgminerTransport, parse
from tests.listeners import tcp

HEAD = b'{"STATUS":[{"STATUS":"S"}],'


def read(raw: bytes) -> tuple[object, bool]:
    content, repaired = parse(raw, "here")
    return content, repaired


def section(raw: bytes, name: str) -> object:
    """A section of a reply that needed repair."""
    content, repaired = parse(raw, "here")
    assert repaired, "what was repaired says so"
    return content[name]


@pytest.mark.parametrize("ending", [b"\0", b"\0\0\0\0", b"\n\0", b"\r\n", b"\0\n"])
def test_quirk_1_that_trailing_nuls_and_newlines_are_no_damage(ending: bytes) -> None:
    assert read(HEAD + b'"SUMMARY":[{"a":1}]}' + ending) == (
        {"STATUS": [{"STATUS": "S"}], "SUMMARY": [{"a": 1}]},
        False,
    )


def test_quirk_1_that_a_line_break_inside_a_text_does_no_harm() -> None:
    assert section(HEAD + b'"SUMMARY":[{"a":"one\r\ntwo","b":2}]}', "SUMMARY") == [{"a": "one two", "b": 2}]


def test_quirk_2_that_objects_without_a_comma_between_them_are_two_objects() -> None:
    assert section(HEAD + b'"STATS":[{"Type":"Antminer S9"}{"GHS 5s":"14046.04"}]}', "STATS") == [
        {"Type": "Antminer S9"},
        {"GHS 5s": "14046.04"},
    ]


def test_quirk_3_that_commas_too_many_are_left_out_and_those_in_texts_kept() -> None:
    assert section(HEAD + b'"POOLS":[,{"User":"a,}[,{b","Accepted":7,}]}', "POOLS") == [
        {"User": "a,}[,{b", "Accepted": 7}
    ]


@pytest.mark.parametrize("value", [b'"78-50"', b'"ooo "', b'"x"', b"12.5"])
def test_quirk_4_that_a_comma_missing_before_a_key_is_put_there(value: bytes) -> None:
    found = section(HEAD + b'"STATS":[{"before":' + value + b'"temp0":"61"}]}', "STATS")
    assert isinstance(found, list)
    assert found[0]["temp0"] == "61"
    assert list(found[0]) == ["before", "temp0"]


def test_quirk_4_that_a_doubled_quote_before_a_key_is_one() -> None:
    assert section(HEAD + b'""temp0":61}', "temp0") == 61


@pytest.mark.parametrize("raw", [b'"inf"', b'"nan"', b"nan", b"-inf", b"NaN", b"Infinity"])
def test_quirk_5_that_what_is_no_number_is_none_and_not_0(raw: bytes) -> None:
    content, _ = parse(HEAD + b'"SUMMARY":[{"GHS 5s":' + raw + b',"Elapsed":7}]}', "here")
    summary = content["SUMMARY"]
    assert isinstance(summary, list)
    assert number(summary[0]["GHS 5s"]) != number(summary[0]["GHS 5s"]), "NaN"
    assert summary[0]["Elapsed"] == 7


def test_quirk_6_that_a_reply_that_lost_its_start_is_read_from_its_first_key() -> None:
    assert section(b',"SUMMARY":[{"Elapsed":7}],"id":1}', "SUMMARY") == [{"Elapsed": 7}]
    with pytest.raises(Malformed, match="nothing but an id"):
        parse(b',"id":1}', "here")


def test_quirk_7_that_a_reply_cut_in_the_middle_keeps_what_was_whole_and_no_half_number() -> None:
    raw = HEAD + b'"SUMMARY":[{"Elapsed":50474,"GHS 5s":110566'
    assert section(raw, "SUMMARY") == [{"Elapsed": 50474}]


def test_quirk_8_that_a_list_written_like_an_object_keeps_codes_and_times_together() -> None:
    raw = b'{"Msg":{"error_code":["203":"2023-01-06 10:00:00","5070":"2023-01-06 11:00:00"]},"Code":131}'
    assert section(raw, "Msg") == {"error_code": [{"203": "2023-01-06 10:00:00"}, {"5070": "2023-01-06 11:00:00"}]}


@pytest.mark.parametrize("raw", [b'{"BYE",}', b'{"BYE","id":1}', b'{"BYE"}', b'["BYE"]', b"BYE\0"])
def test_quirk_9_that_a_farewell_is_no_answer(raw: bytes) -> None:
    with pytest.raises(Malformed):
        parse(raw, "here")


def test_quirk_9_that_a_key_without_a_value_does_not_cost_the_rest() -> None:
    assert section(b'{"BYE","SUMMARY":[{"Elapsed":7}]}', "SUMMARY") == [{"Elapsed": 7}]


@pytest.mark.parametrize("joins", [True, False], ids=["wrapped in a list", "bare"])
async def test_quirk_10_that_joined_and_single_answers_come_out_alike(joins: bool) -> None:
    replies = {"summary": HEAD + b'"SUMMARY":[{"a":1}],"id":1}', "stats": HEAD + b'"STATS":[{"b":2}],"id":1}'}
    async with serve_replies(RecordedMiner(replies, joins=joins)) as address:
        sections = (await CgminerTransport(address).ask(("summary", "stats"))).sections
    assert sections["summary"]["SUMMARY"] == [{"a": 1}]
    assert sections["stats"]["STATS"] == [{"b": 2}]


async def test_quirk_10_that_a_single_answer_that_is_wrapped_all_the_same_is_unwrapped() -> None:
    device = RecordedMiner({"version": b'{"version":[' + HEAD + b'"VERSION":[{"Type":"A"}]}],"id":1}'})
    async with serve_replies(device) as address:
        sections = (await CgminerTransport(address).ask(("version",))).sections
    assert sections["version"]["VERSION"] == [{"Type": "A"}]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("37603.30", 37603.30), (" 525 ", 525.0), ("3250 W", 3250.0), (12, 12.0), ("0.0027%", 0.0027)],
)
def test_quirk_11_that_numbers_come_as_text_too(raw: object, expected: float) -> None:
    assert number(raw) == pytest.approx(expected)


def test_quirk_11_that_empty_texts_and_misspelt_keys_are_not_numbers_and_do_no_harm() -> None:
    content, repaired = read(HEAD + b'"DEVS":[{"Tenperature":0.0,"Pool Stale%%":0.0,"MHS av":""}]}')
    assert not repaired
    assert content == {"STATUS": [{"STATUS": "S"}], "DEVS": [{"Tenperature": 0.0, "Pool Stale%%": 0.0, "MHS av": ""}]}
    assert number("") != number("")


def test_quirk_12_that_a_plain_sentence_is_malformed_and_kept() -> None:
    raw = b"Socket connect failed: Connection refused\n"
    with pytest.raises(Malformed) as caught:
        parse(raw, "here")
    assert caught.value.raw == raw


async def test_quirk_13_that_refused_joined_commands_are_remembered_for_the_device() -> None:
    replies = {"summary": HEAD + b'"SUMMARY":[{}],"id":1}', "stats": HEAD + b'"STATS":[{}],"id":1}'}
    device = RecordedMiner(replies, joins=False)
    async with serve_replies(device) as address:
        transport = CgminerTransport(address)
        for _ in range(2):
            await transport.ask(("summary", "stats"))
        assert device.asked == ["summary+stats", "summary", "stats", "summary", "stats"]
        with pytest.raises(Rejected):
            await transport.ask(("nonsense",))


async def test_quirk_14_that_a_reply_in_many_segments_without_a_length_is_read_until_the_end() -> None:
    device = RecordedMiner({"summary": HEAD + b'"SUMMARY":[{"a":1}],"id":1}'}, chunk=3, ending=b"")
    async with serve_replies(device) as address:
        answers = await CgminerTransport(address).ask(("summary",))
    assert answers.sections["summary"]["SUMMARY"] == [{"a": 1}]
    assert not answers.repaired


async def test_quirk_14_that_one_deadline_covers_all_segments_of_all_answers() -> None:
    replies = {"summary": HEAD + b'"SUMMARY":[{"a":1}],"id":1}', "stats": HEAD + b'"STATS":[{"b":1}],"id":1}'}
    device = RecordedMiner(replies, joins=False, chunk=8, pause_s=0.04)
    async with serve_replies(device) as address:
        transport = CgminerTransport(address, deadline=0.45)
        transport.joins = False
        assert await transport.ask(("summary",)), "one answer takes a quarter of a second"
        with pytest.raises(TimedOut):
            await transport.ask(("summary", "stats"))


async def test_quirk_14_that_a_late_answer_is_never_taken_for_the_next_one() -> None:
    replies = {"summary": HEAD + b'"SUMMARY":[{"a":1}],"id":1}', "stats": HEAD + b'"STATS":[{"b":1}],"id":1}'}
    device = RecordedMiner(replies, chunk=8, pause_s=0.05)
    async with serve_replies(device) as address:
        transport = CgminerTransport(address, deadline=0.1)
        with pytest.raises(TimedOut):
            await transport.ask(("summary",))
        device.chunk = 0
        answers = await transport.ask(("stats",))
    assert list(answers.sections) == ["stats"]
    assert "STATS" in answers.sections["stats"]


async def test_quirk_14_that_no_more_than_256_kib_are_taken() -> None:
    assert SIZE_LIMIT == 256 * 1024

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        try:
            while True:
                writer.write(b'{"a":1},' * 4096)
                await writer.drain()
        except ConnectionError:
            return

    async with tcp(flood) as address:
        with pytest.raises(Malformed, match="longer than 262144 bytes"):
            await CgminerTransport(address).ask(("summary",))
