"""What tests of widgets share: a theme in force, fonts loaded once."""

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication

from widgets.theme.fonts import load_fonts
from widgets.theme.tokens import ThemeSource, load_theme


@pytest.fixture(scope="session")
def fonts(qapp: QApplication) -> None:
    """The bundled fonts."""
    load_fonts()


@pytest.fixture(autouse=True)
def _pointer_elsewhere(qapp: QApplication) -> None:
    """The pointer that an earlier test moved is not over the next test's window."""
    QCursor.setPos(-1000, -1000)


@pytest.fixture(params=["dark"])
def theme(request: pytest.FixtureRequest, qapp: QApplication, fonts: None) -> Iterator[ThemeSource]:
    """The dark theme, its borders standing still."""
    source = ThemeSource(load_theme(request.param))
    yield source
    source.set_blinking(False)
