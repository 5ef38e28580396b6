"""How Whatsminers want writes signed and hidden, against values computed by other programs."""

import base64

import orjson
import pytest

from drivers.transports.whatsminer_cipher import Seal, Ticket, md5_crypt


@pytest.mark.parametrize(
    ("word", "salt", "expected"),
    [
        ("password", "xxxxxxxx", "UYCIxa628.9qXjpQCjM4a."),
        ("admin", "BQ5hoXV9", "RxmaDUO33TS7O26yeMHZ81"),
        ("a" * 40, "ab", "cU148AGxT4doatxfHOrbD1"),
    ],
)
def test_that_md5_crypt_gives_what_openssl_passwd_gives(word: str, salt: str, expected: str) -> None:
    assert md5_crypt(word, salt) == expected


def test_that_only_eight_letters_of_a_salt_count() -> None:
    assert md5_crypt("admin", "BQ5hoXV9" + "z" * 10_000) == md5_crypt("admin", "BQ5hoXV9")


def test_that_a_version_2_write_opens_with_the_same_password_only() -> None:
    made = {"salt": "BQ5hoXV9", "new_salt": "jbzkfQls", "time": "5626"}
    seal = Seal.made("admin", **made)
    question = orjson.loads(seal.close({"cmd": "reboot", "respbefore": "true"}))
    assert question["enc"] == 1
    assert orjson.loads(seal.open(question["data"])) == {"cmd": "reboot", "respbefore": "true", "token": seal.sign}
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(Seal.made("other", **made).open(question["data"]))


def test_that_the_sign_is_the_crypt_of_key_and_time_with_the_second_salt() -> None:
    seal = Seal.made("admin", salt="BQ5hoXV9", new_salt="jbzkfQls", time="5626")
    assert seal.sign == md5_crypt("RxmaDUO33TS7O26yeMHZ81" + "5626", "jbzkfQls")


def test_that_a_version_3_token_is_the_documented_hash() -> None:
    # printf 'set.miner.servicesuperAbc123xy1759800000' | openssl dgst -sha256 -binary | base64 | cut -c1-8
    ticket = Ticket.made("set.miner.service", "super", salt="Abc123xy", time=1759800000)
    assert ticket.token == "Cg2iuKaj"


def test_that_a_version_3_parameter_opens_again() -> None:
    ticket = Ticket.made("set.miner.pools", "super", salt="Abc123xy", time=1759800000)
    pools = [{"pool": "stratum+tcp://pool.example:3333", "worker": "site.rig07", "passwd": "x"}]
    assert orjson.loads(ticket.open(ticket.close(pools))) == pools


@pytest.mark.parametrize("hidden", ["", "no base64!", base64.b64encode(b"seventeen letters").decode()])
def test_that_what_cannot_be_opened_is_an_error(hidden: str) -> None:
    with pytest.raises(ValueError, match="hidden"):
        Seal("sign", bytes(32)).open(hidden)


def test_that_neither_shows_its_secret() -> None:
    seal = Seal.made("admin", salt="BQ5hoXV9", new_salt="jbzkfQls", time="5626")
    assert seal.sign not in repr(seal)
    assert "token" not in repr(Ticket.made("set.system.reboot", "super", salt="s", time=1))
