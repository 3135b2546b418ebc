"""Operators that compute each element of two tensors, or of several side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ...errors import QuantizationError
from ...ir import Node, QAdd, QConcat, QExtremum, QMultiply, Quantization, Requantize, Tensor
from .arrays import constant
from .executions import imitates
from .straight_through import EXACT, requantize


def scaled(
    node: Node,
    inputs: Sequence[torch.Tensor],
    sources: Sequence[Quantization],
    multipliers: np.ndarray,
) -> list[torch.Tensor]:
    """(x - zero point of x) * multiplier of each operand x: float64, exact, as their sum is.

    Raises
    ------
    QuantizationError
        If the sum may exceed what float64 holds.
    """
    factors = multipliers.tolist()
    largest = reach(sources, multipliers)
    if largest >= EXACT:
        raise QuantizationError(
            f"Node '{node.name}': requantization reaches {largest}, and no more than 53 bits can "
            "be tuned: use fewer multiplier bits"
        )
    return [
        (x.double() - source.zero_point).mul_(factor)
        for x, source, factor in zip(inputs, sources, factors, strict=True)
    ]


def reach(sources: Sequence[Quantization], multipliers: np.ndarray) -> int:
    """What the magnitude of the sum of operands that `scaled` gives does not exceed."""
    pairs = zip(sources, multipliers.tolist(), strict=True)
    return sum((source.hi - source.lo) * factor for source, factor in pairs)


def shifted(
    p: torch.Tensor, constants: Requantize, output: Tensor, largest: float | None = None
) -> torch.Tensor:
    """The end of an operator whose multipliers are in p already, and whose shifts are all equal;
    `largest`: what no magnitude of p exceeds, if it is known."""
    return requantize(
        p,
        torch.ones((), dtype=torch.int64),
        torch.tensor(int(constants.shift.flat[0])),
        output.q.zero_point,
        *constants.bounds,
        largest=largest,
    )


@imitates(QAdd)
def add(
    node: QAdd, inputs: Sequence[torch.Tensor], sources: Sequence[Quantization], output: Tensor
) -> torch.Tensor:
    """Both operands brought to the scale of 2**-shift output steps, added, requantized."""
    a, b = scaled(node, inputs, sources, node.requantize.multiplier)
    largest = reach(sources, node.requantize.multiplier)
    return shifted(a.add_(b), node.requantize, output, largest)


@imitates(QExtremum)
def extremum(
    node: QExtremum,
    inputs: Sequence[torch.Tensor],
    sources: Sequence[Quantization],
    output: Tensor,
) -> torch.Tensor:
    """Both operands brought to the scale of 2**-shift output steps, compared, requantized."""
    a, b = scaled(node, inputs, sources, node.requantize.multiplier)
    pick = torch.maximum if node.which == "max" else torch.minimum
    largest = reach(sources, node.requantize.multiplier)
    return shifted(pick(a, b), node.requantize, output, largest)


@imitates(QMultiply)
def multiply(
    node: QMultiply,
    inputs: Sequence[torch.Tensor],
    sources: Sequence[Quantization],
    output: Tensor,
) -> torch.Tensor:
    """Products of the two operands' distances from zero, requantized."""
    a, b = (x - source.zero_point for x, source in zip(inputs, sources, strict=True))
    constants = node.requantize
    return requantize(
        a * b,  # of 18 bits at most
        constant(constants.multiplier),
        constant(constants.shift),
        output.q.zero_point,
        *constants.bounds,
    )


@imitates(QConcat)
def concat(
    node: QConcat, inputs: Sequence[torch.Tensor], sources: Sequence[Quantization], output: Tensor
) -> torch.Tensor:
    """Inputs, each requantized, side by side."""
    parts = []
    for x, source, constants in zip(inputs, sources, node.parts, strict=True):
        (p,) = scaled(node, [x], [source], constants.multiplier)
        parts.append(shifted(p, constants, output, reach([source], constants.multiplier)))
    return torch.cat(parts, dim=1)
