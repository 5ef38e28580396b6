"""Hardware addresses as the operating system has learnt them."""

from pathlib import Path

from drivers.transports.neighbours import read_neighbours

TABLE = """\
IP address       HW type     Flags       HW address            Mask     Device
10.0.0.5         0x1         0x2         02:00:00:AA:BB:05     *        eth0
10.0.0.6         0x1         0x0         02:00:00:aa:bb:06     *        eth0
10.0.0.7         0x1         0x2         00:00:00:00:00:00     *        eth0
10.0.0.8         0x1         0x2         02:00:00:aa:bb:99     *        eth0
10.0.0.9         0x1         0x2         02:00:00:aa:bb:99     *        eth0
10.0.0.10        0x1         0x6         02:00:00:aa:bb:10     *        eth0
damaged
10.0.0.11        0x1         what        02:00:00:aa:bb:11     *        eth0
"""


def test_that_complete_entries_of_single_hosts_are_read(tmp_path: Path) -> None:
    """A router that answers for several hosts says nothing about any of them."""
    table = tmp_path / "arp"
    table.write_text(TABLE)
    assert read_neighbours(table) == {"10.0.0.5": "02:00:00:aa:bb:05", "10.0.0.10": "02:00:00:aa:bb:10"}


def test_that_without_a_table_nothing_is_known(tmp_path: Path) -> None:
    assert read_neighbours(tmp_path / "none") == {}
    assert read_neighbours(tmp_path) == {}


def test_that_the_table_of_this_computer_can_be_read() -> None:
    assert all(len(mac) == 17 for mac in read_neighbours().values())
