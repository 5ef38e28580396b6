"""Tanks as Indexed8 images: every kind of cell is a small stamp of palette indices, gap included."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from widgets.charts.tank_layout import GAP_ROW
from widgets.theme.tokens import Theme
from widgets.view_models.site import CellCode, TankView

GROUND = 64
"""Palette index of the panel behind the cells."""
HATCH_FIRST = 65
HATCH_STEPS = 8
OUTLINE = HATCH_FIRST + HATCH_STEPS
_CODES = 256
_HATCH_PERIOD = 4.0
_HATCH_STROKE = 1.6
_SAMPLES = 4


@dataclass(frozen=True, slots=True)
class Stamps:
    """The stamps for one cell size.

    Attributes:
        tiles: uint8, 256 codes x cell height x cell width (both with the gap), palette indices.
        palette: ARGB of every index.
        gap: Height of the gap between the supplies, device pixels.
    """

    tiles: NDArray[np.uint8]
    palette: tuple[int, ...]
    gap: int


def ramp_colours(theme: Theme, ramp: str, bins: int) -> list[QColor]:
    """The colours of `bins` bins of "deviation" or "magnitude", lowest first, sampled over the whole ramp."""
    colours = theme.deviation if ramp == "deviation" else theme.magnitude
    if bins <= 1:
        return [colours[len(colours) // 2]]
    last = len(colours) - 1
    return [_between(colours, index * last / (bins - 1)) for index in range(bins)]


def _between(colours: tuple[QColor, ...], position: float) -> QColor:
    low = min(int(position), len(colours) - 1)
    high = min(low + 1, len(colours) - 1)
    return mix(colours[low], colours[high], position - low)


def mix(first: QColor, second: QColor, share: float) -> QColor:
    """`share` of the second colour in the first."""
    keep = 1.0 - share
    return QColor(
        round(first.red() * keep + second.red() * share),
        round(first.green() * keep + second.green() * share),
        round(first.blue() * keep + second.blue() * share),
    )


def make_stamps(theme: Theme, ramp: str, bins: int, pitch_x: int, pitch_y: int, ratio: float) -> Stamps:
    """Stamps for cells of `pitch_x` x `pitch_y` logical pixels on a screen of `ratio` device pixels each."""
    width, height = round(pitch_x * ratio), round(pitch_y * ratio)
    gap = max(1, round(ratio))
    inner = (slice(0, height - gap), slice(0, width - gap))
    tiles = np.full((_CODES, height, width), GROUND, dtype=np.uint8)
    for index in range(min(bins, 16)):
        tiles[index][inner] = index
    tiles[CellCode.MISSING][inner] = _hatch(width - gap, height - gap, ratio)
    tiles[CellCode.NOT_HASHING] = _hollow(tiles[CellCode.NOT_HASHING], width - gap, height - gap, gap)
    return Stamps(tiles, _palette(theme, ramp, bins), round(GAP_ROW * ratio))


def _hatch(width: int, height: int, ratio: float) -> NDArray[np.uint8]:
    """Diagonal strokes, their coverage of each pixel counted on a finer grid."""
    fine_y, fine_x = np.mgrid[0 : height * _SAMPLES, 0 : width * _SAMPLES] / (_SAMPLES * ratio)
    inside = ((fine_x + fine_y) / math.sqrt(2.0)) % _HATCH_PERIOD < _HATCH_STROKE
    coverage = inside.reshape(height, _SAMPLES, width, _SAMPLES).mean(axis=(1, 3))
    steps: NDArray[np.uint8] = (HATCH_FIRST + np.rint(coverage * (HATCH_STEPS - 1))).astype(np.uint8)
    return steps


def _hollow(tile: NDArray[np.uint8], width: int, height: int, line: int) -> NDArray[np.uint8]:
    inset = line if min(width, height) > 6 * line else 0
    drawn = tile.copy()
    drawn[inset : height - inset, inset : width - inset] = OUTLINE
    drawn[inset + line : height - inset - line, inset + line : width - inset - line] = GROUND
    return drawn


def _palette(theme: Theme, ramp: str, bins: int) -> tuple[int, ...]:
    palette = [theme.panel.rgba()] * _CODES
    for index, colour in enumerate(ramp_colours(theme, ramp, bins)[:16]):
        palette[index] = colour.rgba()
    for step in range(HATCH_STEPS):
        palette[HATCH_FIRST + step] = mix(theme.sunken, theme.hatch, step / (HATCH_STEPS - 1)).rgba()
    palette[OUTLINE] = theme.equipment.rgba()
    return tuple(palette)


def tank_image(tank: TankView, stamps: Stamps, ratio: float) -> QImage:
    """One tank as an Indexed8 image at device resolution, to be drawn without scaling."""
    _, height, width = stamps.tiles.shape
    stamped = stamps.tiles[tank.cells]
    flat = stamped.transpose(0, 2, 1, 3).reshape(tank.rows * height, tank.columns * width)
    if tank.gap_after >= 0:
        gap = np.full((stamps.gap, flat.shape[1]), GROUND, dtype=np.uint8)
        cut = (tank.gap_after + 1) * height
        flat = np.concatenate((flat[:cut], gap, flat[cut:]))
    flat = np.ascontiguousarray(flat)
    image = QImage(flat.data, flat.shape[1], flat.shape[0], flat.shape[1], QImage.Format.Format_Indexed8).copy()
    image.setColorTable(list(stamps.palette))
    image.setDevicePixelRatio(ratio)
    return image
