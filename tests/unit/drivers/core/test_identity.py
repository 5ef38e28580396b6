"""Addresses always carry a port."""

import pytest

from drivers.core.identity import Address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("10.0.0.7:4028", "10.0.0.7", 4028), ("[fe80::1]:161", "fe80::1", 161), ("plc-b.site:502", "plc-b.site", 502)],
)
def test_that_an_address_is_read_and_written_alike(text: str, host: str, port: int) -> None:
    address = Address.parse(text)
    assert (address.host, address.port) == (host, port)
    assert str(address) == text


@pytest.mark.parametrize("text", ["", "10.0.0.7", "10.0.0.7:0", "10.0.0.7:65536", "a b:1", "10.0.0.7:4028:9"])
def test_that_an_address_without_a_usable_port_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"host:port|between 1 and 65535"):
        Address.parse(text)


def test_that_a_bare_host_takes_the_default_port() -> None:
    assert Address.parse("10.0.0.7", 4028) == Address("10.0.0.7", 4028)
