"""From a float graph to an integer graph."""

from .bounds import AccumulatorBounds, accumulator_bounds, tensor_bounds
from .convert import quantize
from .equalize import equalize
from .float_reference import run_float
from .functions import TableError, table_error
from .input_range import (
    ChannelRanges,
    InputNumbers,
    channel_ranges,
    common_width,
    integer_quantization,
    settle,
)
from .options import QuantizeOptions
from .preset import is_quantized, needs_calibration, quantize_preset

__all__ = [
    "AccumulatorBounds",
    "ChannelRanges",
    "InputNumbers",
    "QuantizeOptions",
    "TableError",
    "accumulator_bounds",
    "channel_ranges",
    "common_width",
    "equalize",
    "integer_quantization",
    "is_quantized",
    "needs_calibration",
    "quantize",
    "quantize_preset",
    "run_float",
    "settle",
    "table_error",
    "tensor_bounds",
]
