"""Text of one module."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .attributes import attribute_text
from .contents import ExportedMemories
from .expressions import Expressions, constant, range_of
from .hierarchy import Origin
from .instances import Interface, instance_lines
from .layout import assignment
from .memories import contents_lines, logic_lines, memory_operands, port_lines
from .names import name_all
from .netlist import Module, Wire
from .order import dependency_order
from .registers import Block, take_blocks
from .selections import (
    Choice,
    Selection,
    is_table,
    operands,
    selection_text,
    selections,
    signals,
    table_lines,
)
from .signals import Sig, Slice
from .statements import reads, statement_lines


class ModuleText:
    """Writes a module.

    Parameters
    ----------
    module
        Its operators' widths fit (see `fit_widths`).
    origin
        Where it comes from.
    interfaces
        Of the modules that have instances in this one, by their names in the netlist.
    memories
        How memories are written.
    """

    def __init__(
        self,
        module: Module,
        origin: Origin,
        interfaces: dict[str, Interface],
        memories: ExportedMemories,
    ):
        # what becomes part of always blocks is taken out of it
        self._module = module = replace(module, processes=dict(module.processes))
        self._interfaces = interfaces
        self._memories = memories
        self._blocks = take_blocks(module, origin.owns)
        self._parts = {wire: selections(module, wire) for wire in module.processes}
        self._registers = set(module.registers)
        for memory in module.memories.values():
            self._registers |= {port.wire for port in memory.reads if port.clock}
        self._expressions = Expressions(
            module,
            name_all(module, origin).wires,
            [w for w in module.operators if not (module.wires[w].direction or origin.owns(w))],
            operands=self._operands(),
            values=self._values(),
        )
        inlined = {wire for wire in module.operators if self._expressions.is_inlined(wire)}
        driven = {*module.ports, *self._parts, *module.operators, *self._registers} - inlined
        driven |= {wire for i in module.instances.values() for wire in i.outputs.values()}
        self._named = [wire for wire in module.wires.values() if wire.name in driven]
        # chosen again, so that made-up names are numbered without gaps
        self._names = name_all(module, origin, only=driven)
        self._expressions.names = self._names.wires
        self._order, self._early = dependency_order(self._sources(inlined))
        self._tables = {
            part: self._names.unique(f"{self._names.wires[wire]}_table")
            for wire, parts in self._parts.items()
            for part, selection in parts
            if is_table(selection)
        }

    def _sources(self, inlined: set[str]) -> dict[str, list[str]]:
        """What every wire that is defined by an expression depends on."""
        inputs = {
            wire: operator.inputs
            for wire, operator in self._module.operators.items()
            if wire not in inlined
        }
        inputs |= {
            wire: tuple(sig for _, selection in parts for sig in signals(selection))
            for wire, parts in self._parts.items()
        }
        return {
            wire: [source for sig in sigs for source in self._expressions.sources(sig)]
            for wire, sigs in inputs.items()
        }

    def interface(self, name: str) -> Interface:
        """How the module is instantiated, if its identifier is `name`."""
        return Interface(name, {port: self._names.wires[port] for port in self._module.ports})

    def lines(self) -> Iterator[str]:
        """Lines of the module, but for the "module" and its identifier at the beginning."""
        yield "("
        yield from (f"  {line}" for line in self._port_lines())
        yield ");"
        sections: list[Iterator[str]] = [
            self._table_lines(),
            self._declarations(),
            self._definitions(),
            *map(self._block_lines, self._blocks),
            *self._memory_sections(),
            *map(self._instance_lines, self._module.instances),
            self._output_lines(),
        ]
        for index, lines in enumerate(lines for lines in map(list, sections) if lines):
            yield from [""] if index else []
            yield from (f"  {line}" for line in lines)
        yield "endmodule"

    def _operands(self) -> Iterator[Sig]:
        for instance in self._module.instances.values():
            yield from instance.inputs.values()
        for memory in self._module.memories.values():
            yield from memory_operands(memory)
        for block in self._blocks:
            yield block.clock
            yield from reads(block.body)[0]
        for selection in self._selections():
            yield from operands(selection)

    def _values(self) -> Iterator[Sig]:
        yield from self._module.copies.values()
        for block in self._blocks:
            yield from reads(block.body)[1]
        yield from (value for value in self._selections() if not isinstance(value, Choice))

    def _selections(self) -> Iterator[Selection]:
        return (selection for parts in self._parts.values() for _, selection in parts)

    def _port_lines(self) -> Iterator[str]:
        wires = [self._module.wires[port] for port in self._module.ports]
        widest = max((len(range_of(wire.width)) for wire in wires), default=0)
        for index, wire in enumerate(wires):
            kind = f"{wire.direction:6} {self._kind(wire):4}"
            comma = "," if index < len(wires) - 1 else ""
            for key, value in wire.attributes.items():
                yield attribute_text({key: value}).rstrip()
            yield f"{kind} {range_of(wire.width):{widest}}{self._declared(wire)}{comma}"

    def _kind(self, wire: Wire) -> str:
        return "reg" if wire.name in self._registers else "wire"

    def _declared(self, wire: Wire) -> str:
        name = self._names.wires[wire.name]
        has_value = wire.name in self._module.registers and self._memories.initial
        return f"{name} = {constant(wire.init)}" if has_value else name

    def _declaration(self, wire: Wire) -> str:
        kind = f"{attribute_text(wire.attributes)}{self._kind(wire)}"
        return f"{kind} {range_of(wire.width)}{self._declared(wire)};"

    def _table_lines(self) -> Iterator[str]:
        for parts in self._parts.values():
            for part, selection in parts:
                if isinstance(selection, Choice) and part in self._tables:
                    yield from table_lines(self._tables[part], selection)

    def _declarations(self) -> Iterator[str]:
        """Registers, and wires that are not declared with their definition."""
        defined = {wire for wire in self._order if not self._is_declared_before(wire)}
        for kind in ("reg", "wire"):
            for wire in self._named:
                if self._kind(wire) == kind and not wire.direction and wire.name not in defined:
                    yield self._declaration(wire)

    def _is_declared_before(self, wire: str) -> bool:
        parts = self._parts.get(wire, ())
        return wire in self._early or len(parts) > 1 or bool(self._module.wires[wire].direction)

    def _definitions(self) -> Iterator[str]:
        for name in self._order:
            wire = self._module.wires[name]
            if self._is_declared_before(name):
                start = "assign "
            else:
                start = f"{attribute_text(wire.attributes)}wire {range_of(wire.width)}"
            if name in self._module.operators:
                text = self._expressions.definition(name)
                yield from assignment(f"{start}{self._names.wires[name]} =", text)
                continue
            for part, selection in self._parts[name]:
                target = self._expressions.slice(part)
                yield from assignment(f"{start}{target} =", self._selection(part, selection))

    def _selection(self, part: Slice, selection: Selection) -> str:
        if isinstance(selection, Choice) and part in self._tables:
            return f"{self._tables[part]}({self._expressions.value(selection.select)})"
        return selection_text(selection, self._expressions)

    def _block_lines(self, block: Block) -> Iterator[str]:
        yield f"always @(posedge {self._expressions.value(block.clock)}) begin"
        yield from (f"  {line}" for line in statement_lines(block.body, self._expressions))
        yield "end"

    def _memory_sections(self) -> Iterator[Iterator[str]]:
        arrays = {self._names.memories[name]: m for name, m in self._module.memories.items()}
        if not self._memories.initial:
            logic = [name for name, memory in arrays.items() if not memory.writes]
            for memory in [arrays.pop(name) for name in logic]:
                yield logic_lines(memory, self._expressions)
        yield (
            f"{attribute_text(memory.attributes)}reg {range_of(memory.width)}{name} "
            f"[0:{memory.depth - 1}];"
            for name, memory in arrays.items()
        )
        placed = {n: self._memories.place(self._module.name, m) for n, m in arrays.items()}
        files = {name: file for name, file in placed.items() if file is not None}
        yield contents_lines(arrays, files)
        for name, memory in arrays.items():
            yield port_lines(name, memory, self._expressions)

    def _instance_lines(self, name: str) -> Iterator[str]:
        instance = self._module.instances[name]
        interface = self._interfaces.get(instance.module)
        return instance_lines(self._names.instances[name], instance, interface, self._expressions)

    def _output_lines(self) -> Iterator[str]:
        for wire, sig in self._module.copies.items():
            yield from assignment(
                f"assign {self._names.wires[wire]} =", self._expressions.value(sig)
            )
