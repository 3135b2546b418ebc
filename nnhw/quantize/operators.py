"""The integer form of each operator.

The requantization constants depend on the ratios of the whole network (`choose_constants`), so an
operator is converted in two steps: into a `Draft` that states its ratios, then into a node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import QuantizationError
from ..ir import (
    Add,
    AveragePool,
    Clamp,
    Concat,
    Conv,
    DepthToSpace,
    Function,
    MaxPool,
    Multiply,
    Node,
    QAdd,
    QAveragePool,
    QConcat,
    QConv,
    QMaxPool,
    QMultiply,
    Quantization,
    Requantize,
    Reshape,
    Resize,
    Slice,
)
from .fixed_point import Factors, FixedPoint
from .functions import quantize_function
from .weights import quantize_weights, weight_scales


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """An operator that awaits its requantization constants.

    Parameters
    ----------
    factors
        What has to be approximated.
    finish
        Makes the node of the approximation.
    """

    factors: Factors
    finish: Callable[[FixedPoint], Node]


def draft(
    node: Node,
    quantizations: Mapping[str, Quantization],
    means: Mapping[str, np.ndarray],
    weight_bits: int,
    *,
    power_of_two: bool = False,
) -> Draft | Node:
    """The integer form of a float node: a draft, or the node itself if it does not requantize.

    Parameters
    ----------
    quantizations
        By tensor.
    means
        Mean of every channel, (C,), by tensor, for all inputs of convolutions.
    power_of_two
        Whether ratios are to be powers of two where they are free.

    Raises
    ------
    QuantizationError
        If the node has no integer form, or has parameters that are not finite.
    """
    sources = [quantizations[name] for name in node.inputs]
    target = quantizations[node.output]
    match node:
        case Conv():
            mean = means[node.inputs[0]]
            return _conv(node, sources[0], target, mean, weight_bits, power_of_two)
        case AveragePool():
            return _average_pool(node, sources[0], target)
        case Add():
            return _add(node, sources, target)
        case Multiply():
            return _multiply(node, sources, target)
        case Concat():
            return _concat(node, sources, target)
        case MaxPool():
            return _max_pool(node, target)
        case Function():
            return quantize_function(node, sources[0], target)
        case Reshape() | Slice() | Resize() | DepthToSpace():
            return node
    raise QuantizationError(
        f"Node '{node.name}' ({type(node).__name__}) has no integer form: simplify the graph before"
    )


def _conv(
    node: Conv,
    source: Quantization,
    target: Quantization,
    input_mean: np.ndarray,
    weight_bits: int,
    power_of_two: bool,
) -> Draft:
    out, _, _, channels = node.weight.shape
    if node.groups != 1 and (channels != 1 or node.groups != out):
        raise QuantizationError(
            f"Node '{node.name}' has {node.groups} groups, neither 1 nor depthwise: "
            f"simplify the graph before"
        )
    unit = target.scale / source.scale
    scales = weight_scales(node, weight_bits, source.scale, target.scale, power_of_two=power_of_two)

    def finish(constants: FixedPoint) -> QConv:
        multiplier, shift = constants.multiplier[:, 0], constants.shift[:, 0]
        exact = np.ldexp(multiplier * unit, -shift)
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
            requantize=_requantize(multiplier, shift, node.clamp, target),
            groups=node.groups,
        )

    return Draft(factors=Factors(ratio=(scales / unit)[:, None], flexible=True), finish=finish)


def _average_pool(node: AveragePool, source: Quantization, target: Quantization) -> Draft:
    ratio = (source.scale / target.scale / node.divisor)[:, :, None]

    def finish(constants: FixedPoint) -> QAveragePool:
        return QAveragePool(
            name=node.name,
            inputs=node.inputs,
            output=node.output,
            window=node.window,
            divisor=node.divisor,
            requantize=_requantize(
                constants.multiplier[:, :, 0], constants.shift[:, :, 0], node.clamp, target
            ),
        )

    return Draft(factors=Factors(ratio=ratio), finish=finish)


def _add(node: Add, sources: list[Quantization], target: Quantization) -> Draft:
    ratio = np.array([source.scale / target.scale for source in sources])

    def finish(constants: FixedPoint) -> QAdd:
        return QAdd(
            name=node.name,
            inputs=node.inputs,
            output=node.output,
            requantize=_requantize(constants.multiplier, constants.shift, node.clamp, target),
        )

    return Draft(factors=Factors(ratio=ratio), finish=finish)


def _multiply(node: Multiply, sources: list[Quantization], target: Quantization) -> Draft:
    ratio = np.array([sources[0].scale * sources[1].scale / target.scale])

    def finish(constants: FixedPoint) -> QMultiply:
        return QMultiply(
            name=node.name,
            inputs=node.inputs,
            output=node.output,
            requantize=_requantize(constants.multiplier, constants.shift, node.clamp, target),
        )

    return Draft(factors=Factors(ratio=ratio), finish=finish)


def _concat(node: Concat, sources: list[Quantization], target: Quantization) -> Draft:
    ratio = np.array([[source.scale / target.scale] for source in sources])

    def finish(constants: FixedPoint) -> QConcat:
        return QConcat(
            name=node.name,
            inputs=node.inputs,
            output=node.output,
            parts=tuple(
                _requantize(multiplier, shift, Clamp(), target)
                for multiplier, shift in zip(constants.multiplier, constants.shift, strict=True)
            ),
        )

    return Draft(factors=Factors(ratio=ratio), finish=finish)


def _max_pool(node: MaxPool, target: Quantization) -> QMaxPool:
    lo, hi = clamp_bounds(node.clamp, target)
    return QMaxPool(
        name=node.name,
        inputs=node.inputs,
        output=node.output,
        window=node.window,
        lo=lo,
        hi=hi,
    )


def _requantize(
    multiplier: np.ndarray, shift: np.ndarray, clamp: Clamp, target: Quantization
) -> Requantize:
    lo, hi = clamp_bounds(clamp, target)
    return Requantize(multiplier=multiplier, shift=shift, lo=lo, hi=hi)


def clamp_bounds(clamp: Clamp, target: Quantization) -> tuple[int, int]:
    """q of a clamp's bounds.

    As quantization is monotonic, clamping q to them is what ONNX Clip before QuantizeLinear does.
    """
    return target.nearest(clamp.lo), target.nearest(clamp.hi)
