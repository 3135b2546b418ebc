"""A serial port of this computer."""

from __future__ import annotations

from types import TracebackType

from ..errors import LinkError, ToolError

_WRITE_SECONDS = 5.0
"""How long a port may take for octets, beyond their time on the serial line."""


class SerialPort:
    """An open serial port: eight data bits, no parity, one stop bit, no flow control.

    Parameters
    ----------
    name
        Device such as /dev/ttyUSB0, or a URL that pyserial knows, such as socket://host:port.
    baud
        Bits a second.

    Raises
    ------
    ToolError
        If pyserial is not installed.
    LinkError
        If the port cannot be opened.
    """

    # The drivers behind pyserial have exceptions of many kinds.

    def __init__(self, name: str, *, baud: int):
        try:
            import serial
        except ImportError:
            raise ToolError(
                "Serial ports need pyserial; install it with: pip install 'nnhw[boards]'"
            ) from None
        self.name = name
        self._baud = baud
        try:
            self._serial = serial.serial_for_url(name, baudrate=baud)
        except Exception as error:
            raise LinkError(f"The serial port {name} cannot be opened: {error}") from error

    def __enter__(self) -> SerialPort:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._serial.close()

    def write(self, data: bytes) -> None:
        """Send octets.

        Raises
        ------
        LinkError
            If the port has gone, or does not take them in time.
        """
        try:
            # ten bits an octet
            self._serial.write_timeout = _WRITE_SECONDS + 10 * len(data) / self._baud
            self._serial.write(data)
        except Exception as error:
            raise LinkError(f"The serial port {self.name} failed: {error}") from error

    def read(self, seconds: float) -> bytes:
        """Octets that have arrived, at least one, or none after so many seconds.

        Raises
        ------
        LinkError
            If the port has gone.
        """
        try:
            self._serial.timeout = seconds
            first = self._serial.read(1)
            return first + self._serial.read(self._serial.in_waiting) if first else b""
        except Exception as error:
            raise LinkError(f"The serial port {self.name} failed: {error}") from error
