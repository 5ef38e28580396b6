"""The header strip: site, alarms, age of the data, automation, who sits here, the time. Always the present."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from widgets.chrome.blocks import Counts, Fact, SiteBlock, Suppressed, TopBanner, paint_brand
from widgets.chrome.time_controls import Badge
from widgets.theme.fonts import BODY, SEMIBOLD, SMALL
from widgets.theme.strokes import hairline
from widgets.theme.text import RIGHT
from widgets.theme.tokens import HEADER, MARGIN, RAIL, RAIL_FOLDED, ThemeSource
from widgets.view_models.shell import HeaderView

NARROW = 1500
"""Window width in pixels below which the blocks shrink and the rail folds."""
SITE = 248
SITE_NARROW = 204


class Header(QWidget):
    """The strip over everything, 48 px high. It shows the present even when the rest shows the past."""

    counts_clicked = Signal(int)
    """Severity whose count was clicked."""
    incident_opened = Signal(str)
    """Id of the incident named in the banner."""
    age_clicked = Signal()
    site_clicked = Signal()

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self.setFixedHeight(HEADER)
        self.setAccessibleName("header")
        row = QHBoxLayout(self)
        row.setContentsMargins(RAIL, 0, 0, 1)
        row.setSpacing(0)
        self._row = row
        self._site = SiteBlock(theme)
        self._live = Badge(theme, "LIVE", "This line shows the present", clickable=False)
        self._live.hide()
        self._counts = Counts(theme)
        self._top = TopBanner(theme)
        self._suppressed = Suppressed(theme)
        self._age = Fact(theme, 112)
        self._automation = Fact(theme, 116)
        self._user = Fact(theme, 112)
        self._clock = Fact(theme, 146, align=RIGHT)
        row.addWidget(self._site)
        banner = QHBoxLayout()
        banner.setContentsMargins(MARGIN + 1, 0, MARGIN, 0)
        banner.setSpacing(MARGIN)
        for part in (self._live, self._counts, self._top, self._suppressed):
            banner.addWidget(part)
        banner.setStretchFactor(self._top, 1)
        row.addLayout(banner, 1)
        for block in (self._age, self._automation, self._user, self._clock):
            row.addWidget(block)
        self._site.set_clickable(True)
        self._site.setFixedWidth(SITE)
        self._age.set_clickable(True)
        self._site.clicked.connect(self.site_clicked)
        self._age.clicked.connect(self.age_clicked)
        self._counts.clicked.connect(self.counts_clicked)
        self._top.clicked.connect(self._open_top)
        theme.changed.connect(self.update)

    def show_view(self, view: HeaderView) -> None:
        """Show the state of the site and of this console. Called once a second; parts repaint where they changed."""
        self._site.show_site(view.site, view.tier, view.summary)
        self._live.setVisible(view.live_mark)
        self._counts.show_counts(view.counts)
        self._top.show_top(view.top)
        self._suppressed.show_text(view.suppressed)
        small, bold = (SMALL, 400, "secondary"), (BODY, SEMIBOLD, "text")
        label = "Data age, stale" if view.stale else "Data age"
        note = "" if view.stale else view.age_note
        self._age.show_lines((label, *small), (view.age, *bold), after=("", note), hatched=view.stale)
        self._automation.show_lines(("Automation", *small), (view.automation, *bold), after=("", view.automation_note))
        self._user.show_lines((view.user, *bold), (view.role, *small))
        self._clock.show_lines((view.clock, 18, SEMIBOLD, "text"), (view.date, *small))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Background, brand, lower hairline; the banner stands on the window's colour."""
        theme = self._source.theme
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.panel)
        left, right = self._site.geometry().right() + 1, self._age.geometry().left()
        painter.fillRect(left, 0, right - left, self.height(), theme.window)
        hairline(painter, theme.hairline, left, 0, left, self.height())
        hairline(painter, theme.hairline, 0, self.height() - 1, self.width(), self.height() - 1)
        paint_brand(painter, 13, (self.height() - 1) / 2, self._source, name=self.width() >= NARROW)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the blocks to the window's width."""
        narrow = self.width() < NARROW
        self._row.setContentsMargins(RAIL_FOLDED if narrow else RAIL, 0, 0, 1)
        self._site.setFixedWidth(SITE_NARROW if narrow else SITE)
        self._user.setFixedWidth(100 if narrow else 112)
        self._automation.setFixedWidth(92 if narrow else 148 if self.width() > 1800 else 116)

    def _open_top(self) -> None:
        if self._top.incident:
            self.incident_opened.emit(self._top.incident)
