"""What an integer operator is among real numbers: an expression of ONNX operators, as plain data.

In a QDQ model every tensor passes through QuantizeLinear and DequantizeLinear, and what stands in
between is this expression. `nnhw.frontend.write_qdq` writes it; nothing here knows onnx.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Operand:
    """Real values of an input of the node.

    Parameters
    ----------
    index
        Which one.
    is_flat
        Whether it is wanted as (N, C * H * W) and not as (N, C, H, W).
    """

    index: int = 0
    is_flat: bool = False


@dataclass(frozen=True, eq=False)
class Constant:
    """An array of the model.

    Parameters
    ----------
    name
        What tells it from the node's other constants.
    values
        Of any type that ONNX has.
    is_int4
        Whether the values, -8 to 7, are stored in 4 bits.
    """

    name: str
    values: np.ndarray
    is_int4: bool = False


@dataclass(frozen=True, eq=False)
class Apply:
    """An ONNX operator of a model of opset 21.

    The same object as an operand of several operators is computed once.

    Parameters
    ----------
    operator
        Its ONNX name.
    operands
        None is an optional input that is left out.
    name
        What tells its result from the node's others; empty for the last one.
    attributes
        By ONNX name.
    """

    operator: str
    operands: tuple[Expression | None, ...]
    name: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


Expression = Operand | Constant | Apply


def with_gain(value: Apply, gain: float) -> Apply:
    """A value without a name times a gain."""
    if gain == 1:
        return value
    factor = Constant("gain", np.array(gain, np.float32))
    return Apply("Mul", (replace(value, name="ungained"), factor))


@dataclass(frozen=True, kw_only=True, eq=False)
class QdqForm:
    """An integer operator in real numbers.

    Parameters
    ----------
    value
        What it computes, before rounding.
    bounds
        Least and largest q that the result is clamped to.
    is_flat
        Whether `value` is (N, C) and not (N, C, H, W).
    """

    value: Apply
    bounds: tuple[int, int]
    is_flat: bool = False
