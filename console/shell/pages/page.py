"""What the main window asks of a page."""

from typing import Protocol

from PySide6.QtWidgets import QWidget


class Page(Protocol):
    """One display and what feeds it."""

    @property
    def widget(self) -> QWidget:
        """The display."""

    def refresh(self) -> None:
        """Build the newest view and show it. Called only while the page is visible, at most twice a second."""

    def leave(self) -> None:
        """The page is no longer visible: reads in progress may stop."""
