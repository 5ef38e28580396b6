"""Commands a running virtual site from another process: what the demo, drills and tests use."""

import asyncio
from types import TracebackType
from typing import Any, Self

import orjson

ANSWER_SECONDS = 10.0


class ControlError(Exception):
    """The virtual site refused a command, or is gone; the text says why."""


class Control:
    """A connection to the control listener of a virtual site.

    Use as `async with await Control.connect(host, port) as control:`.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()

    @classmethod
    async def connect(cls, host: str, port: int) -> Self:
        """Connect. Raises ControlError when nobody listens."""
        try:
            return cls(*await asyncio.open_connection(host, port))
        except OSError as error:
            raise ControlError(f"no virtual site listens at {host}:{port}: {error.strerror}") from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up; faults stay as they are."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            # The site ended first, which closes the connection as well.
            return

    async def command(self, do: str, **given: object) -> dict[str, Any]:
        """Send one command (see `commands`) and wait for its answer. Raises ControlError."""
        async with self._turn:
            try:
                self._writer.write(orjson.dumps({"do": do, **given}) + b"\n")
                await self._writer.drain()
                async with asyncio.timeout(ANSWER_SECONDS):
                    line = await self._reader.readline()
            except (ConnectionError, TimeoutError) as error:
                raise ControlError("the virtual site does not answer") from error
        if not line:
            raise ControlError("the virtual site has ended")
        answer: dict[str, Any] = orjson.loads(line)
        if not answer.get("ok"):
            raise ControlError(str(answer.get("error", "refused")))
        return answer

    async def fault(
        self,
        kind: str,
        target: str,
        *,
        after: float | None = None,
        duration: float | None = None,
        amount: float | None = None,
    ) -> None:
        """Put a fault in effect, at once or `after` simulated seconds. Raises ControlError."""
        given = {"kind": kind, "target": target, "at": after, "duration": duration, "amount": amount}
        await self.command("fault", **{key: value for key, value in given.items() if value is not None})

    async def clear(self, kind: str | None = None, target: str = "*") -> int:
        """End faults; without arguments all of them. Returns how many there were. Raises ControlError."""
        given = {"target": target} if kind is None else {"kind": kind, "target": target}
        return int((await self.command("clear", **given))["cleared"])

    async def ambient(self, celsius: float) -> None:
        """Set the outdoor air temperature. Raises ControlError."""
        await self.command("ambient", value=celsius)

    async def state(self) -> dict[str, Any]:
        """What the physics says: rates, heat, loops, faults, replies served. Raises ControlError."""
        return await self.command("state")
