"""Ranges of an input's channels, and the numbers by which the host brings them to integers.

One scale for all channels, and a range that includes zero, waste integers where values lie far from
zero, or where channels are of different magnitude: features of a table, mostly. The host may
subtract an offset and divide by a scale of each channel instead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..ir import HostStep, Quantization, apply_host_steps
from .options import QuantizeOptions
from .ranges import choose_quantization
from .statistics import distribution_of

_HEAVY_TAIL = 8.0
"""Largest deviation over the mean one, from where on there may be outliers to cut off.

Below, all calibration methods come to nearly all values, and the search for the range is saved.
"""

_CONSTANT = 2.0**-20
"""A channel whose range is this small against its values is constant, but for rounding."""

_OFFSET_STEPS = 32
"""Offsets are multiples of a power of two, at least so many in a channel's range: short numbers."""


_SMALLEST_SCALE = 2.0**-100
"""See `nnhw.quantize.ranges`."""

_LARGEST = 2.0**120
"""Of an offset or a scale, so that products stay within float32."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ChannelRanges:
    """What values the channels of an input take: arrays of float64 (C,).

    Parameters
    ----------
    center
        The middle of a channel's range.
    width
        The range's size, positive. Of a constant channel, of which nobody knows, twice the distance
        to zero; of one that is always zero, 2.
    is_constant
        bool (C,).
    """

    center: np.ndarray
    width: np.ndarray
    is_constant: np.ndarray

    @property
    def offset(self) -> np.ndarray:
        """Numbers of few digits near the centers; of constant channels these themselves."""
        return np.where(self.is_constant, self.center, _short(self.center, self.width))

    @property
    def common_offset(self) -> np.ndarray:
        """The middle of what the channels that are not constant cover together."""
        live = ~self.is_constant if not self.is_constant.all() else self.is_constant
        lo, hi = (self.center + sign * self.width / 2 for sign in (-1, 1))
        lowest, highest = lo[live].min(), hi[live].max()
        middle = _short(np.array((lowest + highest) / 2), np.array(highest - lowest))
        return np.full(len(self.center), middle)

    def reach(self, offset: np.ndarray) -> np.ndarray:
        """Largest distance of a channel's values from an offset."""
        return np.abs(self.center - offset) + self.width / 2


def channel_ranges(x: np.ndarray, options: QuantizeOptions) -> ChannelRanges:
    """Range of each channel of samples (N, H, W, C).

    Outliers are left out as the calibration method says. A few samples do not reach the ends of
    the distribution that they are from: the ranges are wider by what n values of a uniform one
    leave out on average.
    """
    found = [_range(values, options) for values in np.moveaxis(x, 3, 0).reshape(x.shape[3], -1)]
    center, width, is_constant = (np.array(column) for column in zip(*found, strict=True))
    return ChannelRanges(center=center, width=width, is_constant=is_constant)


def _short(center: np.ndarray, width: np.ndarray) -> np.ndarray:
    unit = np.exp2(np.floor(np.log2(width / _OFFSET_STEPS)))
    return np.rint(center / unit) * unit


def _range(values: np.ndarray, options: QuantizeOptions) -> tuple[float, float, bool]:
    lo, hi = float(values.min()), float(values.max())
    if hi - lo <= _CONSTANT * max(-lo, hi):
        return lo, 2 * abs(lo) or 2.0, True
    middle = float(np.median(values))
    centred = values.astype(np.float64) - middle
    if max(middle - lo, hi - middle) > _HEAVY_TAIL * np.abs(centred).mean():
        method = options.calibration_method
        q = choose_quantization(distribution_of(centred), options.activation_bits, method)
        lo = middle + q.scale * (q.lo - q.zero_point)
        hi = middle + q.scale * (q.hi - q.zero_point)
    margin = (values.size + 1) / (values.size - 1)
    return (lo + hi) / 2, (hi - lo) * margin, False


@dataclass(frozen=True, kw_only=True, eq=False)
class InputNumbers:
    """How the host makes integers of an input: those of (x - offset) / divisor.

    Parameters
    ----------
    offset, divisor
        float32 (C,) or (1,).
    quantization
        Its scale is a power of two if there is a divisor, so that dividing by both is dividing by
        their product.
    """

    offset: np.ndarray
    divisor: np.ndarray
    quantization: Quantization

    @property
    def steps(self) -> tuple[HostStep, ...]:
        """What the host does before it quantizes."""
        steps = []
        if self.offset.any():
            steps.append(HostStep(operator="Sub", operand=self.offset))
        if (self.divisor != 1).any():
            steps.append(HostStep(operator="Div", operand=self.divisor))
        return tuple(steps)


def integer_quantization(x: np.ndarray, bits: int) -> Quantization | None:
    """A quantization of scale 1 that represents integers, zero among them, exactly.

    Integers from zero on become the lowest ones, so that q = x - 128 for those of 8 bits. None if
    the values are no integers, or too far apart.
    """
    lo, hi = min(0.0, float(x.min())), max(0.0, float(x.max()))
    half = 1 << (bits - 1)
    if hi - lo >= 2 * half or (x != np.rint(x)).any():
        return None
    zero_point = 0 if -half <= lo < 0 and hi < half else -half - int(lo)
    return Quantization(bits=bits, scale=1.0, zero_point=zero_point)


def settle(
    x: np.ndarray, offset: np.ndarray, scale: np.ndarray, options: QuantizeOptions
) -> InputNumbers | None:
    """The numbers of an input that lies within about the same range in all channels.

    None if float32 cannot hold them, or what they make of the samples.

    Parameters
    ----------
    x
        Samples (N, H, W, C).
    offset, scale
        float64 (C,): what brings channels to comparable ranges, (x - offset) / scale.
    """
    bits, method = options.activation_bits, options.calibration_method
    if np.abs(offset).max() > _LARGEST:
        return None
    offset = _alike(offset.astype(np.float32))
    centred = apply_host_steps([HostStep(operator="Sub", operand=offset)], x)
    one = np.ones(1, np.float32)
    if not np.isfinite(centred).all():
        return None
    if (scale == scale[0]).all():
        quantization = integer_quantization(centred, bits) or choose_quantization(
            distribution_of(centred), bits, method
        )
        return InputNumbers(offset=offset, divisor=one, quantization=quantization)
    narrow = np.clip(scale, _SMALLEST_SCALE, _LARGEST).astype(np.float32)
    relative = apply_host_steps([HostStep(operator="Div", operand=narrow)], centred)
    if not np.isfinite(relative).all():
        return None
    found = choose_quantization(distribution_of(relative), bits, method)
    step = np.maximum(narrow * np.float64(found.scale), _SMALLEST_SCALE).astype(np.float32)
    # The widest channel keeps about its range, as it may have to go with other tensors.
    unit = 2.0 ** math.ceil(math.log2(step.max()))
    return InputNumbers(
        offset=offset,
        divisor=step / np.float32(unit),
        quantization=Quantization(bits=bits, scale=unit, zero_point=found.zero_point),
    )


def _alike(array: np.ndarray) -> np.ndarray:
    """One number where all are the same."""
    return array[:1] if (array == array[0]).all() else array


def common_width(x: np.ndarray, options: QuantizeOptions) -> float:
    """Size of the range that one scale for all channels covers, without offsets."""
    found = choose_quantization(
        distribution_of(x), options.activation_bits, options.calibration_method
    )
    return math.ldexp(found.scale, options.activation_bits)
