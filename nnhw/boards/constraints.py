"""Which port of the top module goes to which pin, in the words of each place and route."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .board import Board


def constraints_file(board: Board) -> tuple[str, str]:
    """Suffix and text of the constraint file of a board's top module."""
    pins = {
        "clk_in": board.clock_pin,
        "rx": board.rx_pin,
        "tx": board.tx_pin,
        "led": board.led_pin,
    }
    suffix, write = _WRITERS[board.target.family.name]
    return suffix, "".join(f"{line}\n" for line in write(board, pins))


def _lpf(board: Board, pins: Mapping[str, str]) -> list[str]:
    """ECP5: Lattice's preference language, as far as nextpnr reads it."""
    lines = [f"# {board.title}: {board.source}"]
    for port, pin in pins.items():
        lines.append(f'LOCATE COMP "{port}" SITE "{pin}";')
        # a line that nothing is connected to is at rest
        pull = " PULLMODE=UP" if port == "rx" else ""
        lines.append(f'IOBUF PORT "{port}" IO_TYPE={board.io_standard}{pull};')
    return lines


def _pcf(board: Board, pins: Mapping[str, str]) -> list[str]:
    """iCE40: physical constraints of icestorm."""
    lines = [f"# {board.title}: {board.source}"]
    for port, pin in pins.items():
        pull = "-pullup yes " if port == "rx" else ""
        lines.append(f"set_io {pull}{port} {pin}")
    return lines


def _cst(board: Board, pins: Mapping[str, str]) -> list[str]:
    """Gowin: physical constraints."""
    lines = [f"// {board.title}: {board.source}"]
    for port, pin in pins.items():
        lines.append(f'IO_LOC "{port}" {pin};')
        pull = " PULL_MODE=UP" if port == "rx" else ""
        lines.append(f'IO_PORT "{port}" IO_TYPE={board.io_standard}{pull};')
    return lines


_WRITERS: Mapping[str, tuple[str, Callable[[Board, Mapping[str, str]], list[str]]]] = {
    "ecp5": (".lpf", _lpf),
    "ice40": (".pcf", _pcf),
    "gowin": (".cst", _cst),
}
