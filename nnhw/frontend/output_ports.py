"""The ports by which a network's results leave, and what the host does with them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import count

from ..ir import Port
from .builder import Builder
from .integer_types import quantization_text
from .ports import output_port
from .value import HostOperation, HostValue


class OutputPorts:
    """Collects the model's outputs, and makes ports of them.

    Parameters
    ----------
    build
        Makes the tensors that leave.
    names
        Of the model's inputs and outputs. A port that stands for another tensor has none of them.
    known
        Names of all tensors of the model. A port that stands for none of them has none of these.
    tail
        What the host makes of every output in the end.
    """

    def __init__(
        self, build: Builder, names: Collection[str], known: Collection[str], tail: Collection[str]
    ):
        self._build = build
        self._taken = set(names)
        self._known = known
        self._tail = tuple(HostOperation(text=text) for text in tail)
        self._left: list[tuple[str, HostValue]] = []

    def add(self, name: str, value: HostValue) -> None:
        """Add the model's output of this name; its port has that of the last tensor before it."""
        if value.steps and value.base_name not in self._taken:
            name = value.base_name
            self._taken.add(name)
        self._left.append((name, replace(value, steps=(*value.steps, *self._tail))))

    def made(self) -> tuple[Port, ...]:
        """The ports of all outputs, in order, and behind them those that only the host reads."""
        ports: list[Port] = []
        outputs = len(self._left)
        while len(ports) < len(self._left):  # to which what their steps read is added
            name, value = self._left[len(ports)]
            steps = [self._step(operation, name) for operation in value.steps]
            if value.base.quantization is not None:
                steps.insert(0, f"QuantizeLinear({quantization_text(value.base.quantization)})")
            port = output_port(self._build, value.base, name, tuple(steps))
            ports.append(replace(port, is_operand=len(ports) >= outputs))
        return tuple(ports)

    def _step(self, operation: HostOperation, own: str) -> str:
        """An operation as text, with the ports of what it reads where that is not one value."""
        if not operation.inputs:
            return operation.text
        names = [own if value is None else self._port_of(value) for value in operation.inputs]
        return f"{operation.text[:-1]}, inputs={names})"

    def _port_of(self, value: HostValue) -> str:
        """Name of the port that leads to a value; a new one if there is none yet."""
        for name, other in self._left:
            if other == value:
                return name
        name = value.base_name
        if name in self._taken:
            fresh = (f"{name}_{i}" for i in count(2))
            name = next(name for name in fresh if name not in self._taken | set(self._known))
        self._taken.add(name)
        self._left.append((name, value))
        return name
