"""Paint times of the large widgets on Qt's offscreen platform: `python tests/performance/bench_widgets.py [--json]`.

Every figure is the median CPU time in milliseconds of one thread. Budgets: heat map of 20,000 cells 8 ms,
60,000 rows sorted or searched 50 ms, a table repainted 16 ms.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget

from widgets.charts.heat_map import TankHeatMap
from widgets.tables.fleet_grid import FleetGrid
from widgets.tables.incident_table import IncidentTable
from widgets.theme.fonts import load_fonts
from widgets.theme.tokens import ThemeSource, load_theme
from widgets.view_models import samples, samples_fleet, samples_incidents
from widgets.view_models.site import HeatMapView

ROUNDS = 15


def median_ms(work: Callable[[int], object]) -> float:
    """Median CPU time of `work(round)`."""
    taken = []
    for number in range(ROUNDS):
        start = time.process_time()
        work(number)
        taken.append((time.process_time() - start) * 1000)
    return round(statistics.median(taken), 2)


def painter_of(widget: QWidget) -> Callable[[int], None]:
    """Paint a widget into an image of its size."""
    target = QImage(widget.size(), QImage.Format.Format_ARGB32_Premultiplied)
    return lambda _: widget.render(target)


def changed(view: HeatMapView, seed: int) -> HeatMapView:
    """Every tank of a view with other bins and another temperature: the worst frame."""
    random = np.random.default_rng(seed)
    return replace(
        view,
        tanks=tuple(
            replace(
                tank,
                cells=random.integers(0, 9, tank.cells.shape).astype(np.uint8),
                outlet=f"{random.uniform(50, 60):.1f} °C",
            )
            for tank in view.tanks
        ),
    )


def heat_maps(theme: ThemeSource) -> dict[str, float]:
    """A frame applied and painted: every tank changed, and nothing changed; 2,912 and 19,968 cells."""
    figures = {}
    for name, view in (("2912", samples.heat_map()), ("19968", samples.large_heat_map(96))):
        widget = TankHeatMap(theme)
        widget.resize(1236, 660)
        widget.show_view(view)
        widget.show()
        paint = painter_of(widget)
        frames = [changed(view, seed) for seed in range(ROUNDS)]
        figures[f"heat_map_{name}_apply_all_changed"] = median_ms(lambda at: widget.show_view(frames[at]))  # noqa: B023
        figures[f"heat_map_{name}_apply_unchanged"] = median_ms(lambda _: widget.show_view(frames[-1]))  # noqa: B023
        figures[f"heat_map_{name}_paint"] = median_ms(paint)
        widget.close()
    return figures


def fleet(theme: ThemeSource) -> dict[str, float]:
    """60,000 devices in twelve columns."""
    grid = FleetGrid(theme)
    grid.resize(1736, 860)
    view = samples_fleet.fleet(60_000)
    grid.show_view(view)
    grid.show()
    columns = ("chip_temp", "hashrate", "name")
    words = ("t1", "10.31.7", "s19 t02", "")

    def sort(column: str, descending: bool) -> None:
        grid.order.sort_by(column, descending)
        grid.apply_order()

    figures = {
        "fleet_60000_sort": median_ms(lambda at: sort(columns[at % 3], bool(at % 2))),
        "fleet_60000_search": median_ms(lambda at: grid.search(words[at % 4])),
        "fleet_60000_frame": median_ms(lambda _: grid.show_view(view)),
        "fleet_60000_paint": median_ms(painter_of(grid)),
    }
    grid.close()
    return figures


def incidents(theme: ThemeSource) -> dict[str, float]:
    """10,000 incidents."""
    table = IncidentTable(theme)
    table.resize(1736, 860)
    rows = samples_incidents.many_rows(10_000)
    table.show_rows(rows)
    table.show()
    figures = {
        "incidents_10000_frame": median_ms(lambda at: table.show_rows(rows[::-1] if at % 2 else rows)),
        "incidents_10000_paint": median_ms(painter_of(table)),
    }
    table.close()
    return figures


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true", help="one JSON object on stdout")
    arguments = options.parse_args()
    app = QApplication([])
    load_fonts()
    theme = ThemeSource(load_theme("dark"))
    figures = {**heat_maps(theme), **fleet(theme), **incidents(theme)}
    app.quit()
    if arguments.json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    for name, milliseconds in figures.items():
        sys.stdout.write(f"{name:40} {milliseconds:8.2f} ms\n")


if __name__ == "__main__":
    main()
