"""Miners that send what no miner should: one listener, one kind of malice for each address."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson

from drivers.core.reading import Quality

ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m"
SPREADSHEET = "=cmd|'/c calc'!A0"
DIRECTION = "\u202ereverof"
MARKUP = "<b>bold</b><img src=x onerror=alert(1)>"

UNIDENTIFIED = "hostile-identity"
"""The one that the site file does not call an Antminer: its own words end up in the inventory."""

STATUS = [{"STATUS": "S", "When": 1, "Code": 11, "Msg": ESCAPES, "Description": MARKUP}]
HEADER = {"CGMiner": "4.11.1", "Miner": "uart_trans", "CompileTime": ESCAPES, "Type": "Antminer S19j Pro"}
STATS = {"GHS 5s": 100_000.0, "GHS av": 100_000.0, "total_rate": 100_000.0, "Elapsed": 5, "fan1": 5000, "temp2_1": 60}
SUMMARY = {"GHS 5s": 100_000.0, "GHS av": 100_000.0, "Elapsed": 5, "Hardware Errors": 0, "Accepted": 1}


def _reply(
    header: dict[str, object], stats: dict[str, object], summary: dict[str, object], pool: str = "stratum+tcp://a"
) -> bytes:
    sections = {
        "version": [{"STATUS": STATUS, "VERSION": [header], "id": 1}],
        "stats": [{"STATUS": STATUS, "STATS": [header, stats], "id": 1}],
        "summary": [{"STATUS": STATUS, "SUMMARY": [summary], "id": 1}],
        "pools": [{"STATUS": STATUS, "POOLS": [{"POOL": 0, "URL": pool, "User": pool, "Status": "Alive"}], "id": 1}],
    }
    return orjson.dumps(sections) + b"\0"


def _with(**changed: object) -> bytes:
    header: dict[str, object] = {**HEADER, **{key: changed[key] for key in changed if key == "Type"}}
    figures = {key.replace("_", " "): value for key, value in changed.items() if key != "Type"}
    return _reply(header, STATS | figures, SUMMARY | figures)


@dataclass(frozen=True, slots=True)
class Malice:
    """What one address does.

    Attributes:
        reply: What it sends.
        quality: What its hashrate must carry then.
        pause: Seconds before each further piece of 16 bytes; 0 sends all at once.
        closes: Whether it ends the connection like a miner.
    """

    reply: bytes
    quality: frozenset[Quality]
    pause: float = 0.0
    closes: bool = True

    @property
    def disguised(self) -> bool:
        """Whether it behaves until it is told to turn; what only says hostile names says them from the start."""
        return Quality.GOOD not in self.quality


MALFORMED = frozenset({Quality.MALFORMED})
NO_FIGURE = frozenset({Quality.NOT_REPORTED})
SLOW = frozenset({Quality.TIMED_OUT})
GOOD = frozenset({Quality.GOOD})

MALICES: dict[str, Malice] = {
    "truncated": Malice(_with()[:30], MALFORMED),
    "oversized": Malice(b'{"stats":"' + b"A" * 3_000_000 + b'"}', MALFORMED),
    "not-json": Malice(b"HTTP/1.1 400 Bad Request\r\n\r\n" + MARKUP.encode(), MALFORMED),
    "nothing": Malice(b"", MALFORMED),
    "only-nul": Malice(bytes(100_000), MALFORMED),
    "nul-laden": Malice(_with().replace(b",", b",\0\0"), frozenset({Quality.PARTIAL})),
    "binary": Malice(bytes(range(256)) * 64, MALFORMED),
    "deep": Malice(b"[" * 100_000, MALFORMED),
    "not-an-object": Malice(b"[1,2,3]\0", MALFORMED),
    "nan": Malice(
        _with(GHS_5s="#").replace(b'"#"', b"NaN").replace(b"100000.0", b"-Infinity"), NO_FIGURE
    ),
    "wrongly-typed": Malice(
        _reply({"Type": {"a": []}}, {key: [None, {}] for key in STATS}, dict.fromkeys(SUMMARY, True)), NO_FIGURE
    ),
    "absurd": Malice(_with(GHS_5s=1e300, GHS_av=-1e300, total_rate=1e308), NO_FIGURE),
    "hostile-names": Malice(
        _reply(
            {**HEADER, "Miner": ESCAPES, "CGMiner": SPREADSHEET},
            dict(STATS), dict(SUMMARY), pool=f"{SPREADSHEET}{DIRECTION}{MARKUP}{ESCAPES}",
        ),
        GOOD,
    ),
    "hostile-model": Malice(_with(Type=f"{SPREADSHEET}{ESCAPES}{DIRECTION}"), GOOD),
    UNIDENTIFIED: Malice(_with(Type=f"Antminer S19{ESCAPES}{SPREADSHEET}{DIRECTION}"), GOOD),
    "megabyte-name": Malice(_with(Type="Antminer " + "N" * 1_000_000), MALFORMED),
    "long-name": Malice(_with(Type="Antminer " + "N" * 100_000), GOOD),
    "slow": Malice(_with(), SLOW, pause=0.5),
    "endless": Malice(b'{"stats":[', SLOW, closes=False),
}  # fmt: skip
"""By the name of the miner that does it."""


HONEST = Malice(_with(), GOOD)


@dataclass(frozen=True, slots=True)
class Besiegers:
    """The hostile miners while they serve.

    Attributes:
        addresses: `host:port` by name.
        turned: Set it, and those that behaved like miners until then show what they are.
    """

    addresses: dict[str, str]
    turned: asyncio.Event


async def send(malice: Malice, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a question and do what this one does."""
    await reader.read(4096)
    size = 16 if malice.pause else max(len(malice.reply), 1)
    for start in range(0, len(malice.reply), size):
        writer.write(malice.reply[start : start + size])
        await writer.drain()
        await asyncio.sleep(malice.pause)
    if not malice.closes:
        await reader.read()


@asynccontextmanager
async def hostile_miners() -> AsyncIterator["Besiegers"]:
    """Serve them all."""
    hosts = {name: f"127.66.6.{number}" for number, name in enumerate(MALICES, start=1)}
    by_host = {host: MALICES[name] for name, host in hosts.items()}
    turned = asyncio.Event()
    answering: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        malice = by_host[writer.get_extra_info("sockname")[0]]
        if malice.disguised and not turned.is_set():
            malice = HONEST
        task = asyncio.current_task()
        assert task is not None
        answering.add(task)
        try:
            await send(malice, reader, writer)
            writer.close()
            await writer.wait_closed()
        except (ConnectionError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            answering.discard(task)

    first = await asyncio.start_server(answer, hosts[next(iter(hosts))], 0)
    port = first.sockets[0].getsockname()[1]
    servers = [first]
    try:
        servers += [await asyncio.start_server(answer, host, port) for host in list(hosts.values())[1:]]
        yield Besiegers({name: f"{host}:{port}" for name, host in hosts.items()}, turned)
    finally:
        for server in servers:
            server.close()
        for task in answering:
            task.cancel()
        await asyncio.gather(*answering)
