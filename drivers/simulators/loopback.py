"""Sockets that nobody beyond this machine can reach.

One socket serves every 127.x.y.z address of a site: it is bound to the wildcard address and to the loopback device,
which Linux allows without privilege, so packets from a network card never match it. As a second wall each peer and
each local address outside 127/8 is turned away (a local process may still come through loopback with the address of
a network card). Where sockets cannot be bound to a device there is one socket for each address, up to a limit.
"""

import socket
import struct
from collections.abc import Iterable

BACKLOG = 4096
MOST_SINGLE_SOCKETS = 400
"""Where there is no wildcard: listeners that stay well under the usual limit of open files."""
IP_PKTINFO = getattr(socket, "IP_PKTINFO", 8)
"""Linux value; older Pythons do not name it."""
_PKTINFO = struct.Struct("=I4s4s")
_DEFER_SECONDS = 5


class ServeError(Exception):
    """The virtual site cannot listen; the text says where, why and what to do."""


def can_bind_to_loopback() -> bool:
    """Whether this system ties a wildcard socket to the loopback device."""
    return hasattr(socket, "SO_BINDTODEVICE") and hasattr(socket, "CMSG_SPACE")


def is_loopback(host: str) -> bool:
    """Whether an IPv4 address lies in 127/8."""
    return host.startswith("127.")


def listeners(
    port: int, hosts: Iterable[str], *, defer: bool = False, wildcard: bool | None = None
) -> list[socket.socket]:
    """Listening TCP sockets for these hosts, non-blocking: one wildcard, or one for each host.

    Args:
        port: The protocol's port.
        hosts: Addresses in 127/8.
        defer: Hand over a connection only when its first bytes are there (Linux), which saves a wake-up for each.
        wildcard: None decides by the system.

    Raises:
        ServeError: The port is taken, or there are more hosts than single sockets.
    """
    return _open(socket.SOCK_STREAM, port, hosts, defer=defer, wildcard=wildcard)


def datagrams(port: int, hosts: Iterable[str], *, wildcard: bool | None = None) -> list[socket.socket]:
    """UDP sockets for these hosts, like `listeners`; a wildcard one reports the address each packet was sent to."""
    return _open(socket.SOCK_DGRAM, port, hosts, defer=False, wildcard=wildcard)


def _open(kind: int, port: int, hosts: Iterable[str], *, defer: bool, wildcard: bool | None) -> list[socket.socket]:
    single = sorted(set(hosts))
    for host in single:
        if not is_loopback(host):
            raise ServeError(f"a virtual device answers on loopback only, not at {host}")
    if can_bind_to_loopback() if wildcard is None else wildcard:
        return [_bind(kind, "", port, defer=defer)] if single else []
    if len(single) > MOST_SINGLE_SOCKETS:
        raise ServeError(
            f"this system has no loopback-bound wildcard socket, so each of {len(single)} devices needs its own, and"
            f" {MOST_SINGLE_SOCKETS} is the most; make the site smaller or run it on Linux"
        )
    opened: list[socket.socket] = []
    try:
        opened.extend(_bind(kind, host, port, defer=defer) for host in single)
    except ServeError:
        for one in opened:
            one.close()
        raise
    return opened


def _bind(kind: int, host: str, port: int, *, defer: bool) -> socket.socket:
    """Bind one socket; an empty host means all of loopback."""
    made = socket.socket(socket.AF_INET, kind)
    try:
        if not host:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if defer and hasattr(socket, "TCP_DEFER_ACCEPT"):
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, _DEFER_SECONDS)
        elif not host:
            made.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        made.bind((host, port))
        if kind == socket.SOCK_STREAM:
            made.listen(BACKLOG)
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        made.setblocking(False)
    except OSError as error:
        made.close()
        where = f"{host or 'loopback'}:{port}"
        raise ServeError(f"the virtual site cannot listen at {where}: {error.strerror}; choose another port") from error
    return made


def asked_address(ancillary: Iterable[tuple[int, int, bytes]]) -> str:
    """The local address a packet was sent to, out of its control messages; empty when they do not say."""
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO and len(data) >= _PKTINFO.size:
            return socket.inet_ntoa(_PKTINFO.unpack_from(data)[2])
    return ""


def reply_from(host: str) -> list[tuple[int, int, bytes]]:
    """Control messages that make a reply leave from this local address."""
    return [(socket.IPPROTO_IP, IP_PKTINFO, _PKTINFO.pack(0, socket.inet_aton(host), bytes(4)))]
