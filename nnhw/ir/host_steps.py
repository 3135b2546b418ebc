"""What the host does to a model's input before it quantizes it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .tensor import Quantization

_OPERATORS = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide}


@dataclass(frozen=True, kw_only=True, eq=False)
class HostStep:
    """One operation in float32 on every element x of an input: "Sub" is x - operand.

    Parameters
    ----------
    operator
        "Add", "Sub", "Mul" or "Div", as ONNX defines it.
    operand
        float32, finite: (1,) for all elements, (C,) by channel, or the input's (H, W, C).

    Raises
    ------
    ValueError
        If the operator is none of these, or the operand is of another type or not finite.
    """

    operator: str
    operand: np.ndarray

    def __post_init__(self) -> None:
        if self.operator not in _OPERATORS:
            raise ValueError(f"Operator must be one of {list(_OPERATORS)}, not {self.operator!r}")
        if self.operand.dtype != np.float32 or not np.isfinite(self.operand).all():
            raise ValueError(f"The operand of {self.operator} must be finite float32 values")


@dataclass(frozen=True, kw_only=True, eq=False)
class HostRule:
    """How the host makes q of an input: q = saturate(round((x - offset) / scale) + zero_point).

    Every operation is rounded to float32, round() goes to the nearest integer, ties to even.

    Parameters
    ----------
    steps
        What comes before it; empty unless the model's file brings along more than an offset.
    offset, scale
        As the operand of a `HostStep`.
    zero_point
        Added to the rounded quotient.
    """

    steps: tuple[HostStep, ...]
    offset: np.ndarray
    scale: np.ndarray
    zero_point: int


def host_rule(steps: Sequence[HostStep], quantization: Quantization) -> HostRule:
    """Steps, and the quantization of what comes of them, as one rule that gives the very same q."""
    rest = list(steps)
    scale = np.array([quantization.scale], np.float32)
    if rest and rest[-1].operator == "Div" and _rounds_nothing(rest[-1].operand, scale):
        scale = rest.pop().operand * scale
    offset = np.zeros(1, np.float32)
    if rest and rest[-1].operator in ("Add", "Sub"):
        last = rest.pop()
        offset = last.operand if last.operator == "Sub" else -last.operand
    return HostRule(
        steps=tuple(rest), offset=offset, scale=scale, zero_point=quantization.zero_point
    )


def _rounds_nothing(divisor: np.ndarray, scale: np.ndarray) -> bool:
    """Whether dividing by both is dividing by their product: the scale is a power of two.

    Neither it nor the product is near the ends of float32.
    """
    ends = np.concatenate([np.abs(divisor * scale).ravel(), scale])
    is_power = math.frexp(scale[0])[0] == 0.5
    return is_power and bool((ends > 2.0**-64).all() and (ends < 2.0**64).all())


def apply_host_steps(steps: Iterable[HostStep], x: np.ndarray) -> np.ndarray:
    """A batch (N, H, W, C) after some steps, each rounded to float32.

    Parameters
    ----------
    x
        Of any real type; taken as float32.

    Returns
    -------
    numpy.ndarray
        float32 (N, H, W, C); infinite or NaN where a step leaves float32's range.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        y = x.astype(np.float32)
        for step in steps:
            y = _OPERATORS[step.operator](y, step.operand)
    return y
