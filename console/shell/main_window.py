"""The window: header, time bar, notice, rail, the displays, status line; and the signal that a picture is finished."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from console.shell.pages.page import Page
from widgets.chrome.header import Header
from widgets.chrome.notice import Notice
from widgets.chrome.rail import Rail
from widgets.chrome.status_strip import StatusStrip
from widgets.chrome.time_bar import TimeBar
from widgets.theme.strokes import hatch
from widgets.theme.tokens import ThemeSource

EDGE = 5
SMALLEST = (1280, 680)


class PastEdge(QWidget):
    """The hatched edge around the whole window while it does not show the present. It moves no content."""

    def __init__(self, theme: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        self._source = theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("past")
        theme.changed.connect(self.update)
        self.hide()

    def cover(self, area: QRect) -> None:
        """Lie around this area."""
        self.setGeometry(area)
        inner = self.rect().adjusted(EDGE, EDGE, -EDGE, -EDGE)
        self.setMask(QRegion(self.rect()).subtracted(QRegion(inner)))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Hatch."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._source.theme.window)
        painter.fillRect(self.rect(), hatch(self._source.theme.text, 10, 4.0))


class MainWindow(QMainWindow):
    """Chrome around a stack of displays. What it shows is told to it; what is clicked it passes on."""

    painted = Signal()
    """A picture of the whole window has been finished and handed to the system."""
    close_asked = Signal()
    """The operator wants to close; whoever listens decides and calls `close_for_good`."""

    def __init__(self, theme: ThemeSource) -> None:
        super().__init__()
        self._source = theme
        self._pages: dict[str, Page] = {}
        self._visible = ""
        self._may_close = False
        self._plain_keys: dict[str, Callable[[], None]] = {}
        self.setWindowTitle("TerraHash Console")
        self.setMinimumSize(*SMALLEST)
        self.header = Header(theme)
        self.time_bar = TimeBar(theme)
        self.notice = Notice(theme)
        self.rail = Rail(theme)
        self.status = StatusStrip(theme)
        self._stack = QStackedWidget()
        self._whole = QStackedWidget()
        self._whole.addWidget(self._build())
        self.setCentralWidget(self._whole)
        self._edge = PastEdge(theme, self)

    def _build(self) -> QWidget:
        console = QWidget()
        column = QVBoxLayout(console)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (self.header, self.time_bar, self.notice):
            column.addWidget(part)
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addWidget(self.rail)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self._stack, 1)
        right.addWidget(self.status)
        body.addLayout(right, 1)
        column.addLayout(body, 1)
        return console

    def add_pages(self, pages: Mapping[str, Page]) -> None:
        """Take in the displays."""
        for name, page in pages.items():
            self._pages[name] = page
            self._stack.addWidget(page.widget)

    @property
    def page(self) -> Page | None:
        """The visible page; None before the first was shown."""
        return self._pages.get(self._visible)

    def show_page(self, name: str) -> None:
        """Bring a display to the front; the keyboard goes with it unless somebody is writing."""
        self._whole.setCurrentIndex(0)
        if name == self._visible:
            return
        before = self.page
        self._visible = name
        page = self._pages[name]
        self._stack.setCurrentWidget(page.widget)
        self.rail.set_current(name)
        if before is not None:
            before.leave()
        page.widget.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_start(self, start: QWidget) -> None:
        """Show the start page in place of the console."""
        if self._whole.indexOf(start) < 0:
            self._whole.addWidget(start)
        self._whole.setCurrentWidget(start)

    @property
    def shows_start(self) -> bool:
        """Whether the start page is shown."""
        return self._whole.currentIndex() != 0

    def set_past(self, past: bool) -> None:
        """Draw the edge of the past, or take it away."""
        if past == self._edge.isVisibleTo(self):
            return
        self._edge.cover(self.rect())
        self._edge.setVisible(past)
        self._edge.raise_()

    def toggle_full_screen(self) -> None:
        """Full screen, or back."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def set_plain_keys(self, keys: Mapping[str, Callable[[], None]]) -> None:
        """What keys do that nothing with the focus has answered."""
        self._plain_keys = dict(keys)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A key that nobody wanted comes here last."""
        run = self._plain_keys.get(QKeySequence(event.keyCombination()).toString()) or self._plain_keys.get(
            event.text()
        )
        if run is None or event.isAutoRepeat() or self.shows_start:
            super().keyPressEvent(event)
        else:
            run()

    def close_for_good(self) -> None:
        """Close without a question."""
        self._may_close = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closing is a wish: the collector may go on or stop."""
        if self._may_close:
            event.accept()
            return
        event.ignore()
        self.close_asked.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The edge of the past follows the window."""
        super().resizeEvent(event)
        self._edge.cover(self.rect())

    def event(self, event: QEvent) -> bool:
        """After Qt has brought the picture of the whole window up to date, say so."""
        done = super().event(event)
        if event.type() is QEvent.Type.UpdateRequest:
            self.painted.emit()
        return done
