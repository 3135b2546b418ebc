"""From a float graph to an integer graph."""

from .bounds import AccumulatorBounds, accumulator_bounds, tensor_bounds
from .convert import certain_refusals, missing_numbers, open_numbers, quantize
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
from .narrower_weights import release_weights
from .options import QuantizeOptions
from .roundings import is_quantized

__all__ = [
    "AccumulatorBounds",
    "ChannelRanges",
    "InputNumbers",
    "QuantizeOptions",
    "TableError",
    "accumulator_bounds",
    "certain_refusals",
    "channel_ranges",
    "common_width",
    "equalize",
    "integer_quantization",
    "is_quantized",
    "missing_numbers",
    "open_numbers",
    "quantize",
    "release_weights",
    "run_float",
    "settle",
    "table_error",
    "tensor_bounds",
]
