"""What is wrong with a file somebody wrote: every problem with its line and its remedy, not just the first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem.

    Attributes:
        line: Counted from 1; 0 when it belongs to no line.
        text: What is wrong and what to do, as one sentence.
    """

    line: int
    text: str


class ExchangeError(ValueError):
    """A file cannot be taken in. The text lists every problem as `file:line: what and remedy`."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.file = file
        self.problems = tuple(sorted(problems))
        super().__init__(
            "\n".join(
                f"{file}:{problem.line}: {problem.text}" if problem.line else f"{file}: {problem.text}"
                for problem in self.problems
            )
        )


class Problems:
    """Collects problems while a file is read."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Problem] = []

    def add(self, line: int, text: str) -> None:
        """Note one."""
        self.found.append(Problem(line, text))

    def raise_if_any(self) -> None:
        """Raise `ExchangeError` with all of them when there are any."""
        if self.found:
            raise ExchangeError(self.file, self.found)


def instead(wrong: str, right: Iterable[str], otherwise: str = "") -> str:
    """The remedy for a wrong word: the one that was probably meant, else `otherwise`, or all that there are."""
    known = {word.casefold(): word for word in sorted(right)}
    near = get_close_matches(wrong.casefold(), known, n=1, cutoff=0.6)
    return f'did you mean "{known[near[0]]}"?' if near else otherwise or f"use one of: {', '.join(known.values())}"
