"""What a check found."""

from collections.abc import Sequence
from dataclasses import dataclass, field

_NAMED = 3
"""Problems that are named one by one; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: its name (with the file), whether all is well, and what was seen."""

    name: str
    ok: bool
    detail: str


@dataclass(slots=True)
class Problems:
    """Collects what is wrong; keeps the first few texts and counts all."""

    count: int = 0
    texts: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """One more."""
        self.count += 1
        if len(self.texts) < _NAMED:
            self.texts.append(text)

    def finding(self, name: str, seen: str) -> Finding:
        """The finding: `seen` says what was looked at."""
        if not self.count:
            return Finding(name, True, seen)
        more = f" and {self.count - len(self.texts)} more" if self.count > len(self.texts) else ""
        return Finding(name, False, f"{seen}; {self.count} wrong: {'; '.join(self.texts)}{more}")


def all_well(findings: Sequence[Finding]) -> bool:
    """Whether no check found anything."""
    return all(finding.ok for finding in findings)
