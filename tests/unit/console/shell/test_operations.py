"""Work beside the screen: named, cancellable, and never failing in silence."""

import asyncio

from console.shell.operations import Operations, Trouble


async def _fail() -> None:
    raise ValueError("the disk is gone")


async def test_that_a_failure_is_told_and_logged(expected_log: list[str]) -> None:
    expected_log.append("Reading failed")
    told: list[Trouble] = []
    operations = Operations(told.append)
    task = operations.start("Reading", _fail())
    assert task is not None
    await asyncio.wait([task])
    await asyncio.sleep(0)
    assert [trouble.text for trouble in told] == ["Reading failed: the disk is gone"]
    await operations.close()


async def test_that_newer_work_of_the_same_name_replaces_the_older() -> None:
    operations = Operations(lambda _: None)
    done: list[int] = []

    async def work(number: int, gate: asyncio.Event) -> None:
        await gate.wait()
        done.append(number)

    gate = asyncio.Event()
    first = operations.replace("read", work(1, gate))
    second = operations.replace("read", work(2, gate))
    assert first is not None
    assert second is not None
    gate.set()
    await asyncio.wait([first, second])
    assert done == [2]
    assert first.cancelled()
    assert not operations.is_running("read")
    await operations.close()


async def test_that_closing_leaves_nothing_running_and_takes_nothing_new() -> None:
    operations = Operations(lambda _: None)
    task = operations.start("forever", asyncio.Event().wait())  # type: ignore[arg-type]  # its result is not looked at
    assert task is not None
    await operations.close()
    assert task.cancelled()
    assert operations.start("late", _fail()) is None
