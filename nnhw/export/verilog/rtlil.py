"""Reads RTLIL, the netlist text that Amaranth writes.

Of the language (https://yosyshq.readthedocs.io, "RTLIL text representation") just what
`amaranth.back.rtlil` of Amaranth 0.5 writes for designs of one or more rising clock edges and
synchronous resets is read; anything else raises NotImplementedError.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .netlist import (
    Instance,
    Memory,
    Module,
    Operator,
    ReadPort,
    Register,
    Value,
    Wire,
    WritePort,
)
from .processes import Assign, Body, Switch, targets
from .signals import Const, Sig, Slice, width_of

#: Cells that are operators.
OPERATORS = frozenset(
    {"not", "neg", "reduce_or", "reduce_and", "reduce_xor", "reduce_bool"}
    | {"add", "sub", "mul", "and", "or", "xor", "shl", "shr", "sshr", "mux"}
    | {"eq", "ne", "lt", "le", "gt", "ge"}
)

#: Attributes that say nothing outside of Amaranth and Yosys, or are kept elsewhere.
_INTERNAL = re.compile(r"init|src|generator|top|enum_.*")


def read_rtlil(text: str) -> dict[str, Module]:
    """The modules of a design by name, parents before children.

    Names are without RTLIL's leading backslash; those of nameless wires begin with a dollar sign.
    """
    lines = iter([line for line in map(str.strip, text.splitlines()) if line])
    readers = [_Reader(line.split()[1], lines) for line in lines if line.startswith("module ")]
    modules = {reader.module.name: reader.module for reader in readers}
    for module in modules.values():
        for name, instance in module.instances.items():
            if instance.module not in modules:
                module.gather_outputs(name)
            else:
                wires = modules[instance.module].wires
                outputs = [port for port in instance.inputs if wires[port].direction == "output"]
                for port in outputs:
                    instance.outputs[port] = _wire_of(instance.inputs.pop(port))
    return modules


@dataclass(slots=True)
class _Cell:
    """A cell as it is read; outputs are among the ports, too."""

    kind: str
    name: str
    attributes: dict[str, Value]
    parameters: dict[str, Value] = field(default_factory=dict)
    ports: dict[str, Sig] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)


class _Reader:
    """Reads the lines of one module up to and with its "end"."""

    def __init__(self, name: str, lines: Iterator[str]):
        self.module = Module(_name(name))
        self._lines = lines
        self._cells: list[_Cell] = []
        attributes: dict[str, Value] = {}
        for line in lines:
            word, _, rest = line.partition(" ")
            if word == "end":
                break
            if word == "attribute":
                key, _, text = rest.partition(" ")
                attributes[_name(key)] = _value(text)
                continue
            shown = {key: value for key, value in attributes.items() if not _INTERNAL.match(key)}
            if word == "wire":
                self._wire(rest.split(), attributes.get("init"), shown)
            elif word == "memory":
                _, width, _, depth, key = rest.split()
                self.module.memories[_name(key)] = Memory(int(width), int(depth), shown)
            elif word == "cell":
                kind, _, key = rest.partition(" ")
                self._cells.append(self._cell(_Cell(_name(kind), _name(key), shown)))
            elif word == "process":
                body = self._body()
                (target,) = targets(body[:1])  # Amaranth begins with an assignment to all bits
                self.module.processes[target] = body
            elif word == "connect":
                copy, source = self._sigs(rest)
                self.module.copies[_wire_of(copy)] = source
            else:
                raise NotImplementedError(f"RTLIL in module '{self.module.name}': {line}")
            attributes = {}
        for cell in self._cells:
            self._add(cell)

    def _wire(self, words: list[str], init: Value | None, attributes: dict[str, Value]) -> None:
        bits = init.bits if isinstance(init, Const) else ""
        name = _name(words[-1])
        direction = words[2] if words[2] in ("input", "output") else ""
        self.module.wires[name] = Wire(name, int(words[1]), direction, bits, attributes)
        if direction:
            self.module.ports.append(name)

    def _cell(self, cell: _Cell) -> _Cell:
        """Read the parameters and connections of a cell."""
        for line in self._lines:
            word, _, rest = line.partition(" ")
            if word == "end":
                break
            key, _, text = rest.removeprefix("signed ").partition(" ")
            if key == "real":
                raise NotImplementedError(f"RTLIL parameter in module '{self.module.name}': {line}")
            if word == "parameter":
                cell.parameters[_name(key)] = _value(text)
            else:
                (cell.ports[_name(key)],) = self._sigs(text)
                # Amaranth writes wires without their range just where they are outputs
                if text[0] in "\\$" and " " not in text:
                    cell.outputs[_name(key)] = _name(text)
        return cell

    def _body(self) -> Body:
        """Statements up to and with the next "end", or up to the next "case"."""
        statements: list[Assign | Switch] = []
        for line in self._lines:
            word, _, rest = line.partition(" ")
            if word == "assign":
                target, value = self._sigs(rest)
                (piece,) = target
                assert isinstance(piece, Slice)
                statements.append(Assign(piece, value))
            elif word == "switch":
                switch = self._switch(rest)
                # a switch on nothing holds assignments that come after another switch
                statements += [switch] if switch.select else switch.cases[0][1]
            else:
                self._ended_by = line
                break
        return tuple(statements)

    def _switch(self, select: str) -> Switch:
        cases = []
        line = next(self._lines)
        while line != "end":
            patterns = line.removeprefix("case").strip()
            cases.append((tuple(p.split("'")[1] for p in patterns.split(", ") if p), self._body()))
            line = self._ended_by
        (sig,) = self._sigs(select)
        return Switch(sig, tuple(cases))

    def _add(self, cell: _Cell) -> None:
        """Add what a cell stands for to the module."""
        module, ports, parameters = self.module, cell.ports, cell.parameters
        kind = cell.kind.removeprefix("$")
        if not cell.kind.startswith("$"):
            module.instances[cell.name] = Instance(
                cell.kind,
                {port: sig for port, sig in ports.items() if port not in cell.outputs},
                cell.outputs,
                parameters=parameters,
                attributes=cell.attributes,
            )
        elif kind in OPERATORS:
            sigs = tuple(ports[port] for port in "SAB" if port in ports)
            signed = bool(parameters.get("A_SIGNED"))
            width = width_of(ports["Y"])
            module.operators[cell.outputs["Y"]] = Operator(kind, sigs, width, signed)
        elif kind == "dff" and parameters["CLK_POLARITY"]:
            module.registers[cell.outputs["Q"]] = Register(ports["D"], ports["CLK"])
        elif kind == "meminit_v2":
            memory = self._memory(parameters)
            bits = "".join(piece.bits for piece in ports["DATA"] if isinstance(piece, Const))
            starts = range(len(bits) - memory.width, -1, -memory.width)
            memory.words = [int(bits[start : start + memory.width], 2) for start in starts]
        elif kind == "memrd_v2" and parameters["CLK_POLARITY"] and not _is_transparent(parameters):
            clock = ports["CLK"] if parameters["CLK_ENABLE"] else ()
            self._memory(parameters).reads.append(
                ReadPort(cell.outputs["DATA"], ports["ADDR"], ports["EN"], clock)
            )
        elif kind == "memwr_v2" and parameters["CLK_POLARITY"]:
            self._memory(parameters).writes.append(
                WritePort(ports["ADDR"], ports["DATA"], ports["EN"], ports["CLK"])
            )
        else:
            raise NotImplementedError(
                f"RTLIL cell {cell.kind} {parameters} in module '{module.name}' has no Verilog"
            )

    def _memory(self, parameters: dict[str, Value]) -> Memory:
        return self.module.memories[_name(str(parameters["MEMID"]))]

    def _sigs(self, text: str) -> list[Sig]:
        """The signals in a text, one after the other."""
        sigs: list[Sig] = []
        pieces: list[Const | Slice] = []
        depth = 0
        for token in text.replace("{}", "{ }").split():
            if token == "{":
                depth += 1
                continue
            if token == "}":
                depth -= 1
            elif token[0] == "[":
                high, _, low = token[1:-1].partition(":")
                whole = pieces.pop() if depth else sigs.pop()[0]
                assert isinstance(whole, Slice)
                width = int(high) - int(low or high) + 1
                pieces.append(Slice(whole.wire, int(low or high), width))
            elif token[0] in "\\$":
                wire = self.module.wires[_name(token)]
                pieces.append(Slice(wire.name, 0, wire.width))
            else:
                pieces.append(Const(token.partition("'")[2]))
            if not depth:
                sigs.append(tuple(reversed(pieces)))
                pieces = []
        return sigs


def _is_transparent(parameters: dict[str, Value]) -> bool:
    mask = parameters["TRANSPARENCY_MASK"]
    return isinstance(mask, Const) and "1" in mask.bits


def _wire_of(sig: Sig) -> str:
    (piece,) = sig
    assert isinstance(piece, Slice)
    return piece.wire


def _name(text: str) -> str:
    return text.removeprefix("\\")


def _value(text: str) -> Value:
    if text.startswith('"'):
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    width, quote, bits = text.partition("'")
    return Const(bits) if quote else int(width)
