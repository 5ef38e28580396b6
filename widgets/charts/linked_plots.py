"""Plots under each other on one time axis with one cursor."""

from PySide6.QtWidgets import QWidget

from widgets.theme.tokens import ThemeSource
from widgets.view_models.common import PlotView


class LinkedPlots(QWidget):
    """A stack of plots on one time axis."""

    def __init__(self, theme: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = theme
        self._plots: tuple[PlotView, ...] = ()

    def show_plots(self, plots: tuple[PlotView, ...], tz: str) -> None:
        """Show plots, their axis labelled in the IANA zone `tz`."""
        self._plots = plots
        self.update()
