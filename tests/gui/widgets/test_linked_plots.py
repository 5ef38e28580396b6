"""Linked plots: one axis, one cursor, zoom and gaps."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from widgets.charts.linked_plots import LinkedPlots
from widgets.charts.plot_painting import value_at
from widgets.charts.plot_scale import reading, value_range, value_ticks
from widgets.theme.tokens import ThemeSource
from widgets.view_models.common import LimitLine, PlotView, Trace
from widgets.view_models.samples_device import START, STOP, TZ, plots

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def chart(qtbot: QtBot, theme: ThemeSource) -> LinkedPlots:
    made = LinkedPlots(theme)
    made.show_plots(plots(), TZ)
    qtbot.addWidget(made)
    made.resize(704, 720)
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_that_dragging_zooms_all_plots_and_a_double_click_shows_the_whole_range(
    qtbot: QtBot, chart: LinkedPlots
) -> None:
    canvas = chart._canvas.viewport()
    with qtbot.waitSignal(chart.range_chosen) as chosen:
        qtbot.mousePress(canvas, LEFT, pos=QPoint(200, 100))
        qtbot.mouseRelease(canvas, LEFT, pos=QPoint(300, 100))
    start, stop = chosen.args
    assert START < start < stop < STOP
    assert chart.shown_range == (start, stop)
    assert all(area.at(area.area.left()) == pytest.approx(start) for area in chart._areas)
    with qtbot.waitSignal(chart.range_reset):
        qtbot.mouseDClick(canvas, LEFT, pos=QPoint(300, 100))
    assert chart.shown_range == (START, STOP)


def test_that_a_plain_click_does_not_zoom(qtbot: QtBot, chart: LinkedPlots) -> None:
    with qtbot.assertNotEmitted(chart.range_chosen):
        qtbot.mouseClick(chart._canvas.viewport(), LEFT, pos=QPoint(300, 100))


def test_that_a_zoom_survives_new_data(qtbot: QtBot, chart: LinkedPlots) -> None:
    canvas = chart._canvas.viewport()
    qtbot.mousePress(canvas, LEFT, pos=QPoint(200, 100))
    qtbot.mouseRelease(canvas, LEFT, pos=QPoint(300, 100))
    zoomed = chart.shown_range
    chart.show_plots(tuple(replace(plot, summary="now 1") for plot in plots()), TZ)
    assert chart.shown_range == zoomed


def test_that_keys_move_the_cursor_and_escape_takes_it_away(qtbot: QtBot, chart: LinkedPlots) -> None:
    qtbot.keyClick(chart, Qt.Key.Key_Left)
    assert chart.cursor_at == STOP
    qtbot.keyClick(chart, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert chart.cursor_at is not None
    assert chart.cursor_at < STOP
    qtbot.keyClick(chart, Qt.Key.Key_Escape)
    assert chart.cursor_at is None


def test_that_the_number_of_plots_may_change(chart: LinkedPlots) -> None:
    for count in (1, 4, 0, 2):
        chart.show_plots(plots()[:count], TZ)
        assert len(chart._areas) == count
        assert not chart.grab().isNull()


def test_that_a_plot_without_data_says_why(chart: LinkedPlots) -> None:
    empty = replace(plots()[0], traces=(), empty="No history yet: the first poll was 3 s ago.")
    chart.show_plots((empty,), TZ)
    assert not chart.grab().isNull()


def test_that_a_gap_is_hatched_and_never_bridged(chart: LinkedPlots) -> None:
    plot = plots()[0]
    values = plot.traces[0].values.copy()
    values[60:120] = np.nan
    chart.show_plots((replace(plot, traces=(Trace(plot.traces[0].times, values),)),), TZ)
    gaps = chart._areas[0].gaps
    assert len(gaps) == 1
    assert gaps[0].width() > 100


def test_that_a_doubtful_sample_is_marked_and_not_part_of_the_line(chart: LinkedPlots) -> None:
    plot = plots()[0]
    times, values = plot.traces[0].times, plot.traces[0].values
    line = replace(plot, traces=(Trace(times, values),))
    chart.show_plots((line,), TZ)
    without = chart.grab().toImage()
    middle = len(times) // 2
    doubtful = (times[middle : middle + 1], np.array([float(np.nanmin(values))]))
    chart.show_plots((replace(plot, traces=(replace(line.traces[0], doubtful=doubtful),)),), TZ)
    drawn = chart.grab().toImage()
    assert drawn != without
    area = chart._areas[0]
    x, y = round(area.x(float(times[middle]))), round(min(area.y(float(doubtful[1][0])), area.area.bottom() - 2.5))
    changed = {
        (left, top)
        for left in range(x - 5, x + 6)
        for top in range(y - 6, y + 7)
        if drawn.pixel(left, top) != without.pixel(left, top)
    }
    assert changed, "the mark stands where the sample is"
    assert len(area._curves[0].getData()[0]) > 0


def test_that_100_000_points_become_two_per_pixel_column(chart: LinkedPlots) -> None:
    times = np.linspace(START, STOP, 100_000)
    chart.show_plots((replace(plots()[0], traces=(Trace(times, np.sin(times)),)),), TZ)
    drawn, _ = chart._areas[0]._curves[0].getData()
    assert len(drawn) <= 2 * (chart._areas[0].area.width() + 4)


def test_that_the_value_under_the_cursor_is_the_nearest_sample_and_never_an_old_one() -> None:
    trace = Trace(np.array([0.0, 5.0, 10.0, 15.0]), np.array([1.0, 2.0, np.nan, 4.0]))
    assert value_at(trace, 6.0) == 2.0
    assert value_at(trace, 10.5) is None
    assert value_at(trace, 20.0) == 4.0
    assert value_at(trace, 60.0) is None
    assert value_at(trace, -10.0) is None


def test_that_near_limits_are_in_the_picture_and_far_ones_do_not_flatten_it() -> None:
    times = np.array([0.0, 10.0])
    plot = PlotView(
        "", "", "", (Trace(times, np.array([60.0, 66.0])),), None, (LimitLine(70.0, ""), LimitLine(500.0, ""))
    )
    low, high = value_range(plot, 0, 10)
    assert low < 60
    assert 70 <= high < 80


def test_that_axis_figures_have_the_digits_of_their_step() -> None:
    assert [text for _, text in value_ticks(0, 2100, 4)] == ["0", "1,000", "2,000"]
    assert [text for _, text in value_ticks(-1.0, 1.0, 5)] == ["−1.0", "−0.5", "0.0", "0.5", "1.0"]
    assert [text for _, text in value_ticks(1.02, 1.05, 4)] == ["1.02", "1.03", "1.04", "1.05"]
    assert reading(1434.2, 800, 2000) == "1,434"
    assert reading(-0.52, -1, 1) == "−0.52"
