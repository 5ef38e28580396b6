import asyncio
import socket
import subprocess
import sys

import pytest

from drivers.simulators import loopback
from drivers.simulators.loopback import ServeError, datagrams, listeners
from drivers.simulators.ports import Ports
from drivers.transports import snmp_ber

LINUX = pytest.mark.skipif(not loopback.can_bind_to_loopback(), reason="this system has no loopback-bound sockets")


def other_address() -> str:
    """An address of this machine outside 127/8; asking the routing table sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            socket.SocketType.connect(probe, ("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address beside loopback")
        return str(probe.getsockname()[0])


@LINUX
def test_that_one_socket_serves_every_loopback_address_and_is_tied_to_the_device() -> None:
    port = Ports.free().cgminer
    (listener,) = listeners(port, ["127.1.2.3", "127.200.1.1"])
    with listener:
        device = listener.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
        assert device.rstrip(b"\x00") == b"lo"
        for host in ("127.1.2.3", "127.200.1.1"):
            with socket.create_connection((host, port), 2):
                listener.setblocking(True)
                connection, peer = listener.accept()
                assert connection.getsockname()[0] == host
                assert loopback.is_loopback(peer[0])
                connection.close()


@LINUX
def test_that_the_datagram_socket_is_tied_to_the_device_too() -> None:
    (one,) = datagrams(Ports.free().snmp, ["127.1.2.3"])
    with one:
        assert one.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\x00") == b"lo"


def test_that_without_such_sockets_each_address_gets_its_own() -> None:
    opened = listeners(Ports.free().cgminer, ["127.1.2.3", "127.1.2.4"], wildcard=False)
    assert sorted(one.getsockname()[0] for one in opened) == ["127.1.2.3", "127.1.2.4"]
    for one in opened:
        one.close()


def test_that_too_many_single_sockets_are_refused_with_the_limit() -> None:
    hosts = [f"127.1.{number // 200}.{number % 200 + 1}" for number in range(401)]
    with pytest.raises(ServeError, match="400 is the most"):
        listeners(Ports.free().cgminer, hosts, wildcard=False)


@pytest.mark.parametrize("wildcard", [None, False])
def test_that_a_taken_port_is_named(wildcard: bool | None) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=rf"{port}.*choose another port"):
            listeners(port, ["127.0.0.1"], wildcard=wildcard)


def test_that_nothing_outside_loopback_is_ever_served() -> None:
    with pytest.raises(ServeError, match="loopback only"):
        listeners(Ports.free().cgminer, ["192.0.2.7"])


GET_DESCRIPTION = snmp_ber.tlv(
    snmp_ber.SEQUENCE,
    snmp_ber.integer(1)
    + snmp_ber.tlv(snmp_ber.OCTETS, b"public")
    + snmp_ber.tlv(
        snmp_ber.GET,
        snmp_ber.integer(1)
        + snmp_ber.integer(0) * 2
        + snmp_ber.tlv(
            snmp_ber.SEQUENCE,
            snmp_ber.tlv(snmp_ber.SEQUENCE, snmp_ber.oid((1, 3, 6, 1, 2, 1, 1, 1, 0)) + b"\x05\x00"),
        ),
    ),
)
OUTSIDE = """
import socket, sys
try:
    tcp = socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)
    tcp.sendall(b'{"command":"version"}')
    print("tcp", len(tcp.recv(100)))
except OSError:
    print("tcp 0")
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.settimeout(0.5)
question = bytes.fromhex(sys.argv[4])
udp.sendto(question, (sys.argv[1], int(sys.argv[3])))
try:
    print("udp", len(udp.recv(2000)))
except OSError:
    print("udp 0")
"""


@LINUX
@pytest.mark.usefixtures("serving")
async def test_that_another_address_of_this_machine_gets_no_answer(ports: Ports) -> None:
    # From another process: this one may talk to 127/8 only.
    address = other_address()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OUTSIDE, address, str(ports.cgminer), str(ports.snmp), GET_DESCRIPTION.hex()),
        stdout=subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert said.decode().split("\n")[:2] == ["tcp 0", "udp 0"]


@LINUX
@pytest.mark.usefixtures("serving")
async def test_that_the_same_question_on_loopback_is_answered(ports: Ports) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OUTSIDE, "127.31.0.1", "1", str(ports.snmp), GET_DESCRIPTION.hex()),
        stdout=subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert "udp 0" not in said.decode()
