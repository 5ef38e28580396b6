import pytest

from drivers.simulators.blueprint import read_blueprint
from drivers.simulators.topology import NO_LOOP, build_topology

MINER = '[[device]]\nname = "{name}"\nkind = "miner"\naddress = "{address}"\n'


def miner(name: str = "M1", address: str = "127.1.1.1:4028", more: str = "") -> str:
    return MINER.format(name=name, address=address) + more


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[device]]\nname = "M"\nkind = "miner"\n', "device M has no address"),
        ('[[device]]\nname = "M"\nkind = "toaster"\naddress = "127.0.0.9:1"\n', "'toaster' is none of"),
        (miner(address="10.0.0.9:4028"), "lives on loopback"),
        (miner() + miner(), "two devices are called M1"),
        (miner() + miner("M2"), "M1 and M2 both answer at 127.1.1.1:4028"),
        (miner(more='model = "Toaster 3"\n'), "no virtual miner of model"),
        (miner() + '[[feed]]\nfrom = "P/1"\nto = "M1"\n', "neither a device nor device/outlet"),
        (miner() + '[[feed]]\nfrom = "M1"\nto = "M9"\n', "there is no device 'M9'"),
        (miner() + '[[loop]]\nname = "L"\nplant = ["M1"]\ncools = []\n', "there is no plant 'M1'"),
        ("[simulation]\nspeeed = 2\n", r"\[simulation\] has no speeed"),
        ("[simulation]\nspeed = -1\n", "speed above 0"),
        ('[simulation]\nspeed = "fast"\n', "speed must be a number"),
        ("[device]\nname = 1\n", r"must be written \[\[device\]\]"),
        ('[[fault]]\nkind = "gremlins"\ntarget = "M1"\n', "there is no fault 'gremlins'"),
    ],
)
def test_that_a_site_file_which_makes_no_site_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_blueprint(text)


def test_that_two_miners_cannot_hang_on_one_outlet() -> None:
    pdu = '[[device]]\nname = "P"\nkind = "pdu"\naddress = "127.2.1.1:161"\n'
    feeds = '[[feed]]\nfrom = "P/1"\nto = "M1"\n[[feed]]\nfrom = "P/1"\nto = "M2"\n'
    with pytest.raises(ValueError, match="outlet P/1 feeds two miners"):
        build_topology(read_blueprint(miner() + miner("M2", "127.1.1.2:4028") + pdu + feeds))


def test_that_a_bare_list_of_miners_is_a_site_too() -> None:
    topology = build_topology(read_blueprint(miner() + miner("M2", "127.1.1.2:4028", 'place = "A/R1"\n')))
    assert topology.loops == (NO_LOOP,)
    assert topology.outlet_of_miner.tolist() == [-1, -1]


def test_that_a_loop_may_cool_a_hall_a_tank_or_one_miner() -> None:
    text = "".join(
        miner(f"M{number}", f"127.1.1.{number}:4028", f'place = "{place}"\n')
        for number, place in enumerate(("H/T1/1/1", "H/T2/1/1", "K/T1/1/1", "K/T2/1/1"), 1)
    )
    text += '[[loop]]\nname = "L1"\ncools = ["H"]\n[[loop]]\nname = "L2"\ncools = ["K/T1", "M4"]\n'
    topology = build_topology(read_blueprint(text))
    loops = [topology.loops[row] for row in topology.loop_of_tank[topology.tank_of_miner]]
    assert loops == ["L1", "L1", "L2", "L2"]
