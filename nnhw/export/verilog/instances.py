"""Text of instances."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .attributes import attribute_text, value_text
from .expressions import Expressions
from .layout import COLUMNS
from .netlist import Instance, without_number


@dataclass(frozen=True, slots=True)
class Interface:
    """How a module is instantiated: its identifier, and its ports' by their wires, in order."""

    name: str
    ports: dict[str, str]


def instance_lines(
    name: str, instance: Instance, interface: Interface | None, expressions: Expressions
) -> Iterator[str]:
    """An instance with the identifier `name`.

    Parameters
    ----------
    interface
        Of its module; None for one that is not part of the design, such as a vendor's cell. Ports
        of such a cell that are the bits of a vector share a line.
    """
    if interface is None:
        kind, lines = instance.module, _foreign_connections(instance, expressions)
    else:
        kind = interface.name
        lines = (
            _connection(instance, port, identifier, expressions)
            for port, identifier in interface.ports.items()
        )
    yield from _head(f"{attribute_text(instance.attributes)}{kind}", name, instance)
    yield from _listed(lines)
    yield ");"


def _head(kind: str, name: str, instance: Instance) -> Iterator[str]:
    """The lines up to the bracket that opens the list of ports; parameters in one if they fit."""
    parameters = [f".{key}({value_text(value)})" for key, value in instance.parameters.items()]
    line = f"{kind} #({', '.join(parameters)}) {name} ("
    if not parameters:
        yield f"{kind} {name} ("
    elif len(line) <= COLUMNS - 2:
        yield line
    else:
        yield f"{kind} #("
        yield from _listed(parameters)
        yield f") {name} ("


def _listed(items: Iterable[str]) -> Iterator[str]:
    items = list(items)
    for index, item in enumerate(items):
        yield f"  {item}{',' if index < len(items) - 1 else ''}"


def _connection(instance: Instance, port: str, identifier: str, expressions: Expressions) -> str:
    if port in instance.inputs:
        return f".{identifier}({expressions.value(instance.inputs[port])})"
    wire = instance.outputs[port]
    return f".{identifier}({expressions.wire(wire) if wire else ''})"


def _foreign_connections(instance: Instance, expressions: Expressions) -> Iterator[str]:
    for _, ports in itertools.groupby(instance.inputs, without_number):
        yield ", ".join(_connection(instance, port, port, expressions) for port in ports)
    for port, wire in instance.outputs.items():
        bits = instance.gathered.get(port)
        if bits is None:
            yield _connection(instance, port, port, expressions)
            continue
        yield ", ".join(
            f".{bit}({expressions.bit(wire, index) if wire else ''})"
            for index, bit in enumerate(bits)
        )
