"""Stock Antminers for benchmarks, in a process of their own: recorded replies over the text protocol and the web pages.

Run as a script it serves until its input ends. With the right to do so it takes the usual ports 4028 and 80 on loopback
addresses of its own, because other libraries know no others; else any free ones.
"""

import asyncio
import sys
from collections.abc import Mapping
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Final, TypeAlias

import orjson
import uvloop

RECORDED: Final = Path(__file__).resolve().parents[3] / "shared" / "fixtures" / "miners" / "antminer-s19pro-stock"
HOSTS: Final = tuple(f"127.77.0.{number}" for number in range(1, 26))
CHALLENGE: Final = 'Digest realm="antMiner Configuration", nonce="8f2a61c0", algorithm=MD5, qop="auth"'
BOARDS: Final = (1, 2, 3)

Ready: TypeAlias = "SimpleQueue[tuple[tuple[str, ...], int, int]]"


def recorded() -> Mapping[str, dict[str, object]]:
    """Replies by command: the recorded ones, or made ones as long as those where the recordings are not there."""
    if RECORDED.is_dir():
        return {file.stem: orjson.loads(file.read_bytes()) for file in RECORDED.glob("*.json")}
    return _made()


def _made() -> Mapping[str, dict[str, object]]:
    data: dict[str, object] = {
        "Elapsed": 50474, "GHS 5s": 110566.89, "GHS av": 111834.63, "miner_count": 3, "fan_num": 4, "frequency": 525,
        "rate_unit": "GH", "total_rateideal": 110000.0, "chain_acn4": 0,
    }  # fmt: skip
    for board in BOARDS:
        data |= {
            f"chain_acn{board}": 114, f"chain_acs{board}": " ooo" * 38, f"chain_hw{board}": 183,
            f"chain_rate{board}": "37603.30", f"freq{board}": 525, f"temp_chip{board}": "78-50-69-70",
            f"temp_pcb{board}": "73-45-64-65", f"temp_pic{board}": "63-35-54-55",
        }  # fmt: skip
    data |= {f"fan{fan}": 6000 for fan in (1, 2, 3, 4)} | {f"filler {at:02}": 123456.789 for at in range(24)}
    summary = {"GHS 5s": 110566.89, "GHS av": 111834.85, "Elapsed": 50474, "Hardware Errors": 562, "Accepted": 4057}
    summary |= {"Rejected": 11, "Stale": 1} | {f"Filler {at:02}": 123456.789 for at in range(18)}
    pool = {"POOL": 0, "URL": "stratum+tcp://pool.example:700", "User": "example.rig01", "Status": "Alive"}
    pool |= {"Stratum Active": True} | {f"Filler {at:02}": 12345.0 for at in range(20)}
    header = {"Type": "Antminer S19 Pro", "Miner": "49.0.1.3", "BMMiner": "1.0.0", "API": "3.1"}
    status = [{"STATUS": "S", "When": 1755615295, "Code": 11, "Description": "cgminer 1.0.0"}]
    return {
        "summary": {"STATUS": status, "SUMMARY": [summary], "id": 1},
        "stats": {"STATUS": status, "STATS": [header, data], "id": 1},
        "pools": {"STATUS": status, "POOLS": [pool, pool, pool], "id": 1},
        "version": {"STATUS": status, "VERSION": [header], "id": 1},
    }


def web_stats(replies: Mapping[str, dict[str, object]]) -> dict[str, object]:
    """The `stats` reply in the shape of the web page."""
    rows = replies["stats"]["STATS"]
    assert isinstance(rows, list)
    header, data = rows

    def sensors(key: str) -> list[int]:
        return [int(value) for value in str(data[key]).split("-")]

    chain = [
        {
            "index": board - 1, "freq_avg": data[f"freq{board}"], "rate_ideal": 36700.0,
            "rate_real": float(data[f"chain_rate{board}"]), "asic_num": data[f"chain_acn{board}"],
            "asic": data[f"chain_acs{board}"], "temp_pic": sensors(f"temp_pic{board}"),
            "temp_pcb": sensors(f"temp_pcb{board}"), "temp_chip": sensors(f"temp_chip{board}"),
            "hw": data[f"chain_hw{board}"], "eeprom_loaded": True, "sn": f"EXAMPLE{board:010d}", "hwp": 0.0001,
            "tpl": [[row * 6 + at for at in range(6)] for row in range(19)],
        }
        for board in BOARDS
    ]  # fmt: skip
    row = {
        "elapsed": data["Elapsed"], "rate_5s": data["GHS 5s"], "rate_30m": data["GHS av"], "rate_avg": data["GHS av"],
        "rate_ideal": data["total_rateideal"], "rate_unit": "GH/s", "chain_num": 3, "fan_num": 4,
        "fan": [data[f"fan{fan}"] for fan in (1, 2, 3, 4)], "hwp_total": 0.0001, "miner-mode": 0, "freq-level": 100,
        "chain": chain,
    }  # fmt: skip
    return {**_page_head(header, "stats"), "STATS": [row]}


