"""Serial ports of this computer."""

from __future__ import annotations

import os
import sys

import pytest

from nnhw.errors import LinkError, ToolError
from nnhw.link import SerialPort

pytest.importorskip("serial")


def test_sends_and_receives():
    master, slave = os.openpty()
    try:
        with SerialPort(os.ttyname(slave), baud=115_200) as port:
            assert port.read(0.01) == b""
            os.write(master, b"\x7e\x00\xff\n\r")
            received = b""
            while len(received) < 5:
                received += port.read(1)
            assert received == b"\x7e\x00\xff\n\r"
            port.write(b"\x00\x11\x13\x7e")
            assert os.read(master, 10) == b"\x00\x11\x13\x7e"
    finally:
        os.close(master)
        os.close(slave)


def test_no_such_port():
    with pytest.raises(LinkError, match="/dev/nonesuch cannot be opened"):
        SerialPort("/dev/nonesuch", baud=115_200)


def test_port_that_goes_away():
    master, slave = os.openpty()
    with SerialPort(os.ttyname(slave), baud=115_200) as port:
        os.close(slave)
        os.close(master)
        with pytest.raises(LinkError, match="failed"):
            port.read(1)


def test_without_pyserial(monkeypatch):
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(ToolError, match=r"nnhw\[boards\]"):
        SerialPort("/dev/ttyUSB0", baud=115_200)


def test_port_that_takes_nothing(monkeypatch):
    monkeypatch.setattr("nnhw.link.port._WRITE_SECONDS", 0.2)
    master, slave = os.openpty()
    try:
        with SerialPort(os.ttyname(slave), baud=4_000_000) as port:
            with pytest.raises(LinkError, match=r"failed: .*imeout"):
                port.write(bytes(1 << 20))
            while os.read(master, 1 << 20) and port._serial.out_waiting:
                pass
    finally:
        os.close(master)
        os.close(slave)


@pytest.mark.parametrize("name", ["", "socket://", "no://such", "a\0b", "loop://?logging=none"])
def test_wrong_names(name):
    with pytest.raises(LinkError, match="cannot be opened"):
        SerialPort(name, baud=115_200)
