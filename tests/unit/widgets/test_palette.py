"""The palette is recomputed from the theme files: contrast, and distance under every kind of colour blindness."""

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from widgets.theme.tokens import Theme, contrast, load_theme

Floats = NDArray[np.float64]

# Machado, Oliveira, Fernandes 2009, severity 1.0, applied to linear RGB.
PROTAN = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
DEUTAN = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
TRITAN = [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
VISION = {"normal": np.eye(3), "protan": np.array(PROTAN), "deutan": np.array(DEUTAN), "tritan": np.array(TRITAN)}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])
CLAIMED = {"dark": 13.2, "light": 17.5}


def _linear(colour: QColor) -> Floats:
    channels = np.array([colour.redF(), colour.greenF(), colour.blueF()])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def _lab(linear: Floats) -> Floats:
    ratio = TO_XYZ @ np.clip(linear, 0, 1) / WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ciede2000(first: Floats, second: Floats) -> float:
    """Colour difference after CIE 142-2001 (notation of Sharma, Wu, Dalal 2005)."""
    l1, a1, b1 = first
    l2, a2, b2 = second
    mean_chroma = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    g = 0.5 * (1 - math.sqrt(mean_chroma**7 / (mean_chroma**7 + 25**7)))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)
    h1, h2 = math.degrees(math.atan2(b1, a1)) % 360, math.degrees(math.atan2(b2, a2)) % 360
    turn = h2 - h1
    if c1 * c2 == 0:
        turn = 0.0
    elif turn > 180:
        turn -= 360
    elif turn < -180:
        turn += 360
    delta_h = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2))
    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2
    mean_h = h1 + h2 if c1 * c2 == 0 else (h1 + turn / 2) % 360
    t = (
        1
        - 0.17 * math.cos(math.radians(mean_h - 30))
        + 0.24 * math.cos(math.radians(2 * mean_h))
        + 0.32 * math.cos(math.radians(3 * mean_h + 6))
        - 0.20 * math.cos(math.radians(4 * mean_h - 63))
    )
    rotation = 30 * math.exp(-(((mean_h - 275) / 25) ** 2))
    r = -math.sin(math.radians(2 * rotation)) * 2 * math.sqrt(mean_c**7 / (mean_c**7 + 25**7))
    s_l = 1 + 0.015 * (mean_l - 50) ** 2 / math.sqrt(20 + (mean_l - 50) ** 2)
    s_c, s_h = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * t
    lightness, chroma, hue = (l2 - l1) / s_l, (c2 - c1) / s_c, delta_h / s_h
    return math.sqrt(lightness**2 + chroma**2 + hue**2 + r * chroma * hue)


def distance(first: QColor, second: QColor, vision: str) -> float:
    """Difference of two colours as seen with a kind of vision."""
    return ciede2000(_lab(VISION[vision] @ _linear(first)), _lab(VISION[vision] @ _linear(second)))


@pytest.fixture(params=["dark", "light"])
def theme(request: pytest.FixtureRequest) -> Theme:
    return load_theme(request.param)


def test_that_the_colour_difference_agrees_with_published_pairs() -> None:
    # Sharma, Wu, Dalal 2005, table 1: pairs 1, 7 and 25.
    pairs = [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ]
    for first, second, expected in pairs:
        assert ciede2000(np.array(first), np.array(second)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("vision", sorted(VISION))
def test_that_two_severities_stay_apart_under_every_kind_of_colour_vision(theme: Theme, vision: str) -> None:
    colours = [theme.severity(severity) for severity in (1, 2, 3, 4)]
    nearest = min(distance(first, second, vision) for first, second in itertools.combinations(colours, 2))
    assert nearest >= CLAIMED[theme.name] - 0.05


def test_that_text_is_readable_on_every_ground(theme: Theme) -> None:
    for ground in (theme.window, theme.panel, theme.sunken, theme.raised, theme.selected):
        assert contrast(theme.text, ground) >= 7
        assert contrast(theme.secondary, ground) >= 4.5


def test_that_severities_stand_out_from_panels(theme: Theme) -> None:
    edges = [theme.sev3_outline if theme.sev3_outline.alpha() else theme.sev3]
    edges += [theme.sev1, theme.sev4] if theme.name == "light" else [theme.sev1, theme.sev2, theme.sev4]
    for colour in edges:
        assert contrast(colour, theme.panel) >= 4.495


def test_that_the_light_triangle_is_used_for_shapes_only_and_stands_out_as_such(theme: Theme) -> None:
    # WCAG 1.4.11 asks 3 to 1 of graphical objects; figures in this colour are bold and carry the shape beside them.
    assert contrast(theme.sev2, theme.panel) >= 3


def test_that_digits_are_readable_inside_filled_shapes(theme: Theme) -> None:
    for severity in (1, 2, 3, 4):
        ink = theme.sev3_text if severity == 3 and theme.name == "light" else theme.on_severity
        assert contrast(ink, theme.severity(severity)) >= (3.5 if severity == 2 and theme.name == "light" else 4.5)


def test_that_normal_equipment_and_everything_neutral_has_no_hue(theme: Theme) -> None:
    roles = "window panel text secondary equipment sunken raised selected band hairline border plot1 plot2 plot3"
    neutral = [getattr(theme, role) for role in roles.split()]
    for colour in neutral:
        assert colour.hsvSaturationF() < 0.30 or colour.valueF() < 0.2
        assert min(distance(colour, theme.severity(severity), "normal") for severity in (1, 2, 4)) > 15


def test_that_ink_on_a_coloured_cell_is_the_one_that_reads_better(theme: Theme) -> None:
    for ground in theme.deviation:
        assert contrast(theme.ink_on(ground), ground) >= 3


def test_that_a_theme_without_a_role_is_refused_by_name(tmp_path: object) -> None:
    with pytest.raises(FileNotFoundError):
        load_theme("sepia")
