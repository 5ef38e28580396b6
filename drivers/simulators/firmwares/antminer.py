"""The stock Antminer: text protocol on 4028, web pages behind a digest login, and what its second web server tells.

Its bad manners are those of the real one: it forgets what a written configuration leaves out, it says OK to a work mode
under the name that it reads it by and does nothing, and it writes other names than it reads.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import orjson

from drivers.simulators.firmwares import antminer_pages as pages
from drivers.simulators.firmwares.digest_gate import challenge_unless_right
from drivers.simulators.personality import HttpQuestion, HttpReply, MinerView, SilentWires, VirtualMiner, Wire

DEFAULT_LOGIN: Final = ("root", "root")
REALM: Final = "antMiner Configuration"
WARNING: Final = "warning"
"""Key of a virtual miner's memory: the fault code that stands."""
_CONFIG: Final = "configuration"
_POOLS: Final = (
    ("stratum+tcp://btc.pool.example:3333", "site.worker", "x"),
    ("stratum+tcp://btc2.pool.example:3333", "site.worker", "x"),
    ("", "", ""),
)
_DEFAULTS: Final[Mapping[str, object]] = MappingProxyType(
    {"bitmain-fan-ctrl": False, "bitmain-fan-pwm": "100", "bitmain-freq-level": "100"}
)
"""What the firmware puts where a written configuration says nothing."""
_SHARE_OF_MODE: Final = MappingProxyType({0: 1.0, 2: 1.08, 3: 0.72})
_VERSION_IN_IMAGE = re.compile(rb"version:([^\r\n]{1,80})")
_CGI = re.compile(r"/cgi-bin/(\w+)\.cgi")

Page = Callable[[VirtualMiner, HttpQuestion], HttpReply]


