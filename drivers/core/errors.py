"""The ways in which a device can fail to answer: typed, with the place and, where there is one, the raw reply."""

from typing import ClassVar

from drivers.core.reading import Quality

RAW_LIMIT = 4096
"""Bytes of a bad reply kept for the diagnostics screen."""


class DeviceError(Exception):
    """A device did not give what was asked.

    Attributes:
        address: Whom we asked, as `host:port`.
        text: One plain sentence: what happened.
        raw: The start of the reply, at most `RAW_LIMIT` bytes; data from the device, never to be interpreted.
    """

    quality: ClassVar[Quality] = Quality.NOT_POLLED

    def __init__(self, address: str, text: str, raw: bytes = b"") -> None:
        super().__init__(f"{address}: {text}")
        self.address = address
        self.text = text
        self.raw = raw[:RAW_LIMIT]


class Unreachable(DeviceError):
    """No connection: refused, no route, name unknown. The device may be off or the network may be down."""

    quality = Quality.UNREACHABLE


class TimedOut(DeviceError):
    """The device took the question and did not finish its answer before the deadline."""

    quality = Quality.TIMED_OUT


class Refused(DeviceError):
    """The device asks for credentials, or does not take the ones it was given."""

    quality = Quality.REFUSED


class Malformed(DeviceError):
    """The reply cannot be understood: cut, oversized, not the protocol, wrong types."""

    quality = Quality.MALFORMED


class Rejected(DeviceError):
    """The device understood and said no (an error status, a Modbus exception, an SNMP error status)."""

    quality = Quality.REJECTED


class Unsupported(DeviceError):
    """This model or firmware does not have what was asked."""

    quality = Quality.UNSUPPORTED


class LogRefused(DeviceError):
    """The device's own log came whole, and its times cannot be trusted; nothing of it is used."""


class ProfileError(ValueError):
    """A profile cannot be used; the text names the file, the line where it is known, and the remedy."""
