"""Small arithmetic building blocks used inside components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from amaranth.hdl import Const, Module, Mux, Signal, Value

from ..machine import ROTATION_LEVELS_PER_STAGE


def delay(m: Module, value: Value, cycles: int, *, name: str, reset: bool = False) -> Value:
    """`value` as it was `cycles` cycles ago; a constant always is what it was.

    Parameters
    ----------
    reset
        Whether the registers are cleared on reset: needed for control, a waste for data.
    """
    return delays(m, value, cycles, name=name, reset=reset)[-1]


def delays(m: Module, value: Value, cycles: int, *, name: str, reset: bool = False) -> list[Value]:
    """`value` as it was 0, 1, ... `cycles` cycles ago; see `delay`."""
    if isinstance(value, Const):
        return [value] * (cycles + 1)
    ages = [value]
    for stage in range(1, cycles + 1):
        register = Signal.like(value, name=f"{name}_{stage}", reset_less=not reset)
        m.d.sync += register.eq(ages[-1])
        ages.append(register)
    return ages


def named(m: Module, value: Value, name: str) -> Value:
    """`value` under a name that is to stand in the Verilog; a constant needs none."""
    if isinstance(value, Const):
        return value
    signal = Signal.like(value, name=name)
    m.d.comb += signal.eq(value)
    return signal


class Add(Protocol):
    """`Technology.add`."""

    def __call__(
        self,
        m: Module,
        a: Value,
        b: Value,
        *,
        carry: Value | None = None,
        registered: bool,
        name: str,
    ) -> Value: ...


class AddGated(Protocol):
    """`Technology.add_gated`."""

    def __call__(
        self,
        m: Module,
        a: Value,
        take_a: Value,
        b: Value,
        take_b: Value,
        *,
        subtract: bool,
        registered: bool,
        name: str,
    ) -> Value: ...


class Choose(Protocol):
    """`Technology.mux`."""

    def __call__(
        self, m: Module, choice: Value, high: Value, low: Value, *, name: str
    ) -> Value: ...


def adder_tree(
    m: Module,
    terms: Sequence[Value],
    *,
    add: Add,
    levels_per_stage: int,
    name: str,
    carries: Sequence[Value] = (),
) -> tuple[Value, int]:
    """Balanced sum of signed values with a register after every `levels_per_stage` levels.

    The last level ends in a register whenever there is any level at all.

    Parameters
    ----------
    carries
        Bits that are added, too: one for each adder at most, of which there is one less than terms.

    Returns
    -------
    The sum and its latency in cycles.
    """
    latency = 0
    level = 0
    total = list(terms)
    waiting = list(carries)
    while len(total) > 1:
        level += 1
        pairs = [total[i : i + 2] for i in range(0, len(total), 2)]
        last = len(pairs) == 1
        registered = last or level % levels_per_stage == 0
        latency += registered
        total = []
        for index, pair in enumerate(pairs):
            node = f"{name}_{level}_{index}"
            if len(pair) == 2:
                carry = waiting.pop() if waiting else None
                total.append(add(m, *pair, carry=carry, registered=registered, name=node))
            else:
                alone = Signal.like(pair[0], name=node, reset_less=True)
                m.d["sync" if registered else "comb"] += alone.eq(pair[0])
                total.append(alone)
        waiting = [
            delay(m, carry, int(registered), name=f"{name}_carry_{level}_{index}")
            for index, carry in enumerate(waiting)
        ]
    return total[0], latency


def rotate_left(
    m: Module,
    value: Sequence[Value],
    amounts: Sequence[Value],
    *,
    mux: Choose,
    granularity: int = 1,
    registers: int = 0,
    name: str = "rotated",
) -> list[Value]:
    """Element i of the result is element (i + amount) modulo the length, a power of two.

    `amounts` are copies of the same amount, each for an equal share of the elements, in order.

    A logarithmic shifter, finest level first, with a register before the last
    `ROTATION_LEVELS_PER_STAGE` levels, one before as many more, and so on until there are
    `registers`: its latency in cycles. So what comes a long way may have fewer levels to pass.
    The amount is always a multiple of `granularity`, a power of two.
    """
    count = len(value)
    result = list(value)
    first = (granularity - 1).bit_length()
    bits = range(first, (count - 1).bit_length())
    stages = {
        len(bits) - later * ROTATION_LEVELS_PER_STAGE: registers + 1 - later
        for later in range(1, registers + 1)
    }
    for level, bit in enumerate(bits):
        if level in stages:
            stage = stages[level]
            # copies may be one and the same
            copies = {id(amount): amount for amount in amounts}
            late = {
                key: delay(m, copy, 1, name=f"{name}_by_{stage}_{share}")
                for share, (key, copy) in enumerate(copies.items())
            }
            amounts = [late[id(amount)] for amount in amounts]
            result = [
                delay(m, element, 1, name=f"{name}_{stage}_{index}")
                for index, element in enumerate(result)
            ]
        pairs = [(result[(i + (1 << bit)) % count], result[i]) for i in range(count)]
        result = [
            moved
            if _are_same_constant(moved, stayed)
            else mux(
                m,
                amounts[i * len(amounts) // count][bit],
                moved,
                stayed,
                name=f"{name}_{level}_{i}",
            )
            for i, (moved, stayed) in enumerate(pairs)
        ]
    return result


def _are_same_constant(a: Value, b: Value) -> bool:
    return isinstance(a, Const) and isinstance(b, Const) and a.value == b.value


def clamp(value: Value, most: int) -> Value:
    """A signed `value` limited to 0 to `most`, unsigned.

    What is not negative is compared as an unsigned number: with a power of two, that asks for no
    more than its upper bits.
    """
    magnitude = value[:-1]
    return Mux(value[-1], 0, Mux(magnitude >= most, most, magnitude))[: most.bit_length()]
