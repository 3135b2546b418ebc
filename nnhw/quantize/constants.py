"""The requantization constants of a network: those of scales that are chosen, and of given ones."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir import Factors, FixedPoint
from .fixed_point import choose_constants, small_constants
from .options import QuantizeOptions
from .power_of_two import shift_constants

MULTIPLIER_BITS = 24
"""Width of a multiplier where scales are given and their ratios arbitrary.

No ratio follows its multiplier then (see `fixed_point`), which takes more bits to come as close to
the model; what remains with 24 is the rounding of float32 in onnxruntime (see
benchmarks/quantization.py).
"""

SIGNIFICANT_BITS = 20
"""Of each such multiplier; with 4 to spare, few distinct shifts serve all channels."""

SPARE_BITS = 2
"""What is spared of narrower ones, where each bit less doubles the roundings that change."""


def network_constants(factors: Sequence[Factors], options: QuantizeOptions) -> list[FixedPoint]:
    """Requantization constants of all operators of a network whose scales are chosen."""
    if not options.power_of_two:
        return choose_constants(factors, options.chosen_bits)
    shifts = [shift_constants(item) for item in factors]
    others = [item for item, found in zip(factors, shifts, strict=True) if found is None]
    multiplied = iter(choose_constants(others, options.chosen_bits))
    return [next(multiplied) if found is None else found for found in shifts]


def given_constants(factors: Sequence[Factors], options: QuantizeOptions) -> list[FixedPoint]:
    """Requantization constants of all operators of a network some of whose scales are given.

    Nothing but shifts where convolutions need no more (of other operators all, if there are no
    convolutions); narrow multipliers where all given ratios are fractions of such; wide ones
    otherwise.
    """
    if any(item.flexible for item in factors):
        return _multiplied(factors, options)
    shifts = [shift_constants(item) for item in factors]
    weighted = [found for item, found in zip(factors, shifts, strict=True) if item.followed]
    if any(found is None for found in weighted or shifts):
        return _multiplied(factors, options)
    others = [item for item, found in zip(factors, shifts, strict=True) if found is None]
    multiplied = iter(_multiplied(others, options))
    return [next(multiplied) if found is None else found for found in shifts]


def _multiplied(factors: Sequence[Factors], options: QuantizeOptions) -> list[FixedPoint]:
    bits = options.scale_bits or MULTIPLIER_BITS
    small = small_constants(factors)
    if small is not None and all((item.multiplier < 1 << bits).all() for item in small):
        return small
    return choose_constants(factors, bits, min(SIGNIFICANT_BITS, bits - SPARE_BITS))