def _page_head(header: Mapping[str, object], name: str) -> dict[str, object]:
    info = {"miner_version": header.get("Miner"), "CompileTime": header.get("CompileTime"), "type": header["Type"]}
    return {"STATUS": {"STATUS": "S", "when": 1755615295, "Msg": name, "api_version": "1.0.0"}, "INFO": info}


def web_pages(replies: Mapping[str, dict[str, object]]) -> Mapping[bytes, bytes]:
    """Bodies by the name of the CGI."""
    stats = web_stats(replies)
    rows, pools = stats["STATS"], replies["pools"]["POOLS"]
    assert isinstance(rows, list)
    assert isinstance(pools, list)
    head = {key: stats[key] for key in ("STATUS", "INFO")}
    rates = {key: rows[0][key] for key in ("elapsed", "rate_5s", "rate_30m", "rate_avg", "rate_ideal", "rate_unit")}
    checks = [{"type": kind, "status": "s", "code": 0, "msg": ""} for kind in ("rate", "network", "fans", "temp")]
    listed = [
        {"index": at, "url": pool["URL"], "user": pool["User"], "status": "Alive", "priority": at, "accepted": 4057,
         "rejected": 11, "stale": 1, "diff": "524K", "lstime": "0:00:03"}
        for at, pool in enumerate(pools)
    ]  # fmt: skip
    named = {"minertype": "Antminer S19 Pro", "macaddr": "02:00:5E:10:00:07", "serinum": "EXAMPLE0000000000"}
    config = {
        "pools": [{"url": pool["URL"], "user": pool["User"], "pass": "x"} for pool in pools],
        "bitmain-fan-ctrl": False, "bitmain-fan-pwm": "100", "bitmain-work-mode": "0", "bitmain-freq-level": "100",
    }  # fmt: skip
    found = {
        b"stats": stats,
        b"summary": {**head, "SUMMARY": [{**rates, "hw_all": 562, "bestshare": 12904207043, "status": checks}]},
        b"pools": {**head, "POOLS": listed},
        b"get_system_info": {**named, "hostname": "Antminer", "system_filesystem_version": "FR-1.12"},
        b"get_network_info": {**named, "nettype": "DHCP", "hostname": "Antminer"},
        b"get_miner_conf": config,
        b"get_blink_status": {"blink": False},
        b"miner_type": {"miner_type": "Antminer S19 Pro", "subtype": "AML", "fw_version": "FR-1.12"},
    }
    return {name: orjson.dumps(content) for name, content in found.items()}


class TextMiner(asyncio.Protocol):
    """One connection of the text protocol; commands joined with `+` are taken."""

    replies: Mapping[str, dict[str, object]]
    answers: dict[bytes, bytes]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer, and close."""
        answer = self.answers.get(data)
        if answer is None:
            answer = self.answers[data] = self._answer(data)
        self._transport.write(answer)  # type: ignore[attr-defined] # a TCP transport
        self._transport.close()

    def _answer(self, data: bytes) -> bytes:
        question = orjson.loads(data.strip(b"\0\n"))
        names = str(question.get("command")).split("+")
        if question.get("new_api") and names == ["stats"]:
            return orjson.dumps(web_stats(self.replies)) + b"\0"
        refused = {"STATUS": [{"STATUS": "E", "Code": 14, "Msg": "Invalid command"}], "id": 1}
        if len(names) == 1:
            return orjson.dumps(self.replies.get(names[0], refused)) + b"\0"
        return orjson.dumps({**{name: [self.replies.get(name, refused)] for name in names}, "id": 1}) + b"\0"


class WebMiner(asyncio.Protocol):
    """One kept connection of the web pages; any digest answer will do."""

    pages: Mapping[bytes, bytes]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer one question, which is as short as to come in one piece."""
        name = data.split(b" ", 2)[1].removeprefix(b"/cgi-bin/").removesuffix(b".cgi")
        body = self.pages.get(name, b"")
        if b"uthorization: Digest" not in data:
            head = f"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {CHALLENGE}\r\nContent-Length: 0\r\n\r\n".encode()
            body = b""
        else:
            status = b"200 OK" if body else b"404 Not Found"
            head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        self._transport.write(head + body)  # type: ignore[attr-defined] # a TCP transport


def serve(ready: Ready) -> None:
    """Serve for ever; tells hosts and the two ports once it listens."""
    replies = recorded()
    TextMiner.replies, TextMiner.answers = replies, {}
    WebMiner.pages = web_pages(replies)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        try:
            for host in HOSTS:
                await loop.create_server(TextMiner, host, 4028, backlog=1024)
                await loop.create_server(WebMiner, host, 80, backlog=1024)
            ready.put((HOSTS, 4028, 80))
        except OSError as error:
            sys.stdout.write(f"not on the usual ports ({error.strerror}): other libraries cannot be measured\n")
            ports = []
            for protocol in (TextMiner, WebMiner):
                server = await loop.create_server(protocol, "127.0.0.1", 0, backlog=1024)
                ports.append(server.sockets[0].getsockname()[1])
            ready.put((("127.0.0.1",), ports[0], ports[1]))
        await asyncio.Event().wait()

    uvloop.run(run())
