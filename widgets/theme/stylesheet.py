"""What Qt's own widgets look like: a style sheet and a palette made from the theme.

Painted widgets take their colours from the theme themselves; this is for text fields, scroll bars, menus and dialogs.
"""

from string import Template

from PySide6.QtGui import QPalette

from widgets.theme.fonts import BODY, FAMILY, LABEL
from widgets.theme.tokens import CONTROL, Theme

TEMPLATE = Template(
    """
QWidget { font-family: "$family"; font-size: ${body}px; color: $text; }
QMainWindow, QDialog { background: $window; }
QLabel { background: transparent; }
QLabel[role="secondary"] { color: $secondary; }

QPushButton { min-height: ${inner}px; padding: 0 12px; border: 1px solid $border; border-radius: 4px;
  background: $raised; color: $text; }
QPushButton:hover { background: $selected; }
QPushButton:pressed { background: $sunken; }
QPushButton:default { background: $text; color: $window; border-color: $text; font-weight: 600; }
QPushButton:disabled { background: transparent; border-style: dashed; color: $equipment; }
QPushButton:focus, QToolButton:focus { border: 2px solid $focus; padding: 0 11px; min-height: ${inner_focus}px; }

QScrollArea, QAbstractScrollArea { background: transparent; border: 0; }
QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox { border: 1px solid $border;
  border-radius: 4px; background: $sunken; color: $text; padding: 0 8px;
  selection-background-color: $selected; selection-color: $text; placeholder-text-color: $equipment; }
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox { min-height: ${inner}px; }
QPlainTextEdit, QTextEdit { padding: 4px 6px; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus {
  border: 2px solid $focus; padding: 0 7px; }
QPlainTextEdit:focus, QTextEdit:focus { padding: 3px 5px; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus { min-height: ${inner_focus}px; }
QLineEdit:disabled, QPlainTextEdit:disabled { border-style: dashed; color: $equipment; }
QAbstractSpinBox QLineEdit { border: 0; padding: 0; min-height: 0; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { width: 0; border: 0; }
QComboBox::drop-down { border: 0; width: 20px; }
QComboBox QAbstractItemView { background: $panel; border: 1px solid $border; selection-background-color: $selected;
  selection-color: $text; outline: 0; }

QCheckBox, QRadioButton { spacing: 8px; background: transparent; }
QCheckBox:focus, QRadioButton:focus { outline: 2px solid $focus; }

QScrollArea > QWidget > QWidget { background: transparent; }
QScrollBar:vertical { background: transparent; width: 8px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 8px; margin: 0; }
QScrollBar::handle { background: $border; border-radius: 3px; margin: 1px; }
QScrollBar::handle:hover { background: $equipment; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QMenuBar { background: $panel; color: $text; }
QMenuBar::item:selected { background: $selected; }
QMenu { background: $panel; color: $text; border: 1px solid $border; padding: 4px 0; }
QMenu::item { padding: 5px 24px 5px 16px; }
QMenu::item:selected { background: $selected; }
QMenu::item:disabled { color: $equipment; }
QMenu::separator { height: 1px; background: $hairline; margin: 4px 0; }

QToolTip { background: $sunken; color: $text; border: 1px solid $border; padding: 6px 8px; font-size: ${label}px; }

QListView, QTreeView, QTableView { background: $panel; alternate-background-color: $panel; color: $text;
  gridline-color: $hairline; border: 0; outline: 0; selection-background-color: $selected; selection-color: $text; }
QListView::item { min-height: 22px; padding: 0 8px; }
QHeaderView::section { background: $panel; color: $secondary; border: 0; border-bottom: 1px solid $border;
  padding: 0 8px; min-height: 24px; }
QTableCornerButton::section { background: $panel; border: 0; }
QSplitter::handle { background: $window; }
QProgressBar { border: 0; background: $sunken; border-radius: 2px; max-height: 4px; }
QProgressBar::chunk { background: $secondary; border-radius: 2px; }
QDockWidget { color: $text; }
"""
)


def stylesheet(theme: Theme) -> str:
    """The style sheet for the application or a top window."""
    colours = {
        role: getattr(theme, role).name()
        for role in (
            "window", "panel", "text", "secondary", "equipment", "sunken", "raised", "selected", "hairline", "border",
            "focus",
        )
    }  # fmt: skip
    sizes = {"body": BODY, "label": LABEL, "inner": CONTROL - 2, "inner_focus": CONTROL - 4}
    return TEMPLATE.substitute(family=FAMILY, **colours, **sizes)


def palette(theme: Theme) -> QPalette:
    """The palette that goes with the style sheet, for what a style draws without asking it."""
    made = QPalette()
    for role, colour in (
        (QPalette.ColorRole.Window, theme.window),
        (QPalette.ColorRole.WindowText, theme.text),
        (QPalette.ColorRole.Base, theme.sunken),
        (QPalette.ColorRole.AlternateBase, theme.panel),
        (QPalette.ColorRole.Text, theme.text),
        (QPalette.ColorRole.PlaceholderText, theme.equipment),
        (QPalette.ColorRole.Button, theme.raised),
        (QPalette.ColorRole.ButtonText, theme.text),
        (QPalette.ColorRole.Highlight, theme.selected),
        (QPalette.ColorRole.HighlightedText, theme.text),
        (QPalette.ColorRole.ToolTipBase, theme.sunken),
        (QPalette.ColorRole.ToolTipText, theme.text),
        (QPalette.ColorRole.Link, theme.text),
        (QPalette.ColorRole.LinkVisited, theme.secondary),
    ):
        made.setColor(role, colour)
    return made
