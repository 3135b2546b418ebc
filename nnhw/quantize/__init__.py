"""From a float graph to an integer graph."""

from .bounds import AccumulatorBounds, accumulator_bounds, tensor_bounds
from .convert import quantize
from .float_reference import run_float
from .functions import TableError, table_error
from .options import CalibrationMethod, QuantizeOptions

__all__ = [
    "AccumulatorBounds",
    "CalibrationMethod",
    "QuantizeOptions",
    "TableError",
    "accumulator_bounds",
    "quantize",
    "run_float",
    "table_error",
    "tensor_bounds",
]
