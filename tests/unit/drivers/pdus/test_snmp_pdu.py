"""What a profile says about a PDU's tables, against an agent that has them or not."""

from collections.abc import AsyncIterator, Mapping

import pytest

from drivers.core.errors import Unsupported
from drivers.core.profile_file import load_profiles
from drivers.core.reading import Quality
from drivers.pdus.snmp_pdu import SnmpPduDriver
from drivers.testing.snmp_agent import Oid, encode, serve_walk
from drivers.transports.snmp import SnmpTarget, SnmpTransport

RPDU, RPDU2, SPDU = "1.3.6.1.4.1.318.1.1.12", "1.3.6.1.4.1.318.1.1.26", "1.3.6.1.4.1.318.1.1.4"
PROFILES = load_profiles()


def walk(values: Mapping[str, int]) -> Mapping[Oid, bytes]:
    return {tuple(map(int, oid.split("."))): encode("2", str(value)) for oid, value in values.items()}


@pytest.fixture
async def transport() -> AsyncIterator[SnmpTransport]:
    transport = SnmpTransport(timeout=0.5, retries=0)
    yield transport
    await transport.close()


async def test_that_rows_of_the_first_generation_are_named_after_phase_and_bank(transport: SnmpTransport) -> None:
    load = f"{RPDU}.2.3.1.1"
    rows = {1: (30, 1, 0), 2: (12, 0, 1), 3: (18, 0, 2)}
    values = {f"{load}.{column}.{row}": cells[at] for row, cells in rows.items() for at, column in enumerate((2, 4, 5))}
    async with serve_walk(walk(values)) as (_, address):
        report = await SnmpPduDriver(PROFILES["apc-rpdu"], address, transport, SnmpTarget()).read()
    found = {reading.part: reading.value for reading in report.readings() if reading.point == "current"}
    assert found == pytest.approx({"L1": 3.0, "bank 1": 1.2, "bank 2": 1.8})


async def test_that_the_table_that_has_a_value_wins_over_one_that_says_it_has_none(transport: SnmpTransport) -> None:
    values = {f"{RPDU2}.9.2.3.1.5.1": 2, f"{SPDU}.4.2.1.3.1": 2, f"{SPDU}.4.2.1.3.2": 1}
    async with serve_walk(walk(values)) as (_, address):
        report = await SnmpPduDriver(PROFILES["apc-rpdu2"], address, transport, SnmpTarget()).read()
    found = {reading.part: reading.value for reading in report.readings() if reading.point == "outlet_state"}
    assert found == {"1": 1.0, "2": 1.0}, "2 means on in the first table, 1 means on in the second"


async def test_that_an_outlet_state_nobody_documented_is_unknown(transport: SnmpTransport) -> None:
    async with serve_walk(walk({f"{RPDU2}.9.2.3.1.5.1": 9})) as (_, address):
        report = await SnmpPduDriver(PROFILES["apc-rpdu2"], address, transport, SnmpTarget()).read()
    at = report.layout.index["outlet_state", "1"]
    assert (report.values[at], report.quality[at]) == (2.0, Quality.SUSPECT)


async def test_that_a_row_that_goes_away_is_unsupported_and_never_keeps_its_value(transport: SnmpTransport) -> None:
    values = {f"{RPDU2}.9.2.3.1.5.1": 2, f"{RPDU2}.9.2.3.1.5.2": 2}
    async with serve_walk(walk(values)) as (agent, address):
        driver = SnmpPduDriver(PROFILES["apc-rpdu2"], address, transport, SnmpTarget())
        first = await driver.read()
        del agent.values[tuple(map(int, f"{RPDU2}.9.2.3.1.5.2".split(".")))]
        second = await driver.read()
        assert second.layout is first.layout
        assert second.quality[second.layout.index["outlet_state", "2"]] == Quality.UNSUPPORTED
        agent.values.clear()
        with pytest.raises(Unsupported):
            await driver.read()


async def test_that_an_agent_without_any_of_the_objects_is_unsupported(transport: SnmpTransport) -> None:
    async with serve_walk({(1, 3, 6, 1, 2, 1, 1, 1, 0): encode("4", "a switch")}) as (_, address):
        with pytest.raises(Unsupported):
            await SnmpPduDriver(PROFILES["apc-rpdu2"], address, transport, SnmpTarget()).read()


async def test_that_an_agent_that_never_ends_a_table_is_cut_off(transport: SnmpTransport) -> None:
    endless = walk({f"{RPDU2}.9.2.3.1.5.{row}": 2 for row in range(1, 2000)})
    async with serve_walk(endless) as (_, address):
        rows = await transport.column(address, SnmpTarget(), f"{RPDU2}.9.2.3.1.5", limit=100)
    assert 100 <= len(rows) < 130


@pytest.mark.parametrize(
    ("version", "secret", "words"),
    [
        ("4", "x", "no version"),
        ("3", "noc", "passphrases"),
        ("3", "noc:short", "8 characters"),
        ("2c", "", "community"),
    ],
)
def test_that_an_unusable_secret_is_refused_without_being_shown(version: str, secret: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        SnmpTarget.from_secret(version, secret)
    assert "short" not in str(caught.value)


def test_that_secrets_are_not_part_of_what_is_printed() -> None:
    target = SnmpTarget.from_secret("3", "noc:auth-passphrase:priv-passphrase")
    assert "passphrase" not in repr(target)
    assert "site-read" not in repr(SnmpTarget.from_secret("2c", "site-read"))
