"""Reads RTLIL, the netlist text that Amaranth writes.

Of the language (https://yosyshq.readthedocs.io, "The RTL Intermediate Language") just what
`amaranth.back.rtlil` of Amaranth 0.5 writes for synchronous designs on rising edges is read;
anything else raises NotImplementedError.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .verilog_netlist import (
    Assign,
    Body,
    Const,
    Instance,
    Memory,
    Module,
    Operator,
    ReadPort,
    Register,
    Sig,
    Slice,
    Switch,
    Wire,
    WritePort,
)

#: RTLIL cells that are operators.
OPERATORS = frozenset(
    "not neg reduce_or reduce_and reduce_xor reduce_bool add sub mul and or xor shl shr sshr shift "
    "eq ne lt le gt ge mux".split()
)

#: Attributes of wires and modules that say nothing outside of Amaranth and Yosys.
_INTERNAL = re.compile(r"init|src|generator|top|enum_.*")

Value = str | int
Cell = tuple[str, str, dict[str, Value], dict[str, str], dict[str, Value]]
"""Kind, name, parameters, connections, attributes."""


def read_rtlil(text: str) -> list[Module]:
    """The modules of a design, parents before children; names are without the leading mark."""
    lines = iter([line for line in map(str.strip, text.splitlines()) if line])
    modules = []
    for line in lines:
        if line.startswith("module "):
            modules.append(_Reader(line.split()[1][1:], lines).module)
    return modules


class _Reader:
    """Reads the lines of one module up to its "end"."""

    def __init__(self, name: str, lines: Iterator[str]):
        self.module = Module(name)
        self._lines = lines
        self._cells: list[Cell] = []
        attributes: dict[str, Value] = {}
        for line in lines:
            word, _, rest = line.partition(" ")
            if word == "end":
                break
            if word == "attribute":
                key, _, value = rest.partition(" ")
                attributes[key[1:]] = _value(value)
                continue
            if word == "wire":
                self._wire(rest.split(), attributes)
            elif word == "memory":
                _, width, _, depth, key = rest.split()
                self.module.memories[key[1:]] = Memory(int(width), int(depth), attributes)
            elif word == "cell":
                kind, key = rest.split()
                self._cells.append((kind, key[1:], *self._cell(), attributes))
            elif word == "process":
                body = self._body()
                self.module.processes[body[0].target.wire] = body[1:] if len(body) > 1 else body
                self._defaults[body[0].target.wire] = body[0]
            elif word == "connect":
                target, value = self._sigs(rest)
                self.module.copies[self._wire_of(target)] = value
            else:
                raise NotImplementedError(f"RTLIL: {line}")
            attributes = {}
