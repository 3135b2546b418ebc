"""Convolutions whose weights are quantized here."""

from __future__ import annotations

import numpy as np

from ..errors import QuantizationError
from ..ir import Conv, Draft, Factors, FixedPoint, QConv, Quantization
from .weights import quantize_weights, weight_scales


def draft_conv(
    node: Conv,
    source: Quantization,
    target: Quantization,
    *,
    input_mean: np.ndarray,
    weight_bits: int,
    power_of_two: bool,
) -> Draft:
    """The integer form of a convolution of real weights.

    Parameters
    ----------
    input_mean
        float64 (input channels,): mean of each over the calibration data.
    power_of_two
        Whether ratios are to be powers of two where they are free.

    Raises
    ------
    QuantizationError
        If it is grouped and not depthwise, or has a weight or bias that is not finite or has no
        integer.
    """
    out, _, _, channels = node.weight.shape
    if node.groups != 1 and (channels != 1 or node.groups != out):
        raise QuantizationError(
            f"Node '{node.name}' has {node.groups} groups, neither 1 nor depthwise: "
            f"simplify the graph before"
        )
    unit = target.scale / source.scale
    scales = weight_scales(node, weight_bits, source.scale, target.scale, power_of_two=power_of_two)

    def finish(constants: FixedPoint) -> QConv:
        factor = constants.of_one_term()
        exact = np.ldexp(factor.multiplier * unit, -factor.shift)
        weights = quantize_weights(node, weight_bits, source.scale, exact, input_mean)
        return QConv(
            name=node.name,
            inputs=node.inputs,
            output=node.output,
            window=node.window,
            weight=weights.weight,
            bias=weights.bias,
            weight_bits=weight_bits,
            weight_scale=weights.scale,
            requantize=factor.requantize(node.clamp, target),
            groups=node.groups,
        )

    return Draft(factors=Factors(ratio=(scales / unit)[:, None], flexible=True), finish=finish)
