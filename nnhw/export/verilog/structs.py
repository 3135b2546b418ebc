"""Takes structs apart: each field of a signal becomes a wire, a register or a port of its own.

Amaranth's netlist has a wire for every field, a copy of some bits of the whole signal. Here it is
the other way round, so that nobody has to read bit numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from .hierarchy import Hierarchy, Member
from .netlist import Module, Register, Wire
from .processes import Assign, Body, Switch
from .signals import Sig, Slice, part_of

Parts = dict[str, Slice]
"""Which bits of a signal each of its fields is, by the field's wire; the lowest one first."""


def split_structs(hierarchy: Hierarchy) -> None:
    """Let fields be driven, read and connected one by one; ports of the top stay as they are."""
    for name, module in hierarchy.modules.items():
        for wire, parts in _structs(module).items():
            if name == hierarchy.top and module.wires[wire].direction:
                continue
            _split_driver(module, wire, parts)
            if module.wires[wire].direction:
                _split_port(hierarchy, module, wire, parts)


def _structs(module: Module) -> dict[str, Parts]:
    """The signals that consist of fields, one beside the other; an array is a single field."""
    fields: dict[str, list[str]] = defaultdict(list)
    for wire in module.wires:
        signal, dot, _ = wire.partition(".")
        if dot and "[" not in wire and signal in module.wires:
            fields[signal].append(wire)
    found: dict[str, Parts] = {}
    for signal, wires in fields.items():
        leaves = [wire for wire in wires if not any(w.startswith(f"{wire}.") for w in wires)]
        parts: Parts = {}
        start = 0
        for wire in leaves:
            parts[wire] = Slice(signal, start, module.wires[wire].width)
            start += module.wires[wire].width
        bits = module.resolve(signal)
        if start == len(bits) == module.wires[signal].width and all(
            module.resolve(wire) == bits[part.start : part.start + part.width]
            for wire, part in parts.items()
        ):
            found[signal] = parts
    return found


def _split_driver(module: Module, wire: str, parts: Parts) -> None:
    """Split the register or the process that drives a signal."""
    if wire in module.registers:
        register = module.registers.pop(wire)
        source = module.whole_wire(register.data)
        if source in module.processes:
            steps = {f"{source}.{field}": replace(p, wire=source) for field, p in parts.items()}
            for field, part in steps.items():
                module.wires[field] = Wire(field, part.width)
            _split_process(module, source, steps)
        for field, part in parts.items():
            module.registers[field] = Register(
                part_of(_read(module, register.data), part.start, part.width), register.clock
            )
            end = module.wires[wire].width - part.start
            module.wires[field].init = module.wires[wire].init[end - part.width : end]
            module.wires[field].attributes |= module.wires[wire].attributes
    elif wire in module.processes:
        _split_process(module, wire, parts)
    else:
        return
    _compose(module, wire, parts)


def _split_process(module: Module, wire: str, parts: Parts) -> None:
    body = module.processes.pop(wire)
    for field, part in parts.items():
        module.processes[field] = tuple(_part_of_body(body, part, field))
    _compose(module, wire, parts)


def _compose(module: Module, wire: str, parts: Parts) -> None:
    """Let a signal be a copy of its fields."""
    for field in parts:
        module.copies.pop(field, None)
    module.copies[wire] = tuple(Slice(field, 0, part.width) for field, part in parts.items())


def _read(module: Module, sig: Sig) -> Sig:
    """What a signal that is a copy is a copy of."""
    wire = module.whole_wire(sig)
    return sig if wire is None else module.copies.get(wire, sig)


def _part_of_body(body: Body, part: Slice, target: str) -> Iterator[Assign | Switch]:
    """The statements as far as they assign to `part`, for another target in its place."""
    for statement in body:
        if isinstance(statement, Switch):
            cases = tuple(
                (patterns, tuple(_part_of_body(inner, part, target)))
                for patterns, inner in statement.cases
            )
            if any(inner for _, inner in cases):
                yield Switch(statement.select, cases)
            continue
        start = max(part.start, statement.target.start)
        end = min(part.start + part.width, statement.target.start + statement.target.width)
        if start < end:
            value = part_of(statement.value, start - statement.target.start, end - start)
            yield Assign(Slice(target, start - part.start, end - start), value)


def _split_port(hierarchy: Hierarchy, module: Module, wire: str, parts: Parts) -> None:
    """Let the fields be ports; where the signal is one has its name from the signature."""
    direction = module.wires[wire].direction
    module.wires[wire].direction = ""
    place = module.ports.index(wire)
    module.ports[place : place + 1] = parts
    for field in parts:
        module.wires[field].direction = direction
    if direction == "input":
        _compose(module, wire, parts)
    parent_name, name = hierarchy.parent(module.name)
    parent = hierarchy.modules[parent_name]
    instance = parent.instances[name]
    if direction == "input":
        sig = instance.inputs.pop(wire)
        for field, part in parts.items():
            instance.inputs[field] = part_of(sig, part.start, part.width)
    else:
        whole = instance.outputs.pop(wire)
        outer = {f"{whole}{field.removeprefix(wire)}": p for field, p in parts.items()}
        for (field, part), outside in zip(parts.items(), outer, strict=True):
            parent.wires[outside] = Wire(outside, part.width)
            instance.outputs[field] = outside
        parent.copies[whole] = tuple(Slice(field, 0, part.width) for field, part in outer.items())
    origin = hierarchy.origins[module.name]
    members: list[Member] = []
    for member in origin.members:
        if member.wire != wire:
            members.append(member)
            continue
        members += [
            Member(f"{member.name}{field.removeprefix(wire)}", direction, field) for field in parts
        ]
    hierarchy.origins[module.name] = replace(origin, members=tuple(members))
