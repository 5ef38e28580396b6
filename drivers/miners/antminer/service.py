"""The second web server of newer stock Antminers (port 6060): the fault that stands, and the power.

It is asked without a login, and with the one that was set for the miner where it wants one. A miner without it is left
alone for an hour.
"""

import asyncio
import math
from typing import Final

from drivers.core.credentials import Login
from drivers.core.errors import DeviceError, Malformed, Unsupported
from drivers.core.identity import Address
from drivers.core.miner_options import FaultCode, MinerOptions
from drivers.miners.antminer.faults import faults_of
from drivers.miners.reply import number
from drivers.transports.http import HttpTransport

DEADLINE_S: Final = 1.0
RESTS_S: Final = 3600.0
"""Before a page that is not there is asked for again."""


class AntminerService:
    """Asks one miner's second web server.

    Args:
        address: Where it would be.
        options: Meanings of the fault codes.
        login: What was set for this miner; sent only where the server asks for one.
    """

    def __init__(self, address: Address, options: MinerOptions, login: Login | None) -> None:
        self._place = str(address)
        self._options = options
        self._login = login
        self._transport = HttpTransport(address, deadline=DEADLINE_S, size_limit=64 * 1024)
        self._rests_until: dict[str, float] = {}

    async def faults(self) -> tuple[FaultCode, ...] | None:
        """The faults that stand; None where the miner does not tell."""
        body = await self._page("/warning")
        return None if body is None else body[0]

    async def power(self) -> float:
        """Power at the wall, W; NaN where the miner does not tell."""
        body = await self._page("/miner_power")
        return math.nan if body is None else body[1]

    async def close(self) -> None:
        """Close the connection, and ask anew for what was not there."""
        self._rests_until.clear()
        await self._transport.close()

    async def _page(self, path: str) -> tuple[tuple[FaultCode, ...], float] | None:
        """Faults and power in a page; None where it is not there. Other servers on that port are no pages either."""
        now = asyncio.get_running_loop().time()
        if now < self._rests_until.get(path, 0.0):
            return None
        try:
            answer = await self._transport.ask("GET", path, digest=self._login)
            if answer.status != 200:
                raise Unsupported(self._place, f"{path} answered HTTP {answer.status}")
            if path == "/miner_power":
                return (), self._power_in(answer.body)
            message = answer.json().get("error_message")
            if not isinstance(message, str | list):
                raise Malformed(self._place, "the warning holds no error_message", answer.body)
            return faults_of(self._options, message), math.nan
        except DeviceError:
            self._rests_until[path] = now + RESTS_S
            return None
        finally:
            await self._transport.close()

    def _power_in(self, body: bytes) -> float:
        """Of `miner power:NNNN`."""
        name, _, value = body[:200].decode("utf-8", "replace").partition(":")
        power = number(value)
        if "power" not in name.casefold() or power != power:
            raise Malformed(self._place, "the page holds no power", body)
        return power if power > 0 else math.nan
