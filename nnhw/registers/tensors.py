"""An entry of the table of tensors."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

POSTPROCESS_CODES = {"Softmax": 1, "ArgMax": 2, "Sigmoid": 3}
"""What the host does to an output, in the register `host`."""
OTHER_POSTPROCESS = 4
_MANTISSA_BITS = 24


@dataclass(frozen=True, kw_only=True)
class TensorEntry:
    """A tensor as software finds it in the table.

    Parameters
    ----------
    name
        In the model file; not in the table.
    is_output
    offset, size
        First byte in its frame, and bytes.
    shape
        Height, width, channels.
    bits, is_signed
        Of an element.
    zero_point, scale
        Real value = scale * (element - zero_point).
    host_offset, host_scale
        What the host subtracts and divides by; None if the tensor's own scale is all there is to
        it, or if `host_table`.
    host_table
        Whether the host has to do more than these two numbers can say.
    postprocess
        What the host applies to an output, as in "Softmax(axis=1)".
    """

    name: str
    is_output: bool
    offset: int
    size: int
    shape: tuple[int, int, int]
    bits: int
    is_signed: bool
    zero_point: int
    scale: float
    host_offset: float | None = None
    host_scale: float | None = None
    host_table: bool = False
    postprocess: tuple[str, ...] = ()

    def values(self) -> dict[str, int]:
        """Each register of the entry, by name, as an unsigned word."""
        multiplier, shift = multiplier_and_shift(self.scale)
        rule = 2 if self.host_table else 0 if self.host_scale is None else 1
        code = 0
        if self.postprocess:
            code = OTHER_POSTPROCESS
            if len(self.postprocess) == 1:
                code = POSTPROCESS_CODES.get(self.postprocess[0].partition("(")[0], code)
        height, width, channels = self.shape
        return {
            "offset": self.offset,
            "bytes": self.size,
            "height": height,
            "width": width,
            "channels": channels,
            "element": self.bits | self.is_signed << 8 | self.is_output << 9,
            "zero_point": self.zero_point & 0xFFFFFFFF,
            "scale": float_bits(self.scale),
            "multiplier": multiplier,
            "shift": shift & 0xFFFFFFFF,
            "host": rule | code << 8,
            "host_offset": float_bits(self.host_offset or 0.0),
            "host_scale": float_bits(self.host_scale or 0.0),
        }


def float_bits(value: float) -> int:
    """The bits of the float32 next to a number."""
    return int(struct.unpack("<I", struct.pack("<f", value))[0])


def multiplier_and_shift(scale: float) -> tuple[int, int]:
    """The integers whose quotient multiplier / 2^shift is the float32 next to `scale`, exactly.

    The multiplier has at most 24 bits and is odd.
    """
    (nearest,) = struct.unpack("<f", struct.pack("<f", scale))
    mantissa, exponent = math.frexp(nearest)
    multiplier, shift = int(mantissa * (1 << _MANTISSA_BITS)), _MANTISSA_BITS - exponent
    while multiplier and multiplier % 2 == 0:
        multiplier, shift = multiplier // 2, shift - 1
    return multiplier, shift
