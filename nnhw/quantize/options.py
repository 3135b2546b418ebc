"""What a user can choose about quantization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from ..errors import QuantizationError

CalibrationMethod = Literal["mse", "minmax", "percentile"]


@dataclass(frozen=True, kw_only=True)
class QuantizeOptions:
    """Options of `quantize`.

    Parameters
    ----------
    weight_bits
        Width of a weight, 2 to 8.
    activation_bits
        Width of an activation, 4 to 8; the network's input and output included.
    calibration_method
        How the range of an activation follows from its distribution: see `nnhw.quantize.ranges`.
    multiplier_bits
        Width of a requantization multiplier, 10 to 24: see `nnhw.quantize.fixed_point`.

    Raises
    ------
    QuantizationError
        If an option is out of range.
    """

    weight_bits: int = 8
    activation_bits: int = 8
    calibration_method: CalibrationMethod = "mse"
    multiplier_bits: int = 13

    def __post_init__(self) -> None:
        for option, lo, hi in (
            ("weight_bits", 2, 8),
            ("activation_bits", 4, 8),
            ("multiplier_bits", 10, 24),
        ):
            value = getattr(self, option)
            if not isinstance(value, int) or not lo <= value <= hi:
                raise QuantizationError(
                    f"Option {option} must be an integer from {lo} to {hi}, not {value!r}"
                )
        methods = get_args(CalibrationMethod)
        if self.calibration_method not in methods:
            raise QuantizationError(
                f"Option calibration_method must be one of {', '.join(methods)}, "
                f"not {self.calibration_method!r}"
            )
