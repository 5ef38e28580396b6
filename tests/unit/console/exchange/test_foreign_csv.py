"""Miners as Foreman and Awesome Miner list them: told by the first line, merged into the site, written back."""

from dataclasses import replace

import pytest

from console.domain.inventory import Device, Site
from console.exchange.foreign_csv import AWESOME_MINER, FOREMAN, dialect_of, read_miners, write_miners
from console.exchange.problems import ExchangeError
from console.exchange.site_csv import write_devices
from console.exchange.site_file import read_site
from drivers.core.identity import Address, DeviceKind

SITE = read_site("""\
[site]
name = "Pecos-2"
zone = "UTC"
rated_mw = 1
target_hashrate = 1

[[device]]
name = "PDU-1"
kind = "pdu"
address = "10.0.0.250:161"

[[device]]
name = "T1"
kind = "miner"
address = "10.0.0.1:80"
profile = "vnish"
place = "B/T14/1/1"
asset = "AM-1"
login = "hall-b"
mac = "02:00:00:00:00:01"

[[feed]]
from = "PDU-1/1"
to = "T1"
""")

ONBOARDING = """\
mac,serial,rack,row,index,name,static_ip,netmask,gateway,dns,hostname,pool_1_url,pool_1_user,pool_1_pass,tags
02:00:00:00:00:01,SN-1,B/T14,2,7,,10.0.0.9,255.255.255.0,10.0.0.254,,,stratum+tcp://p,u,pool-word,"a,b"
02-00-00-00-00-02,SN-2,B/T14,2,8,T2,10.0.0.2,,,,,,,,
02-00-00-00-00-03,,,,,${miner.mac},10.0.0.3,,,,rig-3,,,,
"""


def miners(site: Site) -> dict[str, Device]:
    return {device.name: device for device in site.devices if device.kind is DeviceKind.MINER}


@pytest.mark.parametrize(
    ("header", "dialect"),
    [
        ("mac,serial,rack,row,index,name,static_ip,netmask,gateway,dns,hostname", FOREMAN),
        ("ID,Name,Type,IP,API Port,MAC,Pickaxe", FOREMAN),
        ("Name,Hostname,Status,Pool,Temperature", AWESOME_MINER),
        ("Description;IP address;MAC address", AWESOME_MINER),
        ("\ufeffName\tHostname\tGroup", AWESOME_MINER),
        ("name,kind,address,profile", "csv"),
        ("colour,shape", "csv"),
        ("", "csv"),
    ],
)
def test_that_the_first_line_tells_whose_table_it_is(header: str, dialect: str) -> None:
    assert dialect_of(f"{header}\n") == dialect
    assert dialect_of(write_devices(SITE)) == "csv"


def test_that_a_foreman_table_is_merged_into_the_site() -> None:
    site = read_miners(ONBOARDING, SITE, FOREMAN)
    found = miners(site)
    assert found["T1"] == replace(
        SITE.devices[1], address=Address("10.0.0.9", 4028), serial="SN-1", place="B/T14/2/7"
    ), "known by its MAC address; what the table cannot say stays"
    assert (found["T2"].address, found["T2"].mac) == (Address("10.0.0.2", 4028), "02:00:00:00:00:02")
    assert (found["rig-3"].place, found["rig-3"].serial) == ("", "")
    assert site.devices[0] == SITE.devices[0], "what is no miner stays"
    assert site.feeds == SITE.feeds


def test_that_no_secret_of_a_foreman_table_is_kept() -> None:
    assert "pool-word" not in repr(read_miners(ONBOARDING, SITE, FOREMAN))


def test_that_an_awesome_miner_list_is_merged_with_whatever_columns_it_has() -> None:
    text = "Name;Status;Hostname;Group;Speed\nT1;Mining;10.0.0.1;Hall C;104 TH/s\nA2;Offline;rig-2.site:4029;;0\n"
    site = read_miners(text, SITE, AWESOME_MINER)
    found = miners(site)
    assert found["T1"] == replace(SITE.devices[1], place="Hall C"), "without a port its own stays"
    assert found["A2"].address == Address("rig-2.site", 4029)


def test_that_a_table_without_places_leaves_places() -> None:
    site = read_miners("Name,IP\nT1,10.0.0.1\n", SITE, AWESOME_MINER)
    assert site == SITE


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("rack,name\nB,T9\n", 1, "no column holds the address"),
        ("static_ip,ip,rack\n", 1, "the columns static_ip and ip say the same"),
        ("static_ip,name\n10.0.0.2,A\n10.0.0.2,B\n", 3, 'address "10.0.0.2:4028" already belongs to "A" in line 2'),
        ("static_ip,name\n10.0.0.2,PDU-1\n", 2, "already belongs to another device"),
        ("static_ip,name\n,A\n", 2, "has no address"),
        ("static_ip,name\n10.0.0.2:x,A\n", 2, "is not an address"),
        ("static_ip,name\n10.0.0.2,A,B\n", 2, "3 cells where the first line names 2"),
        ('static_ip,name\n10.0.0.2,"A\n', 0, "this is no CSV"),
    ],
)
def test_that_what_is_wrong_is_said_with_its_line(text: str, line: int, part: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        read_miners(text, SITE, FOREMAN, file="x.csv")
    assert [(problem.line, part in problem.text) for problem in caught.value.problems] == [(line, True)]


@pytest.mark.parametrize("dialect", [FOREMAN, AWESOME_MINER])
def test_that_what_is_written_is_read_back(dialect: str) -> None:
    site = read_miners(ONBOARDING, SITE, FOREMAN)
    evil = replace(site.devices[1], place="=B/+T14/1/1")
    site = replace(site, devices=(site.devices[0], evil, *site.devices[2:]))
    text = write_miners(site, dialect)
    assert dialect_of(text) == dialect
    assert "PDU" not in text
    assert "'=B" in text
    assert read_miners(text, site, dialect) == site


def test_that_foreman_gets_its_own_columns() -> None:
    head, row, *_ = write_miners(SITE, FOREMAN).splitlines()
    assert head == "mac,serial,rack,row,index,name,static_ip,netmask,gateway,dns,hostname"
    assert row == "02:00:00:00:00:01,,B/T14,1,1,T1,10.0.0.1,,,,"
