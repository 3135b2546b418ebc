"""Activation functions that stand in the options of another operator."""

from __future__ import annotations

import numpy as np

from ..network import Operator
from ..writer import Refusal, Writer

CLIPS = {"RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0), "RELU_0_TO_1": (0.0, 1.0)}
"""The functions that are bounds, with these."""


def clip(w: Writer, value: str, lo: float, hi: float, *, main: bool = False) -> str:
    """Bounds as a Clip, which has the operator's own name if it is the `main` node."""
    bounds = [w.constant(bound, np.float32) for bound in (lo, hi)]
    return w.node("Clip", [value, *bounds], main=main)


def activated(op: Operator, w: Writer, value: str) -> str:
    """The result of the activation function that is fused into an operator."""
    function = op.option("FusedActivationFunction")
    if function == "NONE":
        return value
    if function in CLIPS:
        return clip(w, value, *CLIPS[function])
    if function in ("RELU", "TANH"):
        return w.node(function.title(), [value])
    raise Refusal(
        f"the activation function {function}, fused into it, is not supported; use RELU, RELU6 or "
        "TANH"
    )
