"""The digest login against the examples of its specifications."""

import re

import pytest

from drivers.core.credentials import Login
from drivers.transports.http_digest import Challenge, DigestSession, strongest_challenge

LOGIN = Login("Mufasa", "Circle of Life")
RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
CLIENT_NONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def challenge(header: str) -> Challenge:
    found = strongest_challenge(header)
    assert found is not None
    return found


def response(text: str) -> str:
    match = re.search(r'response="([0-9a-f]+)"', text)
    assert match is not None
    return match[1]


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_that_the_examples_of_rfc_7616_are_answered_as_it_says(algorithm: str, expected: str) -> None:
    session = DigestSession(LOGIN, challenge(RFC_7616.format(algorithm=algorithm)), client_nonce=CLIENT_NONCE)
    text = session.authorize("GET", "/dir/index.html")
    assert response(text) == expected
    assert f"algorithm={algorithm}" in text
    assert 'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"' in text
    assert "nc=00000001" in text


def test_that_a_server_without_quality_is_answered_as_rfc_2069_says() -> None:
    session = DigestSession(
        Login("Mufasa", "Circle Of Life"),
        challenge('Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'),
    )
    text = session.authorize("GET", "/dir/index.html")
    assert response(text) == "670fd8c2df070c60b045671b8b24ff02"
    assert "qop" not in text


def test_that_each_answer_counts_the_nonce_up() -> None:
    session = DigestSession(LOGIN, challenge(RFC_7616.format(algorithm="MD5")))
    texts = [session.authorize("GET", "/") for _ in range(3)]
    assert [f"nc=0000000{count}" in text for count, text in enumerate(texts, 1)] == [True, True, True]
    assert len({response(text) for text in texts}) == 3


def test_that_a_session_algorithm_mixes_both_nonces_into_the_identity() -> None:
    plain = DigestSession(LOGIN, challenge(RFC_7616.format(algorithm="MD5")), client_nonce=CLIENT_NONCE)
    session = DigestSession(LOGIN, challenge(RFC_7616.format(algorithm="MD5-sess")), client_nonce=CLIENT_NONCE)
    # Computed apart, after RFC 7616, section 3.4.2.
    assert response(session.authorize("GET", "/dir/index.html")) == "e783283f46242139c486a698fec7211d"
    assert response(plain.authorize("GET", "/")) != response(session.authorize("GET", "/"))


def test_that_the_strongest_of_several_offers_is_taken() -> None:
    header = (
        'Basic realm="simple", Digest realm="a", nonce="one", qop="auth", algorithm=MD5, '
        'Digest realm="a", nonce="two", qop="auth", algorithm=SHA-256'
    )
    assert challenge(header).nonce == "two"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Negotiate",
        'Basic realm="simple"',
        "realm=lost",
        'Digest realm="a", qop="auth"',
        'Digest realm="a", nonce="n", qop="auth-int"',
        'Digest realm="a", nonce="n", algorithm=SHA-512-256',
        'Digest realm="a\r\nX: y", nonce="n", qop="auth"',
        '"' * 500,
    ],
)
def test_that_a_challenge_that_cannot_be_answered_is_none(header: str) -> None:
    assert strongest_challenge(header) is None


def test_that_quotes_in_names_stay_inside_their_quotes() -> None:
    session = DigestSession(Login('o"x', "secret"), challenge(r'Digest realm="a \"b\"", nonce="n", qop="auth"'))
    text = session.authorize("GET", '/?a="')
    assert r'username="o\"x"' in text
    assert r'realm="a \"b\""' in text


def test_that_a_user_name_cannot_bring_a_header_of_its_own() -> None:
    with pytest.raises(ValueError, match="control characters"):
        DigestSession(Login("root\r\nX: y", "secret"), challenge('Digest realm="a", nonce="n", qop="auth"'))
