"""What a user can choose about quantization."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import QuantizationError
from ..options import CALIBRATION_METHODS, CalibrationMethod


@dataclass(frozen=True, kw_only=True)
class QuantizeOptions:
    """Options of `quantize`.

    Parameters
    ----------
    weight_bits
        Width of a weight, 2 to 8.
    layer_bits
        The same for single layers, by the name of the convolution's or matrix product's node.
    activation_bits
        Width of an activation, 4 to 8; the network's input and output included.
    calibration_method
        How the range of an activation follows from its distribution: see `nnhw.quantize.ranges`.
    multiplier_bits
        Width of a requantization multiplier where scales are chosen, 10 to 24: see
        `nnhw.quantize.fixed_point`.
    scale_bits
        The same where it is to be narrower, or the scales are given; None: as wide as is needed.
    power_of_two
        Whether scales are powers of two: see `nnhw.quantize.power_of_two`.

    Raises
    ------
    QuantizationError
        If an option is out of range; named as `BuildOptions` has it.
    """

    weight_bits: int = 8
    layer_bits: Mapping[str, int] = field(default_factory=dict)
    activation_bits: int = 8
    calibration_method: CalibrationMethod = "mse"
    multiplier_bits: int = 16
    scale_bits: int | None = None
    power_of_two: bool = False

    def __post_init__(self) -> None:
        _check_integer("weight_bits", self.weight_bits, 2, 8)
        for layer, bits in self.layer_bits.items():
            _check_integer(f"bits of layer '{layer}'", bits, 2, 8)
        _check_integer("act_bits", self.activation_bits, 4, 8)
        _check_integer("multiplier_bits", self.multiplier_bits, 10, 24)
        if self.scale_bits is not None:
            _check_integer("scale_bits", self.scale_bits, 10, 24)
        if self.calibration_method not in CALIBRATION_METHODS:
            raise QuantizationError(
                f"Option calibration must be one of {', '.join(CALIBRATION_METHODS)}, "
                f"not {self.calibration_method!r}"
            )

    @property
    def chosen_bits(self) -> int:
        """Width of a multiplier where scales are chosen."""
        return min(self.multiplier_bits, self.scale_bits or self.multiplier_bits)

    def bits_of(self, layer: str) -> int:
        """Width of the weights of the layer of the given name."""
        return self.layer_bits.get(layer, self.weight_bits)


def _check_integer(option: str, value: object, lo: int, hi: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not lo <= value <= hi:
        raise QuantizationError(
            f"Option {option} must be an integer from {lo} to {hi}, not {value!r}"
        )
