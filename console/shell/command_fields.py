"""The fields of each command's arguments; the ranges and choices are those that the device's profile offers."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)

from console.shell.command_desk import CommandQuestion
from console.shell.dialogs import plain
from drivers.core.command import Capability

MOST_WATTS: Final = 100_000
AUTOMATIC: Final = "left to the firmware"


class Fields(QObject):
    """No fields: the command has no arguments."""

    changed = Signal()

    def __init__(self, question: CommandQuestion, form: QFormLayout) -> None:
        super().__init__()
        self._build(question, form)

    def _build(self, question: CommandQuestion, form: QFormLayout) -> None:
        """Add the rows."""

    @property
    def complete(self) -> bool:
        """Whether everything needed is filled in."""
        return True

    def arguments(self) -> dict[str, Any]:
        """As `read_command` takes them."""
        return {}


class _Switch(Fields):
    """On or off."""

    def _build(self, question: CommandQuestion, form: QFormLayout) -> None:
        self._choice = QComboBox()
        self._choice.addItems(["on", "off"])
        self._choice.setAccessibleName("on or off")
        form.addRow("Switch", self._choice)

    def arguments(self) -> dict[str, Any]:
        return {"on": self._choice.currentText() == "on"}


class _Mode(Fields):
    """One of the firmware's modes."""

    def _build(self, question: CommandQuestion, form: QFormLayout) -> None:
        self._choice = QComboBox()
        self._choice.addItems(list(question.offer.modes))
        self._choice.setAccessibleName("power mode")
        form.addRow("Mode", self._choice)

    def arguments(self) -> dict[str, Any]:
        return {"mode": self._choice.currentText()}


class _Watts(Fields):
    """A power."""

    def _build(self, question: CommandQuestion, form: QFormLayout) -> None:
        self._field = QSpinBox()
        low, high = question.offer.low, question.offer.high
        self._field.setRange(round(low or 1), round(high or MOST_WATTS))
        self._field.setValue(self._field.maximum())
        self._field.setSuffix(" W")
        self._field.setAccessibleName("power target in watts")
        form.addRow("Power", self._field)

    def arguments(self) -> dict[str, Any]:
        return {"watts": float(self._field.value())}


class _Percent(Fields):
    """A fan speed, or none of ours."""

    def _build(self, question: CommandQuestion, form: QFormLayout) -> None:
        low, high = question.offer.low, question.offer.high
        self._field = QSpinBox()
        # The value below the smallest stands for the firmware's own control (Qt's special value).
        self._field.setRange(round(low or 0) - 1, round(high if high is not None else 100))
        self._field.setSpecialValueText(AUTOMATIC)
        self._field.setSuffix(" %")
        self._field.setValue(self._field.minimum())
        self._field.setAccessibleName("fan speed in percent")
        form.addRow("Fans", self._field)

    def arguments(self) -> dict[str, Any]:
        value = self._field.value()
        return {"percent": None if value == self._field.minimum() else float(value)}


class _Pools(Fields):
    """One pool of the allow-list and the account on it."""

    def _build(self, question: CommandQuestion, form: QFormLayout) -> None:
        self._url = QComboBox()
        self._url.addItems(list(question.allowed_pools))
        self._url.setAccessibleName("pool")
        self._user = QLineEdit()
        self._user.setAccessibleName("account or worker")
        form.addRow("Pool", self._url)
        form.addRow("Account", self._user)
        if not question.allowed_pools:
            form.addRow(plain("The site's allow-list is empty: terrahash command FOLDER allow-pool", role="secondary"))
        self._user.textChanged.connect(self.changed)

    @property
    def complete(self) -> bool:
        return bool(self._url.currentText() and self._user.text().strip())

    def arguments(self) -> dict[str, Any]:
        return {"pools": [{"url": self._url.currentText(), "user": self._user.text().strip()}]}


class _Firmware(Fields):
    """An image and the version that it brings."""

    def _build(self, question: CommandQuestion, form: QFormLayout) -> None:
        self._file = QLineEdit()
        self._file.setAccessibleName("firmware image")
        browse = QPushButton("Choose")
        browse.clicked.connect(self._choose)
        row = QHBoxLayout()
        row.addWidget(self._file, 1)
        row.addWidget(browse)
        holder = QWidget()
        row.setContentsMargins(0, 0, 0, 0)
        holder.setLayout(row)
        self._version = QLineEdit()
        self._version.setAccessibleName("version afterwards")
        form.addRow("Image", holder)
        form.addRow("Version afterwards", self._version)
        for field in (self._file, self._version):
            field.textChanged.connect(self.changed)

    def _choose(self) -> None:
        """Qt's own dialog, not the system's: it does not block the loop."""
        dialog = QFileDialog(self._file.window(), "Firmware image")
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
        dialog.fileSelected.connect(self._file.setText)
        dialog.open()

    @property
    def complete(self) -> bool:
        return bool(self._file.text().strip() and self._version.text().strip())

    def arguments(self) -> dict[str, Any]:
        return {"file": self._file.text().strip(), "version": self._version.text().strip()}


_FIELDS: Final[Mapping[Capability, Callable[[CommandQuestion, QFormLayout], Fields]]] = {
    Capability.LOCATE: _Switch,
    Capability.SET_IMMERSION: _Switch,
    Capability.SET_POWER_MODE: _Mode,
    Capability.SET_POWER_TARGET: _Watts,
    Capability.SET_FANS: _Percent,
    Capability.SET_POOLS: _Pools,
    Capability.UPDATE_FIRMWARE: _Firmware,
}


def fields_of(question: CommandQuestion, form: QFormLayout) -> Fields:
    """The fields of a command, added to a form."""
    return _FIELDS.get(question.capability, Fields)(question, form)
