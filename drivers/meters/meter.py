"""Power meters behind a Modbus map: what they report is exactly what the profile names."""

from drivers.transports.register_device import RegisterDevice


class MeterDriver(RegisterDevice):
    """A power meter. Export counts negative power; energy is the imported counter."""
