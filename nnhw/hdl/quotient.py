"""From products to activations: division by a power of two, rounding, zero point and bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data

from ..machine import is_less
from .arithmetic import delay, named
from .technology import Technology

_LANES_A_COPY = 4
"""Lanes that share a copy of their bounds."""


def quotient_width(activation_width: int) -> int:
    """Bits of a quotient that bounds of activations are concerned with: those of a difference."""
    return activation_width + 1


class Quotient(data.StructLayout):
    """A number over a power of two, as far as bounds are concerned that `width` bits hold.

    Parameters
    ----------
    width : int

    Fields
    ------
    value : signed(width)
        Its lowest bits, rounded down.
    round_up : 1
        Whether adding one rounds it to the nearest integer, ties to even. The addition is left to
        the next adder.
    beyond : 1
        It has more bits than `value`, of which it does not matter then what they are.
    negative : 1
        With `beyond`: it is less than zero.
    """

    FIELDS = ("value", "round_up", "beyond", "negative")

    def __init__(self, width: int):
        value, *flags = self.FIELDS
        super().__init__({value: signed(width), **dict.fromkeys(flags, 1)})


def shift_right(
    m: Module,
    value: Value,
    choice: Value,
    shifts: Mapping[int, int],
    *,
    width: int,
    overflow: tuple[Value, Value] | None = None,
    name: str,
) -> dict[str, Value]:
    """value / 2**shift of the cycle before: the fields of a `Quotient` of `width` bits.

    Parameters
    ----------
    value
        Signed.
    choice
        Chooses the shift; in the same cycle as `value`.
    shifts
        The shifts there are, each at least 0, by what `choice` has for them.
    overflow
        Whether it is beyond whatever `value` is, and negative then; in the same cycle.
    """

    def choose(values: Sequence[Value]) -> Value:
        chosen = values[-1]
        for code, candidate in zip(shifts, values[:-1], strict=False):
            chosen = Mux(choice == code, candidate, chosen)
        return chosen

    def is_at_least(least: int) -> Value:
        return Cat(choice == code for code, distance in shifts.items() if distance >= least).any()

    def is_at_most(most: int) -> Value:
        return Cat(choice == code for code, distance in shifts.items() if distance <= most).any()

    def register(suffix: str, shape: Any) -> Signal:
        return Signal(shape, name=f"{name}_{suffix}", reset_less=True)

    distances = tuple(shifts.values())
    quotient, half = register("quotient", signed(width)), register("half", 1)
    # whether any bit below the half is set: one flag for the bits from one shift to the next
    ends = sorted({distance - 1 for distance in distances if distance > 1})
    sticky = register("sticky", max(1, len(ends)))
    for index, (begin, end) in enumerate(pairwise([0, *ends])):
        counts = named(m, is_at_least(end + 1), f"{name}_has_below_{index}")
        m.d.sync += sticky[index].eq(value[begin:end].any() & counts)
    # whether any bit above the quotient is unlike its sign: likewise
    sign = value[-1]
    starts = sorted({distance + width - 1 for distance in distances})
    starts = [begin for begin in starts if begin < len(value) - 1]
    excess = register("excess", len(starts) + (overflow is not None))
    negative = register("negative", 1)
    for index, (begin, end) in enumerate(pairwise([*starts, len(value) - 1])):
        differs = Cat(bit != sign for bit in value[begin:end]).any()
        differs = named(m, differs, f"{name}_differs_{index}")
        counts = named(m, is_at_most(begin - width + 1), f"{name}_has_above_{index}")
        m.d.sync += excess[index].eq(differs & counts)
    is_negative = sign
    if overflow is not None:
        m.d.sync += excess[-1].eq(overflow[0])
        is_negative = Mux(overflow[0], overflow[1], sign)
    # beyond its width a number consists of copies of its sign
    halves = [value[min(s, len(value)) - 1] if s else Const(0) for s in distances]
    m.d.sync += [
        quotient.eq(choose([value >> s for s in distances])),
        half.eq(choose(halves)),
        negative.eq(is_negative),
    ]
    return {
        "value": quotient,
        "round_up": half & (sticky.any() | quotient[0]),
        "beyond": excess.any() if len(excess) else Const(0),
        "negative": negative,
    }


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What becomes of a rounded quotient: it gets a zero point and is limited.

    Parameters
    ----------
    zero_point, lo, hi
        Signed values.
    least, most
        `lo` and `hi` without the zero point: comparison need not wait for the addition.
    """

    zero_point: Value
    lo: Value
    hi: Value
    least: Value
    most: Value

    @classmethod
    def for_lanes(
        cls,
        m: Module,
        technology: Technology,
        *,
        bounds: Bounds,
        lanes: int,
    ) -> list[Bounds]:
        """Copies of an instruction's bounds for lanes, of which a few share one.

        Of the cycle before; `lo` and `hi` of the one before that. The lanes may be far away, so
        that `bounds` are to be registers.
        """
        stages = {"zero_point": 1, "least": 1, "most": 1, "lo": 2, "hi": 2}
        count = -(-lanes // _LANES_A_COPY)
        leaves = {
            name: technology.fan_out(
                m, getattr(bounds, name), stages=stages[name], leaves=count, name=name
            )
            for name in stages
        }
        return [
            cls(**{name: leaves[name][lane // _LANES_A_COPY].as_signed() for name in leaves})
            for lane in range(lanes)
        ]


def limit(
    m: Module, quotient: Mapping[str, Value], bounds: Bounds, technology: Technology, *, name: str
) -> Value:
    """The integer between bounds that a quotient becomes; `LIMIT_LATENCY` less one cycles later.

    In the first cycle all is known about the quotient, in the second one it is compared and the
    zero point added, and then it is chosen, which the caller's register is for.

    Rounding does not matter to comparison: of a quotient just below a bound, the bound is the
    result whether it is rounded up to it or cut off there.

    Parameters
    ----------
    quotient
        Fields of a `Quotient` of as many bits as bounds without a zero point have at least.
    bounds
        See `Bounds.for_lanes`; made of values in the same cycle as the quotient.
    """

    def later(value: Value, suffix: str) -> Value:
        return delay(m, value, 1, name=f"{name}_{suffix}")

    value, round_up, beyond, negative = (later(quotient[field], field) for field in Quotient.FIELDS)
    too_low = later(Mux(beyond, negative, is_less(value, bounds.least)), "is_less")
    too_high = later(beyond | ~is_less(value, bounds.most), "is_more")
    width = max(len(bounds.lo), len(bounds.hi))
    shifted = technology.add(
        m,
        value,
        bounds.zero_point,
        carry=round_up,
        registered=True,
        name=f"{name}_shifted",
    )
    bounded = Mux(too_high, bounds.hi, shifted[:width].as_signed())
    return Mux(too_low, bounds.lo, named(m, bounded, f"{name}_bounded"))


def difference(a: Value, b: Value) -> Value:
    """a - b, which is a constant if both are."""
    if isinstance(a, Const) and isinstance(b, Const):
        return Const(a.value - b.value, (a - b).shape())
    return a - b
