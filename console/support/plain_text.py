"""Text that others wrote (devices, site files, other operators), made harmless for a terminal or a log.

Escape sequences could move the cursor, recolour or retitle a terminal, or answer in its name; line ends could forge a
log line; direction overrides could make a line read as something else.
"""

import unicodedata

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories: controls, format characters (direction overrides among them), surrogates, line separators."""


_JOINERS = "\u200c\u200d"
"""Part of the spelling of several languages."""


def visible(text: str) -> str:
    r"""One line: what cannot be seen stands as its escape, `\x1b` or `\u202e`."""
    if text.isprintable():
        return text
    return "".join(_escape(letter) if _is_unseen(letter) else letter for letter in text)


def visible_lines(text: str) -> str:
    """The same for a text of our own making in several lines: its line ends stay."""
    return text if text.isprintable() else "\n".join(visible(line) for line in text.split("\n"))


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) in _UNSEEN and letter not in _JOINERS


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
