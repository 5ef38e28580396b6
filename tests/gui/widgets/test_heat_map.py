from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from widgets.charts.heat_map import TankHeatMap
from widgets.charts.tank_backing import TankBacking
from widgets.charts.tank_fit import lay_out
from widgets.theme.tokens import ThemeSource, load_theme
from widgets.view_models import samples
from widgets.view_models.site import CellCode, HeatMapView, TankView

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def heat_map(qtbot: QtBot, theme: ThemeSource) -> TankHeatMap:
    made = TankHeatMap(theme)
    qtbot.addWidget(made)
    made.resize(1236, 660)
    made.show_view(samples.heat_map())
    made.show()
    qtbot.waitExposed(made)
    return made


def picture(heat_map: TankHeatMap) -> QImage:
    return heat_map.grab().toImage()


def centre(heat_map: TankHeatMap, device: str) -> QPoint:
    return heat_map.slot_rect(device).center()


def with_cell(view: HeatMapView, tank: int, row: int, column: int, code: int) -> HeatMapView:
    cells = view.tanks[tank].cells.copy()
    cells[row, column] = code
    tanks = list(view.tanks)
    tanks[tank] = replace(tanks[tank], cells=cells)
    return replace(view, tanks=tuple(tanks))


def test_that_cells_are_twelve_pixels_with_a_pitch_of_thirteen_on_a_desk_screen(heat_map: TankHeatMap) -> None:
    first, second = heat_map.slot_rect("T01-001"), heat_map.slot_rect("T01-002")
    assert second.x() - first.x() == 13
    below = heat_map.slot_rect("T01-014")
    assert below.y() - first.y() == 13
    assert (first.width(), first.height()) == (12, 12)


def test_that_the_two_supplies_of_a_tank_stand_four_pixels_apart(heat_map: TankHeatMap) -> None:
    last_of_first = heat_map.slot_rect("T01-092")
    first_of_second = heat_map.slot_rect("T01-105")
    assert first_of_second.y() - last_of_first.y() == 13 + 4


def test_that_every_cell_shows_the_colour_of_its_bin(heat_map: TankHeatMap, theme: ThemeSource) -> None:
    view = samples.heat_map()
    for code in range(9):
        view = with_cell(view, 0, 1, code, code)
    heat_map.show_view(view)
    shown = picture(heat_map)
    for code, colour in enumerate(theme.theme.deviation):
        at = centre(heat_map, samples.device_name(0, 13 + code))
        assert shown.pixelColor(at) == colour


def test_that_a_missing_miner_is_hatched_and_never_the_lowest_colour(heat_map: TankHeatMap, theme: ThemeSource) -> None:
    heat_map.show_view(with_cell(samples.heat_map(), 0, 0, 0, CellCode.MISSING))
    box = heat_map.slot_rect("T01-001")
    shown = picture(heat_map)
    colours = {shown.pixelColor(x, y).name() for x in range(box.x(), box.right()) for y in range(box.y(), box.bottom())}
    assert len(colours) > 2
    assert not colours & {colour.name() for colour in theme.theme.deviation}


def test_that_a_miner_that_does_not_hash_is_hollow(heat_map: TankHeatMap, theme: ThemeSource) -> None:
    heat_map.show_view(with_cell(samples.heat_map(), 0, 0, 0, CellCode.NOT_HASHING))
    box = heat_map.slot_rect("T01-001")
    shown = picture(heat_map)
    assert shown.pixelColor(box.center()) == theme.theme.panel
    assert shown.pixelColor(box.x() + 1, box.center().y()) == theme.theme.equipment


def test_that_a_new_frame_redraws_only_the_tanks_that_changed(heat_map: TankHeatMap) -> None:
    view = samples.heat_map()
    heat_map.show_view(view)
    assert heat_map._backing.redrawn == 0
    heat_map.show_view(with_cell(view, 3, 2, 2, 0))
    assert heat_map._backing.redrawn == 1


def test_that_a_click_chooses_the_miner_under_the_pointer(qtbot: QtBot, heat_map: TankHeatMap) -> None:
    with qtbot.waitSignal(heat_map.device_chosen) as chosen:
        qtbot.mouseClick(heat_map.viewport(), LEFT, pos=centre(heat_map, "T14-118"))
    assert chosen.args == ["T14-118"]


