"""A miner that answers over HTTP from recorded pages, in the form of a personality for the stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from drivers.simulators.personality import HttpQuestion, HttpReply, SilentWires, VirtualMiner, Wire


def read_pages(folder: Path, base: str) -> Mapping[str, bytes]:
    """Recorded pages by name: one `<path>.json` each, with `_` for every `/` and `-` behind `base`."""
    return {f"{base}{file.stem}": file.read_bytes() for file in sorted(folder.glob("*.json"))}


@dataclass(slots=True)
class RecordedWeb(SilentWires):
    """What is answered, and to whom. Everything may be changed between two questions.

    Attributes:
        pages: By path, with `_` for every `/` and `-` behind the base.
        base: What comes before.
        entry: Path where one logs in, by POST.
        welcome: What a login is answered.
        key: The Authorization header that is wanted then; empty for none.
        name: Of the personality.
        wires: What it listens on.
    """

    pages: Mapping[str, bytes]
    base: str
    entry: str = ""
    welcome: bytes = b""
    key: str = ""
    name: str = "recorded"
    wires: Mapping[Wire, int] = field(default_factory=lambda: {Wire.HTTP: 80})

    def http(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
        """The recorded page."""
        if question.path == self.entry and question.method == "POST":
            return HttpReply(200, self.welcome)
        if self.key and question.headers.get("authorization") != self.key:
            return HttpReply(401)
        rest = question.path.removeprefix(self.base).strip("/").replace("/", "_").replace("-", "_")
        page = self.pages.get(f"{self.base}{rest}")
        return HttpReply(404) if page is None or question.method != "GET" else HttpReply(200, page)
