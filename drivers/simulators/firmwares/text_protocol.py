"""CGMiner's text protocol as a virtual miner hears and speaks it."""

from collections.abc import Mapping

import orjson


def read_command(question: bytes) -> tuple[str, str]:
    """Command and parameter of a question; raises ValueError for one that makes no sense."""
    content = orjson.loads(question.strip(b"\0\r\n\t "))
    if not isinstance(content, dict) or "command" not in content:
        raise ValueError("a question is an object with a command")
    return str(content["command"]), str(content.get("parameter", ""))


def ended(body: Mapping[str, object]) -> bytes:
    """An answer with the NUL that ends it."""
    return orjson.dumps(body) + b"\0"
