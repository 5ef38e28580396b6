"""Commands from plain arguments, refused with a sentence where they make no sense; in words without secrets."""

import pytest

from drivers.core.command import Locate, Pool, SetFans, SetPools, SetPowerTarget, UpdateFirmware
from drivers.core.command_arguments import describe, read_command

POOL = {"url": "stratum+tcp://pool.example:3333", "user": "acme.rig1", "password": "hush"}


def test_that_arguments_become_the_command_that_they_mean() -> None:
    assert read_command("locate", {"on": True}) == Locate(True)
    assert read_command("set_fans", {"percent": None}) == SetFans(None)
    assert read_command("set_power_target", {"watts": 3000}) == SetPowerTarget(3000.0)
    assert read_command("set_pools", {"pools": [POOL]}) == SetPools((Pool(POOL["url"], "acme.rig1", "hush"),))


@pytest.mark.parametrize(
    ("capability", "arguments", "said"),
    [
        ("explode", {}, "there is no command 'explode'"),
        ("locate", {}, "locate needs on"),
        ("locate", {"on": "yes"}, "on must be true or false"),
        ("reboot", {"now": True}, "reboot takes no now"),
        ("set_power_target", {"watts": float("nan")}, "watts must be a number"),
        ("set_power_target", {"watts": True}, "watts must be a number"),
        ("set_fans", {"percent": 130}, "percent must lie between 0 and 100"),
        ("set_pools", {"pools": []}, "a list of 1 to 8 pools"),
        ("set_pools", {"pools": [{"url": "http://evil", "user": "a"}]}, "is no pool"),
        ("set_pools", {"pools": [{"url": POOL["url"]}]}, "needs a user"),
        ("set_power_mode", {"mode": "a\nb"}, "one line of text"),
        ("update_firmware", {"image": b"", "file_name": "a", "version": "1"}, "the bytes of a firmware file"),
    ],
)
def test_that_senseless_arguments_are_refused_in_a_sentence(
    capability: str, arguments: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        read_command(capability, arguments)


def test_that_no_secret_and_no_image_stands_in_the_words_or_the_text_of_a_command() -> None:
    pools = read_command("set_pools", {"pools": [POOL]})
    assert describe(pools) == "set_pools stratum+tcp://pool.example:3333 as acme.rig1"
    assert "hush" not in repr(pools)
    assert "blob" not in repr(UpdateFirmware(b"blob", "fw.bin", "2.0"))
