"""Small arithmetic building blocks used inside components."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal, Value


def delay(m: Module, value: Value, cycles: int, *, name: str, reset: bool = False) -> Value:
    """`value` as it was `cycles` cycles ago.

    Parameters
    ----------
    reset
        Whether the registers are cleared on reset: needed for control, a waste for data.
    """
    for stage in range(1, cycles + 1):
        register = Signal.like(value, name=f"{name}_{stage}", reset_less=not reset)
        m.d.sync += register.eq(value)
        value = register
    return value


def adder_tree(
    m: Module, terms: Sequence[Value], *, levels_per_stage: int, name: str
) -> tuple[Value, int]:
    """Balanced sum of signed values with a register after every `levels_per_stage` levels.

    The last level ends in a register whenever there is any level at all.

    Returns
    -------
    The sum and its latency in cycles.
    """
    latency = 0
    level = 0
    total = list(terms)
    while len(total) > 1:
        level += 1
        pairs = [total[i : i + 2] for i in range(0, len(total), 2)]
        last = len(pairs) == 1
        registered = last or level % levels_per_stage == 0
        latency += registered
        total = []
        for index, pair in enumerate(pairs):
            value = pair[0] if len(pair) == 1 else pair[0] + pair[1]
            node = Signal(value.shape(), name=f"{name}_{level}_{index}", reset_less=True)
            m.d["sync" if registered else "comb"] += node.eq(value)
            total.append(node)
    return total[0], latency


def rotate_left(value: Sequence[Value], amount: Value, *, granularity: int = 1) -> list[Value]:
    """Element i of the result is element (i + amount) modulo the length, a power of two.

    A logarithmic shifter. `amount` is always a multiple of `granularity`, a power of two.
    """
    count = len(value)
    result = list(value)
    for bit in range((count - 1).bit_length()):
        step = 1 << bit
        if step % granularity == 0:
            result = [Mux(amount[bit], result[(i + step) % count], result[i]) for i in range(count)]
    return result
