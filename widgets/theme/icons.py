"""The line icons of resources/icons, tinted with a colour of the theme and cached."""

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from resources import resource

STROKE = "currentColor"
"""The colour every icon file is drawn in, replaced by the tint."""


def image(name: str, colour: QColor, size: int, ratio: float = 1.0) -> QImage:
    """An icon as a picture of size x size logical pixels.

    Raises:
        FileNotFoundError: No icon of that name in resources/icons.
    """
    return _render(name, colour.rgb(), size, ratio)


def pixmap(name: str, colour: QColor, size: int, ratio: float = 1.0) -> QPixmap:
    """An icon as a pixmap, for Qt's own widgets. Raises FileNotFoundError as `image` does."""
    return QPixmap.fromImage(image(name, colour, size, ratio))


def icon(name: str, colour: QColor, size: int) -> QIcon:
    """An icon for Qt's own buttons and menus, sharp up to twice the density. Raises FileNotFoundError."""
    made = QIcon(pixmap(name, colour, size))
    made.addPixmap(pixmap(name, colour, size, 2.0))
    return made


def paint_icon(painter: QPainter, rect: QRectF, name: str, colour: QColor) -> None:
    """Draw an icon in the middle of a rectangle, as large as fits. Raises FileNotFoundError."""
    size = round(min(rect.width(), rect.height()))
    device = painter.device()
    picture = image(name, colour, size, device.devicePixelRatio() if device is not None else 1.0)
    painter.drawImage(round(rect.center().x() - size / 2), round(rect.center().y() - size / 2), picture)


@lru_cache(maxsize=512)
def _render(name: str, tint: int, size: int, ratio: float) -> QImage:
    source = resource("icons", f"{name}.svg").read_text(encoding="utf-8")
    renderer = QSvgRenderer(QByteArray(source.replace(STROKE, QColor(tint).name()).encode()))
    side = round(size * ratio)
    picture = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter)
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture
