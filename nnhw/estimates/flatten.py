"""A design as one module, as synthesizers take it."""

from __future__ import annotations

from dataclasses import replace

from ..export.verilog import Hierarchy
from ..export.verilog.netlist import Memory, Module, ReadPort, Register, WritePort
from ..export.verilog.processes import map_body, retarget
from ..export.verilog.signals import Sig, Slice


def flatten(hierarchy: Hierarchy) -> Module:
    """All modules of a design in one; instances of modules that are no part of it stay.

    A wire's name becomes the path of instances to it, joined by spaces. Contents of memories are
    left out.
    """
    flat = Module(hierarchy.top)
    todo = [(hierarchy.top, "")]
    while todo:
        name, path = todo.pop()
        todo += _add(flat, hierarchy, name, path)
    return flat


def _add(flat: Module, hierarchy: Hierarchy, name: str, path: str) -> list[tuple[str, str]]:
    """Add what a module has; returns names and paths of those in it."""
    module = hierarchy.modules[name]

    def moved(sig: Sig) -> Sig:
        return tuple(
            Slice(path + piece.wire, piece.start, piece.width)
            if isinstance(piece, Slice)
            else piece
            for piece in sig
        )

    for wire in module.wires.values():
        direction = "" if path else wire.direction
        flat.wires[path + wire.name] = replace(wire, name=path + wire.name, direction=direction)
    if not path:
        flat.ports = list(module.ports)
    flat.copies |= {path + wire: moved(sig) for wire, sig in module.copies.items()}
    flat.operators |= {
        path + wire: replace(operator, inputs=tuple(map(moved, operator.inputs)))
        for wire, operator in module.operators.items()
    }
    flat.processes |= {
        path + wire: retarget(map_body(body, moved), path + wire)
        for wire, body in module.processes.items()
    }
    flat.registers |= {
        path + wire: Register(moved(register.data), moved(register.clock))
        for wire, register in module.registers.items()
    }
    for key, memory in module.memories.items():
        flat.memories[path + key] = Memory(
            memory.width,
            memory.depth,
            memory.attributes,
            reads=[
                ReadPort(path + read.wire, *map(moved, (read.address, read.enable, read.clock)))
                for read in memory.reads
            ],
            writes=[
                WritePort(*map(moved, (write.address, write.data, write.enable, write.clock)))
                for write in memory.writes
            ],
        )
    inner = []
    for key, instance in module.instances.items():
        inputs = {port: moved(sig) for port, sig in instance.inputs.items()}
        if instance.module not in hierarchy.modules:
            outputs = {port: path + wire for port, wire in instance.outputs.items() if wire}
            flat.instances[path + key] = replace(instance, inputs=inputs, outputs=outputs)
            continue
        below = f"{path}{key} "  # which no name has
        ports = hierarchy.modules[instance.module].wires
        flat.copies |= {below + port: sig for port, sig in inputs.items()}
        flat.copies |= {
            path + wire: (Slice(below + port, 0, ports[port].width),)
            for port, wire in instance.outputs.items()
            if wire
        }
        inner.append((instance.module, below))
    return inner
