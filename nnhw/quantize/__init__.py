"""From a float graph to an integer graph."""

from .activations import scale_groups
from .bounds import AccumulatorBounds, accumulator_bounds, tensor_bounds
from .constants import network_constants
from .convert import certain_refusals, missing_numbers, open_numbers, quantize
from .equalize import equalize
from .fixed_point import follow_ratios
from .float_reference import clamped, evaluates, run_float
from .functions import TableError, table_error
from .input_range import (
    ChannelRanges,
    InputNumbers,
    channel_ranges,
    common_width,
    integer_quantization,
    settle,
)
from .narrower_weights import release_weights, with_real_weights
from .options import QuantizeOptions
from .quantizer import Quantizer, find_quantizer
from .roundings import is_quantized, without_roundings

__all__ = [
    "AccumulatorBounds",
    "ChannelRanges",
    "InputNumbers",
    "QuantizeOptions",
    "Quantizer",
    "TableError",
    "accumulator_bounds",
    "certain_refusals",
    "channel_ranges",
    "clamped",
    "common_width",
    "equalize",
    "evaluates",
    "find_quantizer",
    "follow_ratios",
    "integer_quantization",
    "is_quantized",
    "missing_numbers",
    "network_constants",
    "open_numbers",
    "quantize",
    "release_weights",
    "run_float",
    "scale_groups",
    "settle",
    "table_error",
    "tensor_bounds",
    "with_real_weights",
    "without_roundings",
]
