import asyncio

import pytest

from drivers.simulators.control import Control, ControlError
from drivers.simulators.site import Serving, VirtualSite


async def test_that_faults_are_set_seen_and_cleared_from_outside(serving: Serving, site: VirtualSite) -> None:
    async with await Control.connect(*serving.control) as control:
        await control.fault("pump_trip", "PLC-B/2")
        await control.fault("dead_board", "T01-002", amount=3, duration=60)
        state = await control.state()
        assert {(fault["kind"], fault["target"]) for fault in state["faults"]} == {
            ("pump_trip", "PLC-B/2"),
            ("dead_board", "T01-002"),
        }
        site.world.step(30.0)
        assert (await control.state())["loops"]["LOOP-B"]["flow"] < state["loops"]["LOOP-B"]["flow"]
        assert await control.clear("pump_trip", "PLC-B/2") == 1
        assert await control.clear() == 1
        assert (await control.state())["faults"] == []


async def test_that_a_fault_may_be_planned(serving: Serving, site: VirtualSite) -> None:
    async with await Control.connect(*serving.control) as control:
        await control.fault("leak", "PLC-A", after=10)
        assert (await control.state())["faults"] == []
        site.world.step(11.0)
        assert len((await control.state())["faults"]) == 1


async def test_that_the_weather_can_be_set(serving: Serving, site: VirtualSite) -> None:
    async with await Control.connect(*serving.control) as control:
        await control.ambient(41.5)
    assert site.world.hydraulics.ambient == 41.5


@pytest.mark.parametrize(
    ("do", "given", "says"),
    [
        ("dance", {}, "one of fault, clear"),
        ("fault", {"kind": "gremlins", "target": "*"}, "no fault 'gremlins'"),
        ("fault", {"kind": "leak", "target": "T01-001"}, "neither a plant nor a loop"),
        ("clear", {}, "needs the target"),
        ("clear", {"kind": 5, "target": "*"}, "no fault 5"),
        ("ambient", {"value": 900}, "-50 to 60"),
    ],
)
async def test_that_a_wrong_command_is_refused_with_the_reason(
    serving: Serving, do: str, given: dict[str, object], says: str
) -> None:
    async with await Control.connect(*serving.control) as control:
        with pytest.raises(ControlError, match=says):
            await control.command(do, **given)
        assert (await control.state())["ok"]


async def test_that_nonsense_on_the_line_is_answered_and_the_line_stays(serving: Serving) -> None:
    reader, writer = await asyncio.open_connection(*serving.control)
    for nonsense in (b"{]\n", b"\xff\xfe\n", b"[1]\n", b"hello\n"):
        writer.write(nonsense)
        assert b'"ok":false' in await reader.readline()
    writer.write(b"pump_trip=PLC-B/2\n")
    assert b'"ok":true' in await reader.readline()
    writer.write(b"clear *\n")
    assert b'"cleared":1' in await reader.readline()
    writer.close()


async def test_that_a_site_that_is_gone_is_said_to_be_gone(site: VirtualSite) -> None:
    async with site.serve() as serving:
        control = await Control.connect(*serving.control)
    with pytest.raises(ControlError, match="virtual site"):
        await control.state()
    await control.close()
    with pytest.raises(ControlError, match="no virtual site listens"):
        await Control.connect(*serving.control)


async def test_that_the_clock_runs_by_itself_at_the_site_s_speed(site: VirtualSite) -> None:
    async with site.serve() as serving, await Control.connect(*serving.control) as control:
        async with asyncio.timeout(10):
            while (await control.state())["time"] < 1.0:
                await control.ambient(20.0)
