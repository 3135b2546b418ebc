"""A module between Amaranth and Verilog: named wires, and what drives each of them.

Every wire has one driver: an input port, an operator, a process, a register, a memory's read port,
an instance, or a plain copy of other bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from .processes import Body, map_body, retarget, sigs_of_body
from .signals import Bit, Const, Sig, Slice, bits_of

Value = str | int | Const
"""Value of an attribute or a parameter."""


@dataclass(slots=True)
class Wire:
    """A wire, port or register.

    Parameters
    ----------
    direction
        "input" or "output" for a port, else "".
    init
        Initial bits of a register, else "".
    attributes
        Verilog attributes to print.
    """

    name: str
    width: int
    direction: str = ""
    init: str = ""
    attributes: dict[str, Value] = field(default_factory=dict)


SHIFTS = frozenset({"shl", "shr", "sshr"})
"""Kinds of operators whose second input is a distance."""


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator of RTLIL, such as "add"; "mux" has the inputs (select, if false, if true)."""

    kind: str
    inputs: tuple[Sig, ...]
    width: int
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Register:
    """A register without an asynchronous reset; the clock's rising edge counts."""

    data: Sig
    clock: Sig


@dataclass(frozen=True, slots=True)
class ReadPort:
    """Read port of a memory; `clock` is empty for one without a register."""

    wire: str
    address: Sig
    enable: Sig
    clock: Sig


@dataclass(frozen=True, slots=True)
class WritePort:
    """Write port of a memory; `enable` has a bit for every data bit."""

    address: Sig
    data: Sig
    enable: Sig
    clock: Sig


@dataclass(slots=True)
class Memory:
    """A memory and its ports; `words` are the initial words, unsigned."""

    width: int
    depth: int
    attributes: dict[str, Value]
    words: Sequence[int] = ()
    reads: list[ReadPort] = field(default_factory=list)
    writes: list[WritePort] = field(default_factory=list)


@dataclass(slots=True)
class Instance:
    """An instance of another module; `outputs` are whole wires.

    Parameters
    ----------
    gathered
        Outputs that stand for several ports of one bit each: these ports, the lowest bit first.
    """

    module: str
    inputs: dict[str, Sig] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    gathered: dict[str, list[str]] = field(default_factory=dict)
    parameters: dict[str, Value] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)


def without_number(port: str) -> str:
    """What the ports of a vendor's cell that are the bits of one vector have in common."""
    return port.rstrip("0123456789")


@dataclass(slots=True)
class Module:
    """A module; all but `name`, `wires` and `ports` say what drives the wires.

    `ports` are names of wires in the order of the port list.
    """

    name: str
    wires: dict[str, Wire] = field(default_factory=dict)
    ports: list[str] = field(default_factory=list)
    copies: dict[str, Sig] = field(default_factory=dict)
    operators: dict[str, Operator] = field(default_factory=dict)
    processes: dict[str, Body] = field(default_factory=dict)
    registers: dict[str, Register] = field(default_factory=dict)
    memories: dict[str, Memory] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)

    def whole(self, wire: str) -> Sig:
        """All bits of a wire."""
        return (Slice(wire, 0, self.wires[wire].width),)

    def whole_wire(self, sig: Sig) -> str | None:
        """The wire that `sig` is all bits of, if there is one."""
        if len(sig) == 1 and isinstance(sig[0], Slice) and sig == self.whole(sig[0].wire):
            return sig[0].wire
        return None

    def resolve(self, wire: str) -> list[Bit]:
        """The bits that a wire is a copy of, through any number of copies; or its own."""
        if wire not in self.copies:
            return list(bits_of(self.whole(wire)))
        bits: list[Bit] = []
        for piece in self.copies[wire]:
            if isinstance(piece, Slice) and piece.wire in self.copies:
                bits += self.resolve(piece.wire)[piece.start : piece.start + piece.width]
            else:
                bits += bits_of((piece,))
        return bits

    def gather_outputs(self, name: str) -> None:
        """Let one wire be all outputs of an instance that are the bits of a vector by their names.

        Cells of FPGA vendors have such ports: DOA0 to DOA17.
        """
        instance = self.instances[name]
        vectors: dict[str, list[str]] = {}
        for port in instance.outputs:
            vectors.setdefault(without_number(port), []).append(port)
        for vector, ports in vectors.items():
            if ports != [f"{vector}{index}" for index in range(len(ports))]:
                continue
            wire = f"{name}/{vector}"
            self.wires[wire] = Wire(wire, len(ports))
            for index, port in enumerate(ports):
                self.copies[instance.outputs.pop(port)] = (Slice(wire, index, 1),)
            instance.outputs[vector] = wire
            instance.gathered[vector] = ports

    def rename_drivers(self, names: dict[str, str]) -> None:
        """Let what drives the wires that are keys of `names` drive the values instead."""
        self.operators = {names.get(wire, wire): op for wire, op in self.operators.items()}
        self.registers = {names.get(wire, wire): r for wire, r in self.registers.items()}
        self.processes = {
            names.get(wire, wire): retarget(body, names[wire]) if wire in names else body
            for wire, body in self.processes.items()
        }
        for memory in self.memories.values():
            memory.reads = [
                replace(port, wire=names.get(port.wire, port.wire)) for port in memory.reads
            ]
        for instance in self.instances.values():
            instance.outputs = {
                port: names.get(wire, wire) for port, wire in instance.outputs.items()
            }

    def inputs(self) -> Iterator[Sig]:
        """Everything that is read."""
        yield from self.copies.values()
        for operator in self.operators.values():
            yield from operator.inputs
        for body in self.processes.values():
            yield from sigs_of_body(body)
        for register in self.registers.values():
            yield from (register.data, register.clock)
        for memory in self.memories.values():
            for read in memory.reads:
                yield from (read.address, read.enable, read.clock)
            for write in memory.writes:
                yield from (write.address, write.data, write.enable, write.clock)
        for instance in self.instances.values():
            yield from instance.inputs.values()

    def map_inputs(self, change: Callable[[Sig], Sig]) -> None:
        """Replace everything that is read by what `change` makes of it."""
        self.copies = {wire: change(sig) for wire, sig in self.copies.items()}
        self.operators = {
            wire: Operator(op.kind, tuple(map(change, op.inputs)), op.width, op.signed)
            for wire, op in self.operators.items()
        }
        self.processes = {wire: map_body(body, change) for wire, body in self.processes.items()}
        self.registers = {
            wire: Register(change(register.data), change(register.clock))
            for wire, register in self.registers.items()
        }
        for memory in self.memories.values():
            memory.reads = [
                ReadPort(port.wire, *map(change, (port.address, port.enable, port.clock)))
                for port in memory.reads
            ]
            memory.writes = [
                WritePort(*map(change, (port.address, port.data, port.enable, port.clock)))
                for port in memory.writes
            ]
        for instance in self.instances.values():
            instance.inputs = {port: change(sig) for port, sig in instance.inputs.items()}