@dataclass(frozen=True, slots=True)
class AntminerFirmware(SilentWires):
    """One build of the firmware.

    Attributes:
        joins: Whether commands joined with `+` are taken.
        new_api: Whether the text protocol knows the shape of the web pages.
        has_pages: Whether there are web pages of the newer kind.
        has_service: Whether the second web server's pages are there; served beside the others.
        mode_name: The name under which a written work mode takes effect.
        obeys: Whether a written configuration takes effect at all; the answer is OK either way.
        resets_fans: Whether any written configuration sets the fans back.
    """

    joins: bool = False
    new_api: bool = True
    has_pages: bool = True
    has_service: bool = True
    mode_name: str = "miner-mode"
    obeys: bool = True
    resets_fans: bool = False
    name: str = "antminer-stock"
    wires: Mapping[Wire, int] = field(default_factory=lambda: MappingProxyType({Wire.TEXT: 4028, Wire.HTTP: 80}))

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        """The answer to a question of the text protocol."""
        view = miner.look()
        try:
            asked = orjson.loads(question.strip(b"\0\r\n "))
            command = asked["command"]
            new_api = asked.get("new_api") is True
        except (ValueError, TypeError, KeyError, AttributeError):
            return _text(_refusal(view, 23, "Invalid JSON"))
        names = command.split("+") if isinstance(command, str) else [""]
        if len(names) > 1:
            if not self.joins:
                return _text(_refusal(view, 14, "Invalid command"))
            return _text({**{name: [self._section(miner, view, name)] for name in names}, "id": 1})
        if new_api and self.new_api and names[0] in {"summary", "stats", "pools"}:
            return _text(self._page_of(miner, view, names[0]))
        return _text(self._section(miner, view, names[0]))

    def http(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
        """The answer to an HTTP request."""
        if self.has_service and question.path == "/warning":
            return _json({"error_message": str(miner.memory.get(WARNING) or "None")})
        if self.has_service and question.path == "/miner_power":
            return HttpReply(200, b"miner power:%d" % round(miner.look().power))
        refusal = challenge_unless_right(miner, question, REALM, _login(miner))
        if refusal is not None:
            return refusal
        cgi = _CGI.fullmatch(question.path)
        page = self._pages().get(cgi[1]) if cgi and self.has_pages else None
        return page(miner, question) if page else HttpReply(404, b"404 - Not Found")

    def _section(self, miner: VirtualMiner, view: MinerView, name: str) -> Mapping[str, object]:
        asleep = miner.controls.asleep
        found: dict[str, tuple[int, str, Sequence[object]]] = {
            "version": (22, "CGMiner versions", [pages.text_version(view)]),
            "summary": (11, "Summary", [] if asleep else [pages.text_summary(view)]),
            "stats": (70, "CGMiner stats", [] if asleep else [pages.text_version(view), pages.text_stats(view)]),
            "pools": (7, "Pool(s)", pages.text_pools(view, _used(miner))),
        }
        if name not in found:
            return _refusal(view, 14, "Invalid command")
        code, message, content = found[name]
        return {"STATUS": pages.text_status(view, code, message), name.upper(): content, "id": 1}

    def _page_of(self, miner: VirtualMiner, view: MinerView, name: str) -> Mapping[str, object]:
        asleep = miner.controls.asleep
        if name == "pools":
            return pages.web_page(view, name, pages.web_pools(view, _used(miner)))
        row = pages.web_summary(view) if name == "summary" else pages.web_stats(view, _mode(miner))
        return pages.web_page(view, name, [] if asleep else [row])

    def _pages(self) -> Mapping[str, Page]:
        def telling(name: str) -> Page:
            return lambda miner, _question: _json(self._page_of(miner, miner.look(), name))

        return {
            "summary": telling("summary"),
            "stats": telling("stats"),
            "pools": telling("pools"),
            "get_system_info": lambda miner, _: _json(pages.system_info(miner.look(), miner.controls.firmware)),
            "miner_type": lambda miner, _: _json({"miner_type": miner.look().model, "fw_version": pages.COMPILED}),
            "get_miner_conf": lambda miner, _: _json(configuration_of(miner)),
            "set_miner_conf": self._configure,
            "get_blink_status": lambda miner, _: _json({"blink": miner.controls.locating}),
            "blink": _blink,
            "reboot": _reboot,
            "upgrade": _upgrade,
        }

    def _configure(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
        try:
            written = orjson.loads(question.body)
            pools = [
                {key: str(pool.get(key, "")) for key in ("url", "user", "pass")} for pool in written.get("pools", [])
            ][:3]
        except (ValueError, AttributeError, TypeError):
            return _json({"stats": "error", "code": "M001", "msg": "Invalid configuration"})
        if any(pool["url"] and "://" not in pool["url"] for pool in pools):
            return _json({"stats": "error", "code": "M001", "msg": "Invalid pool!"})
        miner.controls.writes.append("set_miner_conf")
        if self.obeys:
            self._take(miner, written, pools)
        return _json({"stats": "success", "code": "M000", "msg": "OK!"})

    def _take(self, miner: VirtualMiner, written: Mapping[str, object], pools: list[dict[str, str]]) -> None:
        config = configuration_of(miner)
        renamed = {**written, "bitmain-freq-level": written.get("freq-level", _DEFAULTS["bitmain-freq-level"])}
        for key, default in _DEFAULTS.items():
            config[key] = default if self.resets_fans and "fan" in key else renamed.get(key, default)
        config["pools"] = pools
        mode = written.get(self.mode_name, config["bitmain-work-mode"])
        config["bitmain-work-mode"] = str(mode)
        controls, number = miner.controls, _mode(miner)
        controls.asleep = number == 1
        controls.power_share = _SHARE_OF_MODE.get(number, 1.0)
        controls.fan_percent = float(str(config["bitmain-fan-pwm"])) if config["bitmain-fan-ctrl"] else None
        controls.pools = [(pool["url"], pool["user"], pool["pass"]) for pool in pools]
        controls.restarts += 1


def configuration_of(miner: VirtualMiner) -> dict[str, object]:
    """The configuration of a virtual miner; may be changed, as its firmware does."""
    config = miner.memory.get(_CONFIG)
    if not isinstance(config, dict):
        pools = miner.controls.pools or _POOLS
        fresh: dict[str, object] = {
            "pools": [{"url": url, "user": user, "pass": secret} for url, user, secret in pools],
            "api-listen": True,
            "api-allow": "A:0/0,W:*",
            "bitmain-fan-ctrl": False,
            "bitmain-fan-pwm": "70",
            "bitmain-work-mode": "1" if miner.controls.asleep else "0",
            "bitmain-freq-level": "90",
            "bitmain-hashrate-percent": None,
        }
        miner.memory[_CONFIG] = config = fresh
    return config


def _blink(miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
    on = b"true" in question.body
    miner.controls.locating = on
    miner.controls.writes.append(f"blink {str(on).lower()}")
    return _json({"code": "B000" if on else "B100"})


def _reboot(miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
    miner.controls.reboots += 1
    miner.controls.writes.append("reboot")
    return HttpReply(200, b"")


def _upgrade(miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
    version = _VERSION_IN_IMAGE.search(question.body)
    if version is None or b'filename="' not in question.body:
        return _json({"stats": "error", "code": "U001", "msg": "6"})
    miner.controls.firmware = version[1].decode()
    miner.controls.writes.append(f"upgrade {miner.controls.firmware}")
    miner.controls.reboots += 1
    return _json({"stats": "success", "code": "U000", "msg": "OK!"})


def _login(miner: VirtualMiner) -> tuple[str, str]:
    return miner.controls.login if miner.controls.login != ("", "") else DEFAULT_LOGIN


def _mode(miner: VirtualMiner) -> int:
    mode = str(configuration_of(miner)["bitmain-work-mode"])
    return int(mode) if mode.isdigit() else 0


def _used(miner: VirtualMiner) -> pages.Pools:
    return [pool for pool in miner.controls.pools or _POOLS if pool[0]]


def _refusal(view: MinerView, code: int, message: str) -> Mapping[str, object]:
    return {"STATUS": pages.text_status(view, code, message, "E"), "id": 1}


def _text(content: Mapping[str, object]) -> bytes:
    return orjson.dumps(content) + b"\0"


def _json(content: Mapping[str, object]) -> HttpReply:
    return HttpReply(200, orjson.dumps(content), {"Content-Type": "application/json"})
