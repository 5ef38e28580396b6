"""The plain SNMP client against pysnmp, a foreign implementation, on recorded walks of real PDUs."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from drivers.core.profile_file import load_profiles
from drivers.pdus.snmp_pdu import SnmpPduDriver
from drivers.testing.snmp_agent import Oid, read_walk, serve_walk
from drivers.transports import snmp_ber
from drivers.transports.snmp import SnmpTarget, SnmpTransport

WALKS = ("apc_apdu9959eu3", "apc_ap7900b", "eatonpdu_2", "vertiv-pdu_mg02e4w1")


def recorded_values(file: Path, version: str) -> Mapping[Oid, bytes]:
    """A walk as an agent of that version shows it: version 1 has no 64-bit counters (RFC 2576, 4.1.2)."""
    walk = read_walk(file)
    return {oid: value for oid, value in walk.items() if version != "1" or value[0] != snmp_ber.COUNTER64}


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("version", ["1", "2c"])
async def test_that_both_read_every_object_of_a_recorded_walk_alike(recorded: Path, walk: str, version: str) -> None:
    values = recorded_values(recorded / "snmp" / f"{walk}.snmprec", version)
    oids = [".".join(map(str, oid)) for oid in values]
    target = SnmpTarget(version=version)
    plain, engine = SnmpTransport(), SnmpTransport(plain=False)
    async with serve_walk(values) as (_, address):
        ours = await plain.get(address, target, oids)
        theirs = await engine.get(address, target, oids)
    await plain.close()
    await engine.close()
    assert len(ours) > 100
    assert dict(ours) == dict(theirs)
    assert [type(value) for value in ours.values()] == [type(value) for value in theirs.values()]


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_that_both_walk_tables_alike(recorded: Path, version: str) -> None:
    values = recorded_values(recorded / "snmp" / "apc_apdu9959eu3.snmprec", version)
    columns = sorted({".".join(map(str, oid[:-1])) for oid in values})
    target = SnmpTarget(version=version)
    plain, engine = SnmpTransport(), SnmpTransport(plain=False)
    async with serve_walk(values) as (_, address):
        for column in columns[::7]:
            ours = await plain.column(address, target, column)
            assert dict(ours) == dict(await engine.column(address, target, column)), column
    await plain.close()
    await engine.close()


@pytest.mark.parametrize("walk", ["apc_apdu9959eu3", "apc_ap7900b"])
async def test_that_a_driver_reports_the_same_over_both(recorded: Path, walk: str) -> None:
    profile = load_profiles()["apc-rpdu2"]
    plain, engine = SnmpTransport(), SnmpTransport(plain=False)
    async with serve_walk(read_walk(recorded / "snmp" / f"{walk}.snmprec")) as (_, address):
        ours = await SnmpPduDriver(profile, address, plain, SnmpTarget()).read()
        theirs = await SnmpPduDriver(profile, address, engine, SnmpTarget()).read()
    await plain.close()
    await engine.close()
    assert ours.layout == theirs.layout
    assert ours.quality == theirs.quality
    assert ours.values == pytest.approx(theirs.values, nan_ok=True)
