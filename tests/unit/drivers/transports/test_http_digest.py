"""Digest logins over HTTP: one question more the first time, never a login that nobody gave, never asked forever."""

import hashlib
import re

import pytest

from drivers.core.errors import Refused
from tests.unit.drivers.transports.http_place import OK, ROOT, Server, asking


class Guarded(Server):
    """A server that wants a digest login.

    Attributes:
        nonce: The one it takes.
        stale: Whether it says so when a nonce is too old.
    """

    def __init__(self, secret: str = ROOT.secret) -> None:
        super().__init__()
        self.secret = secret
        self.nonce = "first"
        self.stale = True

    def reply(self, question: bytes) -> bytes:
        fields = dict(re.findall(r'(\w+)="?([^",\r]*)"?', question.decode()))
        refusal = b"HTTP/1.1 401 x\r\nWWW-Authenticate: %s\r\nContent-Length: 2\r\n\r\nno"
        challenge = f'Digest realm="antMiner Configuration", nonce="{self.nonce}", qop="auth"'
        if "response" not in fields:
            return refusal % challenge.encode()
        method = question.split(b" ", 1)[0].decode()
        first, second = (
            hashlib.md5(text.encode()).hexdigest()
            for text in (f"root:antMiner Configuration:{self.secret}", f"{method}:{fields['uri']}")
        )
        proof = f"{first}:{fields['nonce']}:{fields['nc']}:{fields['cnonce']}:auth:{second}"
        is_right = hashlib.md5(proof.encode()).hexdigest() == fields["response"]
        if is_right and fields["nonce"] == self.nonce:
            return OK
        return refusal % (challenge + (", stale=true" if is_right and self.stale else "")).encode()


async def test_that_a_login_costs_one_question_more_and_then_none() -> None:
    server = Guarded()
    async with asking(server) as transport:
        for _ in range(3):
            assert (await transport.ask("GET", "/cgi-bin/stats.cgi", digest=ROOT)).json() == {"rate": 98}
    counts = [re.findall(rb"nc=(\d+)", question) for _number, question in server.questions]
    assert counts == [[], [b"00000001"], [b"00000002"], [b"00000003"]]
    assert server.connections == 1


async def test_that_no_login_is_sent_where_none_is_given_even_after_one_was() -> None:
    server = Guarded()
    async with asking(server) as transport:
        await transport.ask("GET", "/", digest=ROOT)
        with pytest.raises(Refused, match="asks for a login"):
            await transport.ask("GET", "/")
    assert b"Authorization" not in server.questions[-1][1]


async def test_that_a_wrong_login_is_tried_once_and_refused() -> None:
    server = Guarded(secret="another")
    async with asking(server) as transport:
        with pytest.raises(Refused, match="does not take the login") as caught:
            await transport.ask("GET", "/", digest=ROOT)
    assert len(server.questions) == 2
    assert ROOT.secret not in str(caught.value)


@pytest.mark.parametrize("stale", [True, False])
async def test_that_a_nonce_that_grew_old_is_renewed_once(stale: bool) -> None:
    server = Guarded()
    server.stale = stale
    async with asking(server) as transport:
        await transport.ask("GET", "/", digest=ROOT)
        server.nonce = "second"
        assert (await transport.ask("POST", "/x", body=b"{}", digest=ROOT)).status == 200
    assert len(server.questions) == 4


async def test_that_a_server_that_calls_every_nonce_old_is_not_asked_forever() -> None:
    class Forgetful(Guarded):
        def reply(self, question: bytes) -> bytes:
            self.nonce += "x"
            return super().reply(question)

    server = Forgetful()
    async with asking(server) as transport:
        with pytest.raises(Refused):
            await transport.ask("GET", "/", digest=ROOT)
    assert len(server.questions) == 3


async def test_that_a_login_of_another_kind_is_never_answered() -> None:
    server = Server(b'HTTP/1.1 401 x\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n')
    async with asking(server) as transport:
        with pytest.raises(Refused, match="other than digest"):
            await transport.ask("GET", "/", digest=ROOT)
    assert len(server.questions) == 1
