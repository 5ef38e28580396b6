"""Questions to BraiinsOS over HTTP: the login of its REST interface, and its GraphQL interface.

A miner with either interface tells model and firmware over GraphQL without a login, which is how it is identified.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from drivers.core.credentials import Login
from drivers.core.errors import DeviceError, Refused, Rejected
from drivers.core.identity import DeviceKind, Identity
from drivers.core.profile import Profile
from drivers.miners.braiins.fields import maker_of, version_of
from drivers.miners.reply import Fields, inner, number, objects, text
from drivers.miners.web_token import Token, WebToken, word
from drivers.transports.http import HttpAnswer, HttpTransport

GRAPHQL: Final = "/graphql"
LOGIN: Final = "/api/v1/auth/login"
REMEDY: Final = "set the user (root) and the password of this miner's web interface for it"
WHO: Final = "{bosminer{info{modelName}}bos{hostname info{version{full}}}}"
LOGIN_MUTATION: Final = (
    "mutation($username:String!,$password:String!)"
    "{auth{login(username:$username,password:$password){__typename ... on VoidResult{void}}}}"
)

_NEEDS_LOGIN: Final = re.compile(
    r"unauthori[sz]ed|not authori[sz]ed|unauthenticated|not authenticated|not logged in|forbidden|permission|"
    r"log ?in required|session",
    re.IGNORECASE,
)
_SESSION: Final = re.compile(r"(?:^|[;,]\s*)(session_id=[^;,\s]+)")


async def enter_rest(transport: HttpTransport, login: Login) -> Token:
    """Log in at the REST interface; raises a `DeviceError`."""
    body = orjson.dumps({"username": login.user or "root", "password": login.secret})
    answer = await transport.ask("POST", LOGIN, body=body, allow_refusal=True)
    if answer.status in {401, 403, 429}:
        raise Refused(answer.place, f"the miner does not take the login that is set (HTTP {answer.status})")
    if not 200 <= answer.status < 300:
        raise Rejected(answer.place, f"the miner answers HTTP {answer.status} to the login", answer.body)
    content = answer.json()
    token = word(content.get("token"))
    if not token:
        raise Rejected(answer.place, "the miner took the login and gave no token")
    lifetime = number(content.get("timeout_s"))
    return Token({"Authorization": token}, lifetime if lifetime > 0 else 0.0)


async def enter_graphql(transport: HttpTransport, login: Login) -> Token:
    """Log in at the GraphQL interface; raises a `DeviceError`."""
    variables = {"username": login.user or "root", "password": login.secret}
    body = orjson.dumps({"query": LOGIN_MUTATION, "variables": variables})
    answer = await transport.ask("POST", GRAPHQL, body=body, allow_refusal=True)
    if answer.status == 404:
        raise Rejected(answer.place, "the miner has no GraphQL interface")
    found = _SESSION.search(answer.headers.get("set-cookie", ""))
    cookie = word(found[1]) if found else ""
    if not cookie:
        raise Refused(answer.place, "the miner does not take the login that is set")
    return Token({"Cookie": cookie})


@dataclass(frozen=True, slots=True)
class Told:
    """What a GraphQL question brought.

    Attributes:
        data: The answer; empty where there is none.
        errors: What the server complained about.
        answer: The HTTP answer itself.
        repaired: Whether its JSON was cut or needed repair.
    """

    data: Fields
    errors: Sequence[str]
    answer: HttpAnswer
    repaired: bool = False

    @property
    def needs_login(self) -> bool:
        """Whether it is a login that is missing."""
        return self.answer.status in {401, 403} or any(_NEEDS_LOGIN.search(error) for error in self.errors)


async def tell(token: WebToken, query: str) -> Told:
    """Ask one GraphQL question with the session there is; raises a `DeviceError`."""
    answer = await token.ask("POST", GRAPHQL, orjson.dumps({"query": query}))
    if answer.status in {404, 405} or 300 <= answer.status < 400:
        raise Rejected(answer.place, f"the miner has no GraphQL interface (HTTP {answer.status})", answer.body)
    content, repaired = answer.repaired_json()
    errors = [text(error.get("message")) or "an error without words" for error in objects(content.get("errors"))]
    return Told(inner(content, "data"), errors, answer, repaired)


async def introduce(transport: HttpTransport, profile: Profile, *, profile_id: str) -> Identity:
    """Who it is, without a login; raises a `DeviceError`, `Rejected` where it does not say.

    Args:
        transport: The device.
        profile: For the usual maker.
        profile_id: What the identity names as the profile that reads it.
    """
    told = await tell(WebToken(transport, None, enter_graphql, REMEDY), WHO)
    identity = identity_of_graphql(told.data, profile, profile_id)
    if not identity.model and not identity.firmware:
        said = told.errors[0] if told.errors else "nothing"
        raise Rejected(str(transport.address), f"the miner does not say who it is: {said}", told.answer.body)
    return identity


def identity_of_graphql(data: Fields, profile: Profile, profile_id: str) -> Identity:
    """The identity in GraphQL's answer."""
    model = model_of_graphql(data)
    system = inner(data, "bos")
    return Identity(
        kind=DeviceKind.MINER,
        make=maker_of(model, profile.make),
        model=model,
        firmware=version_of(inner(system, "info", "version").get("full")),
        mac=text(system.get("macAddress")).lower(),
        serial=text(system.get("serialNumber")),
        profile=profile_id,
    )


def model_of_graphql(data: Fields) -> str:
    """The model's name, without the maker's before it; empty where it is not told."""
    return text(inner(data, "bosminer", "info").get("modelName")).removeprefix("Bitmain ").strip()


def is_named_on(body: bytes) -> bool:
    """Whether a front page names the firmware."""
    return b"braiins os" in body.lower()


async def names_itself_on_its_page(transport: HttpTransport) -> bool:
    """Whether the front page names the firmware; raises a `DeviceError`."""
    return is_named_on((await transport.ask("GET", "/", allow_refusal=True)).body)


async def has_rest(transport: HttpTransport) -> bool:
    """Whether the firmware has the REST interface; a page that asks for a login is one. Raises a `DeviceError`."""
    answer = await transport.ask("GET", "/api/v1/miner/details", allow_refusal=True)
    if answer.status in {401, 403}:
        return True
    if not 200 <= answer.status < 300:
        return False
    try:
        return bool(answer.json())
    except DeviceError:
        return False
