"""A serial port of this computer."""

from __future__ import annotations

from types import TracebackType

from ..errors import LinkError, ToolError


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

    def __init__(self, name: str, *, baud: int):
        try:
            import serial
        except ImportError:
            raise ToolError(
                "Serial ports need pyserial; install it with: pip install 'nnhw[boards]'"
            ) from None
        self.name = name
        self._errors = (serial.SerialException, OSError, ValueError)
        try:
            self._serial = serial.serial_for_url(name, baudrate=baud)
        except self._errors as error:
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
            If the port has gone.
        """
        try:
            self._serial.write(data)
        except self._errors as error:
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
        except self._errors as error:
            raise LinkError(f"The serial port {self.name} failed: {error}") from error
