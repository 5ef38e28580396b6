"""The running clock under the name that displays import; the painting stands in `widgets.controls.clock_bar`.

It lives among the controls because tables draw it too, and tables and tiles do not see each other.
"""

from widgets.controls.clock_bar import paint_bar, paint_clock

__all__ = ["paint_bar", "paint_clock"]