def test_that_a_double_click_opens_the_miner(qtbot: QtBot, heat_map: TankHeatMap) -> None:
    with qtbot.waitSignal(heat_map.device_opened) as opened:
        qtbot.mouseDClick(heat_map.viewport(), LEFT, pos=centre(heat_map, "T02-007"))
    assert opened.args == ["T02-007"]


def test_that_arrows_move_slot_by_slot_and_on_into_the_next_tank(qtbot: QtBot, heat_map: TankHeatMap) -> None:
    heat_map.set_selected("T01-012")
    for expected in ("T01-013", "T02-001"):
        qtbot.keyClick(heat_map, Qt.Key.Key_Right)
        assert heat_map.selected == expected
    qtbot.keyClick(heat_map, Qt.Key.Key_Down)
    assert heat_map.selected == "T02-014"


def test_that_down_from_the_last_row_enters_the_tank_below(qtbot: QtBot, heat_map: TankHeatMap) -> None:
    heat_map.set_selected(samples.device_name(2, 15 * 13 + 4))
    qtbot.keyClick(heat_map, Qt.Key.Key_Down)
    assert heat_map.selected == samples.device_name(9, 4)


def test_that_control_and_an_arrow_move_tank_by_tank(qtbot: QtBot, heat_map: TankHeatMap) -> None:
    heat_map.set_selected("T03-020")
    qtbot.keyClick(heat_map, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert heat_map.selected == "T04-020"
    qtbot.keyClick(heat_map, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert heat_map.selected == "T11-020"


def test_that_enter_opens_and_escape_clears(qtbot: QtBot, heat_map: TankHeatMap) -> None:
    heat_map.set_selected("T05-001")
    with qtbot.waitSignal(heat_map.device_opened) as opened:
        qtbot.keyClick(heat_map, Qt.Key.Key_Return)
    assert opened.args == ["T05-001"]
    with qtbot.waitSignal(heat_map.device_chosen) as chosen:
        qtbot.keyClick(heat_map, Qt.Key.Key_Escape)
    assert chosen.args == [""]
    assert heat_map.selected == ""


def drag(qtbot: QtBot, heat_map: TankHeatMap, start: QPoint, stop: QPoint, held: Qt.KeyboardModifier) -> None:
    qtbot.mousePress(heat_map.viewport(), LEFT, held, start)
    qtbot.mouseMove(heat_map.viewport(), (start + stop) / 2)
    qtbot.mouseMove(heat_map.viewport(), stop)
    qtbot.mouseRelease(heat_map.viewport(), LEFT, held, stop)


def test_that_a_lasso_marks_what_it_touches_and_control_adds(qtbot: QtBot, heat_map: TankHeatMap) -> None:
    none, control = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
    drag(qtbot, heat_map, centre(heat_map, "T01-001"), centre(heat_map, "T01-016"), none)
    first = {"T01-001", "T01-002", "T01-003", "T01-014", "T01-015", "T01-016"}
    assert set(heat_map.lassoed) == first
    drag(qtbot, heat_map, centre(heat_map, "T02-001"), centre(heat_map, "T02-002"), control)
    assert set(heat_map.lassoed) == first | {"T02-001", "T02-002"}
    qtbot.keyClick(heat_map, Qt.Key.Key_Escape)
    assert heat_map.lassoed == ()


def test_that_the_tip_appears_after_a_moment_beside_its_scope_and_goes_with_the_pointer(
    qtbot: QtBot, heat_map: TankHeatMap
) -> None:
    def shown() -> str:
        return heat_map.tip.title if heat_map.tip is not None else ""

    heat_map.set_tip_source(samples.cell_tip)
    qtbot.mouseMove(heat_map.viewport(), centre(heat_map, "T03-161"))
    assert shown() == ""
    qtbot.waitUntil(lambda: shown() == "T03-161")
    tip = heat_map._tips.box
    for neighbour in ("T03-157", "T03-161", "T03-182"):
        assert not tip.intersects(heat_map.slot_rect(neighbour))
    qtbot.mouseMove(heat_map.viewport(), QPoint(2, 2))
    qtbot.waitUntil(lambda: shown() == "")


def test_that_the_tip_follows_the_keys(qtbot: QtBot, heat_map: TankHeatMap) -> None:
    heat_map.set_tip_source(samples.cell_tip)
    heat_map.set_selected("T07-005")
    qtbot.keyClick(heat_map, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: heat_map.tip is not None and heat_map.tip.title == "T07-006")


def test_that_the_shape_of_a_scope_chooses_its_incident(qtbot: QtBot, heat_map: TankHeatMap) -> None:
    scope = next(scope for scope in heat_map._scopes if scope.incident == "INC-1871")
    at = (scope.mark_box.center() + heat_map._origin()).toPoint()
    with qtbot.waitSignal(heat_map.incident_chosen) as chosen:
        qtbot.mouseClick(heat_map.viewport(), LEFT, pos=at)
    assert chosen.args == ["INC-1871"]


def test_that_neighbouring_tanks_of_one_incident_share_one_bracket(heat_map: TankHeatMap) -> None:
    whole = [scope for scope in heat_map._scopes if scope.whole]
    assert len(whole) == 1
    assert whole[0].box.contains(heat_map.slot_rect("T12-001").translated(-6, -6).toRectF())
    assert whole[0].box.contains(heat_map.slot_rect("T14-208").translated(-6, -6).toRectF())


def test_that_the_selection_stays_with_its_device_when_tanks_move(heat_map: TankHeatMap) -> None:
    heat_map.set_selected("T14-118")
    view = samples.heat_map()
    heat_map.show_view(replace(view, tanks=view.tanks[7:]))
    assert heat_map.selected == "T14-118"
    assert not heat_map.slot_rect("T14-118").isEmpty()
    assert heat_map.slot_rect("T01-001").isEmpty()


@pytest.mark.parametrize("width", [420, 700, 1000, 1236, 2400])
@pytest.mark.parametrize("height", [300, 660, 1200])
def test_that_no_cell_is_smaller_than_five_pixels_and_everything_is_reachable(
    heat_map: TankHeatMap, width: int, height: int
) -> None:
    heat_map.resize(width, height)
    heat_map.verticalScrollBar().setValue(heat_map.verticalScrollBar().maximum())
    box = heat_map.slot_rect("T14-208")
    assert min(box.width(), box.height()) >= 4
    assert heat_map.viewport().rect().contains(box)


def test_that_seven_tanks_stand_in_one_line_on_a_desk_and_in_four_columns_on_a_narrow_panel(
    heat_map: TankHeatMap,
) -> None:
    assert heat_map.slot_rect("T07-001").y() == heat_map.slot_rect("T01-001").y()
    heat_map.resize(560, 1200)
    assert heat_map.slot_rect("T04-001").y() == heat_map.slot_rect("T01-001").y()
    assert heat_map.slot_rect("T05-001").y() > heat_map.slot_rect("T01-001").y()


def test_that_an_empty_map_says_how_to_fill_it_and_takes_no_keys(qtbot: QtBot, heat_map: TankHeatMap) -> None:
    heat_map.show_view(samples.heat_map(empty="No miners placed. Open Commissioning to place them."))
    qtbot.keyClick(heat_map, Qt.Key.Key_Right)
    qtbot.mouseMove(heat_map.viewport(), QPoint(100, 100))
    assert heat_map.selected == ""
    assert heat_map.accessibleDescription().startswith("No miners placed")
    heat_map.grab()


def test_that_a_stale_site_is_covered(heat_map: TankHeatMap) -> None:
    fresh = picture(heat_map)
    heat_map.show_view(samples.heat_map(stale="stale 2 m 10 s"))
    assert picture(heat_map) != fresh


def test_that_a_change_of_theme_recolours_the_cells(heat_map: TankHeatMap, theme: ThemeSource) -> None:
    light = load_theme("light")
    theme.set(light)
    assert picture(heat_map).pixelColor(centre(heat_map, "T01-001")) == light.deviation[5]


def test_that_the_ends_of_the_deviation_ramp_stand_out_from_the_panel_in_both_themes() -> None:
    for name in ("dark", "light"):
        colours = load_theme(name)
        centre_distance = distance(colours.deviation[5], colours.panel)
        assert distance(colours.deviation[0], colours.panel) > 2 * centre_distance


def distance(first: QColor, second: QColor) -> float:
    steps = (first.red() - second.red(), first.green() - second.green(), first.blue() - second.blue())
    return float(np.linalg.norm(np.array(steps)))


def test_that_twenty_thousand_cells_are_laid_out_and_addressed(qtbot: QtBot, heat_map: TankHeatMap) -> None:
    heat_map.show_view(samples.large_heat_map(96))
    heat_map.set_selected("95-207")
    qtbot.keyClick(heat_map, Qt.Key.Key_Left)
    assert heat_map.selected == "95-206"
    assert heat_map.viewport().rect().contains(heat_map.slot_rect("95-206"))


def test_that_tanks_of_different_shapes_keep_their_slots(heat_map: TankHeatMap) -> None:
    rack: Callable[[int, int, int], TankView] = lambda index, rows, columns: replace(  # noqa: E731
        samples.tank(index),
        rows=rows,
        columns=columns,
        cells=np.zeros((rows, columns), np.uint8),
        devices=tuple(f"r{index}-{slot}" for slot in range(rows * columns)),
        gap_after=-1,
        scopes=(),
    )
    heat_map.show_view(replace(samples.heat_map(), tanks=(rack(0, 4, 20), rack(1, 30, 2), rack(2, 1, 1))))
    for device in ("r0-79", "r1-59", "r2-0"):
        assert not heat_map.slot_rect(device).isEmpty()
    heat_map.grab()


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 2.0])
def test_that_cells_stand_where_the_pointer_looks_for_them_at_every_density(theme: ThemeSource, ratio: float) -> None:
    view = samples.heat_map()
    layout = lay_out(view, 1224, 648)
    backing = TankBacking()
    backing.draw(with_cell(view, 13, 15, 12, 8), layout, theme.theme, ratio)
    target = QImage(round(1224 * ratio), round(layout.height * ratio), QImage.Format.Format_RGB32)
    target.setDevicePixelRatio(ratio)
    painter = QPainter(target)
    backing.paint(painter)
    painter.end()
    box = layout.cell_box(view.tanks[13], layout.tanks[13], 15, 12)
    centre_x, centre_y = (box.x + box.width / 2) * ratio, (box.y + box.height / 2) * ratio
    assert target.pixelColor(round(centre_x), round(centre_y)) == theme.theme.deviation[8]


