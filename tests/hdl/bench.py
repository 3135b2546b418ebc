"""Test bench for components: applies inputs cycle by cycle and records outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
from amaranth.hdl import ClockDomain, Elaboratable, Module, Shape, Value
from amaranth.lib import data
from amaranth.sim import Simulator

from nnhw.isa import Instruction, InstructionLayout


def encoded(program: Sequence[Instruction]) -> dict[str, Any]:
    """Instructions of one kind as components take them, in the layout that is fitted to them."""
    layout = InstructionLayout.fit(program)
    return {"layout": layout, "words": [layout.encode(instruction) for instruction in program]}


def simulate(design: Elaboratable, testbench: Callable) -> None:
    """Run an async testbench(ctx) on a design until it returns."""
    top = Module()
    top.domains.sync = ClockDomain()  # there is a clock even if nothing in the design needs it
    top.submodules.design = design
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


def drive(
    component: Any,
    inputs: Mapping[str, Sequence],
    outputs: Sequence[str],
    *,
    design: Elaboratable | None = None,
) -> dict[str, np.ndarray]:
    """Apply inputs to a component and record its outputs.

    Parameters
    ----------
    inputs
        By name of the member: one value a cycle, (cycles, ...); arrays for array layouts. Of
        structs and interfaces each field for itself, such as "tags.first".
    outputs
        Names of members, likewise.
    design
        What to simulate, if the component is only a part of it.

    Returns
    -------
    dict
        By name of the member: (cycles, ...). Row t is what is there in cycle t, while row t of the
        inputs is applied: a component of latency L answers in row t + L.
    """
    columns = {name: np.asarray(values).tolist() for name, values in inputs.items()}
    cycles = {len(column) for column in columns.values()}
    assert len(cycles) == 1, "inputs differ in length"
    sources = {name: attrgetter(name)(component) for name in inputs}
    sinks = [attrgetter(name)(component) for name in outputs]
    recorded: list[list] = [[] for _ in sinks]

    async def testbench(ctx):
        for cycle in range(cycles.pop()):
            for name, port in sources.items():
                ctx.set(Value.cast(port), pack(port.shape(), columns[name][cycle]))
            _, _, *values = await ctx.tick().sample(*(Value.cast(port) for port in sinks))
            for record, port, value in zip(recorded, sinks, values, strict=True):
                record.append(unpack(port.shape(), value))

    simulate(component if design is None else design, testbench)
    return {name: np.array(record) for name, record in zip(outputs, recorded, strict=True)}


def pack(shape: Any, value: Any) -> int:
    """A number, or nested lists of them for an array layout, as one number."""
    if not isinstance(shape, data.ArrayLayout):
        return int(value)
    width = Shape.cast(shape.elem_shape).width
    word = 0
    for index, element in enumerate(value):
        word |= (pack(shape.elem_shape, element) & ((1 << width) - 1)) << (index * width)
    return word


def unpack(shape: Any, word: int) -> Any:
    """The inverse of `pack`."""
    if isinstance(shape, data.ArrayLayout):
        width = Shape.cast(shape.elem_shape).width
        return [unpack(shape.elem_shape, word >> (i * width)) for i in range(shape.length)]
    shape = Shape.cast(shape)
    word &= (1 << shape.width) - 1
    if shape.signed and word >> (shape.width - 1):
        word -= 1 << shape.width
    return word


def integers(
    rng: np.random.Generator, width: int, shape: int | tuple[int, ...], *, signed: bool = True
) -> np.ndarray:
    """Random int64 of `width` bits, of which a third are corners: the ends, zero, ones."""
    lo, hi = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)
    values = rng.integers(lo, hi + 1, shape)
    corners = np.clip(rng.choice([lo, lo + 1, -1, 0, 1, hi - 1, hi], shape), lo, hi)
    return np.where(rng.random(shape) < 1 / 3, corners, values)
