"""Reads RTLIL, the netlist text that Amaranth writes.

Of the language (https://yosyshq.readthedocs.io, "RTLIL text representation") just what
`amaranth.back.rtlil` of Amaranth 0.5 writes for designs of one or more rising clock edges and
synchronous resets is read; anything else raises NotImplementedError.
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
    width_of,
)

UNARY = frozenset({"not", "neg", "reduce_or", "reduce_and", "reduce_xor", "reduce_bool"})
BINARY = frozenset(
    {"add", "sub", "mul", "and", "or", "xor", "shl", "shr", "sshr"}
    | {"eq", "ne", "lt", "le", "gt", "ge"}
)

#: Attributes that say nothing outside of Amaranth and Yosys, or are kept elsewhere.
_INTERNAL = re.compile(r"init|src|generator|top|enum_.*")

Value = str | int


def read_rtlil(text: str) -> dict[str, Module]:
    """The modules of a design by name, parents before children.

    Names are without RTLIL's leading backslash; those of nameless wires begin with a dollar sign.
    """
    lines = iter([line for line in map(str.strip, text.splitlines()) if line])
    modules = [
        _Reader(line.split()[1], lines).module for line in lines if line.startswith("module ")
    ]
    return {module.name: module for module in modules}


class _Reader:
    """Reads the lines of one module up to and with its "end"."""

    def __init__(self, name: str, lines: Iterator[str]):
        self.module = Module(_name(name))
        self._lines = lines
        attributes: dict[str, Value] = {}
        cells = []
        for line in lines:
            word, _, rest = line.partition(" ")
            if word == "end":
                break
            if word == "attribute":
                key, _, value = rest.partition(" ")
                attributes[_name(key)] = _value(value)
                continue
            shown = {key: value for key, value in attributes.items() if not _INTERNAL.match(key)}
            if word == "wire":
                self._wire(rest.split(), str(attributes.get("init", "")), shown)
            elif word == "memory":
                _, width, _, depth, key = rest.split()
                self.module.memories[_name(key)] = Memory(int(width), int(depth), shown)
            elif word == "cell":
                cells.append((*rest.split(), *self._connections(), shown))
            elif word == "process":
                self._process()
            elif word == "connect":
                target, value = self._sigs(rest)
                self.module.copies[_wire_of(target)] = value
            else:
                raise NotImplementedError(f"RTLIL in module '{self.module.name}': {line}")
            attributes = {}
        for cell in cells:
            self._cell(*cell)
        self._find_outputs()

    def _wire(self, words: list[str], init: str, attributes: dict[str, Value]) -> None:
        name = _name(words[-1])
        direction = words[2] if words[2] in ("input", "output") else ""
        self.module.wires[name] = Wire(name, int(words[1]), direction, init, attributes)
        if direction:
            self.module.ports.append(name)

    def _connections(self) -> tuple[dict[str, Value], dict[str, Sig]]:
        """Parameters and connections of a cell."""
        parameters: dict[str, Value] = {}
        ports: dict[str, Sig] = {}
        for line in self._lines:
            word, _, rest = line.partition(" ")
            if word == "end":
                break
            key, _, value = rest.removeprefix("signed ").partition(" ")
            if word == "parameter":
                parameters[_name(key)] = _value(value)
            else:
                (ports[_name(key)],) = self._sigs(value)
        return parameters, ports

    def _process(self) -> None:
        body = self._body()
        first = body[0]
        assert isinstance(first, Assign)
        self.module.processes[first.target.wire] = body

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

    def _cell(
        self,
        kind: str,
        name: str,
        parameters: dict[str, Value],
        ports: dict[str, Sig],
        attributes: dict[str, Value],
    ) -> None:
        module = self.module
        operator = kind.removeprefix("$")
        if not kind.startswith("$"):
            module.instances[_name(name)] = Instance(
                _name(kind), inputs=ports, parameters=parameters, attributes=attributes
            )
        elif operator in UNARY | BINARY:
            inputs = tuple(ports[port] for port in "AB" if port in ports)
            module.operators[_wire_of(ports["Y"])] = Operator(
                operator, inputs, int(parameters["Y_WIDTH"]), bool(parameters["A_SIGNED"])
            )
        elif kind == "$mux":
            inputs = (ports["S"], ports["A"], ports["B"])
            module.operators[_wire_of(ports["Y"])] = Operator("mux", inputs, width_of(ports["A"]))
        elif kind == "$dff" and parameters["CLK_POLARITY"]:
            module.registers[_wire_of(ports["Q"])] = Register(ports["D"], ports["CLK"])
        elif kind == "$meminit_v2":
            memory = self._memory(parameters)
            bits = "".join(piece.bits for piece in ports["DATA"] if isinstance(piece, Const))
            starts = range(len(bits) - memory.width, -1, -memory.width)
            memory.words = [bits[start : start + memory.width] for start in starts]
        elif kind == "$memrd_v2" and not int(str(parameters["TRANSPARENCY_MASK"]) or "0", 2):
            clock = ports["CLK"] if parameters["CLK_ENABLE"] else ()
            self._memory(parameters).reads.append(
                ReadPort(_wire_of(ports["DATA"]), ports["ADDR"], ports["EN"], clock)
            )
        elif kind == "$memwr_v2":
            self._memory(parameters).writes.append(
                WritePort(ports["ADDR"], ports["DATA"], ports["EN"], ports["CLK"])
            )
        else:
            raise NotImplementedError(
                f"RTLIL cell {kind} {parameters} in module '{module.name}' has no Verilog"
            )

    def _memory(self, parameters: dict[str, Value]) -> Memory:
        return self.module.memories[_name(str(parameters["MEMID"]))]

    def _find_outputs(self) -> None:
        """An instance drives the wires that nothing else drives."""
        module = self.module
        driven = set(module.copies) | set(module.operators) | set(module.processes)
        driven |= set(module.registers)
        driven |= {port.wire for memory in module.memories.values() for port in memory.reads}
        driven |= {name for name, wire in module.wires.items() if wire.direction == "input"}
        for instance in module.instances.values():
            for port, sig in list(instance.inputs.items()):
                wire = module.whole_wire(sig)
                if wire is not None and wire not in driven:
                    instance.outputs[port] = wire
                    del instance.inputs[port]

    def _sigs(self, text: str) -> list[Sig]:
        """The signals in a text, one after the other."""
        sigs: list[Sig] = []
        pieces: list[Const | Slice] = []
        depth = 0
        for token in text.split():
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


def _wire_of(sig: Sig) -> str:
    (piece,) = sig
    assert isinstance(piece, Slice)
    return piece.wire


def _name(text: str) -> str:
    return text.removeprefix("\\")


def _value(text: str) -> Value:
    """An attribute's or parameter's value: a number, or bits or characters as a string."""
    if text.startswith('"'):
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    width, quote, bits = text.partition("'")
    return bits if quote else int(width)
