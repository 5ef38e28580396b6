"""Deadlines that share a timer: each runs out at its own time, and nobody else's."""

import asyncio
import gc
import weakref

import pytest

from drivers.transports.deadline import Deadline


async def test_that_what_takes_too_long_is_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        with Deadline(0.02):
            await asyncio.Event().wait()


async def test_that_what_is_done_in_time_is_left_alone_afterwards() -> None:
    with Deadline(0.02):
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)


async def test_that_of_many_only_the_slow_ones_run_out() -> None:
    async def wait(seconds: float) -> str:
        try:
            with Deadline(0.1):
                await asyncio.sleep(seconds)
        except TimeoutError:
            return "late"
        return "done"

    found = await asyncio.gather(*(wait(seconds) for seconds in (0.0, 5.0, 0.01, 5.0, 0.0)))
    assert found == ["done", "late", "done", "late", "done"]


async def test_that_a_later_deadline_is_kept_after_an_earlier_one_rang() -> None:
    async def wait(before: float) -> str:
        await asyncio.sleep(before)
        try:
            with Deadline(0.05):
                await asyncio.Event().wait()
        except TimeoutError:
            return "late"
        return "never"

    assert set(await asyncio.gather(wait(0.0), wait(0.03), wait(0.12))) == {"late"}


async def test_that_a_cancelled_task_is_cancelled_and_no_timeout() -> None:
    async def wait() -> None:
        with Deadline(5.0):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_that_an_error_passes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        with Deadline(5.0):
            raise ZeroDivisionError


async def test_that_a_shorter_deadline_within_a_longer_one_runs_out_alone() -> None:
    with Deadline(5.0):
        with pytest.raises(TimeoutError):
            with Deadline(0.02):
                await asyncio.Event().wait()
        await asyncio.sleep(0)


async def test_that_a_longer_deadline_runs_out_while_a_shorter_one_was_met() -> None:
    async def wait() -> None:
        with Deadline(0.05):
            with Deadline(0.04):
                await asyncio.sleep(0)
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await wait()


def test_that_a_closed_loop_is_forgotten() -> None:
    async def ask() -> weakref.ref[asyncio.AbstractEventLoop]:
        with Deadline(60.0):
            await asyncio.sleep(0)
        return weakref.ref(asyncio.get_running_loop())

    found = asyncio.run(ask())
    gc.collect()
    assert found() is None