def rack(index: int, loop: str) -> TankView:
    cells = np.zeros((8, 7), np.uint8)
    ids = tuple(f"{index}-{slot}" for slot in range(56))
    return replace(samples.tank(index), loop=loop, rows=8, columns=7, cells=cells, devices=ids, gap_after=-1, scopes=())


def test_that_a_small_site_stands_in_one_line_for_each_loop_with_large_cells(heat_map: TankHeatMap) -> None:
    tanks = tuple(rack(index, "Loop A" if index < 3 else "Loop B") for index in range(6))
    heat_map.show_view(replace(samples.heat_map(), tanks=tanks))
    assert heat_map.slot_rect("0-0").y() == heat_map.slot_rect("2-0").y() < heat_map.slot_rect("3-0").y()
    assert min(heat_map.slot_rect("0-0").width(), heat_map.slot_rect("0-0").height()) >= 20


def test_that_many_small_loops_stand_side_by_side(qtbot: QtBot, heat_map: TankHeatMap) -> None:
    loops = tuple(replace(samples.heat_map().loops[0], name=f"Loop {number}") for number in range(6))
    tanks = tuple(rack(index, f"Loop {index // 2}") for index in range(12))
    heat_map.show_view(replace(samples.heat_map(), loops=loops, tanks=tanks))
    assert heat_map.slot_rect("0-0").y() == heat_map.slot_rect("2-0").y()
    heat_map.set_selected("1-6")
    qtbot.keyClick(heat_map, Qt.Key.Key_Right)
    assert heat_map.selected == "2-0"
