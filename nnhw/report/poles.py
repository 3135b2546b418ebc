"""Functions whose arguments get where they have no bounds or are not defined."""

from __future__ import annotations

import numpy as np

from ..data import SampleSource
from ..ir import FUNCTIONS, Function, Graph, as_batch
from ..quantize import run_float
from .warnings import QualityWarning

_SAMPLES = 256
RECIPROCAL_SUFFIX = "_reciprocal"
"""How the frontend names the reciprocal of a division's divisor."""


def find_poles(graph: Graph, x: SampleSource) -> list[QualityWarning]:
    """A warning for every function of a float graph that meets a pole, or leaves its domain.

    Parameters
    ----------
    graph
        Float graph.
    x
        Samples, of which the first 256 are enough.
    """
    nodes = [node for node in graph.nodes if isinstance(node, Function) and _has_pole(node)]
    if not nodes:
        return []
    arguments = run_float(graph, as_batch(graph, x[:_SAMPLES]), keep={n.inputs[0] for n in nodes})
    warnings = []
    for node in nodes:
        argument = arguments[node.inputs[0]]
        finite = argument[np.isfinite(argument)]
        if not finite.size or not _meets_pole(node, float(finite.min()), float(finite.max())):
            continue
        span = f"from {finite.min():.3g} to {finite.max():.3g} on the samples"
        if node.function == "reciprocal":
            problem = (
                f"'{node.name.removesuffix(RECIPROCAL_SUFFIX)}' divides by values {span}: around "
                "zero, which they cross, the quotient has no bounds, so that no integers represent "
                "it"
            )
            advice = "Keep the divisor away from zero, by Clip or by adding a constant to its Abs"
        else:
            problem = (
                f"The argument of '{node.name}' ({FUNCTIONS[node.function].operator}) is {span}, "
                "where the function has no bounds or is not defined"
            )
            advice = "Keep the argument where it is defined, by Clip or by adding a constant"
        warnings.append(
            QualityWarning(
                kind="pole",
                layer=node.name.removesuffix(RECIPROCAL_SUFFIX),
                problem=problem,
                advice=advice,
            )
        )
    return warnings


def _has_pole(node: Function) -> bool:
    if node.function == "pow":
        (exponent,) = node.parameters
        return exponent < 0 or not exponent.is_integer()
    return node.function in ("log", "reciprocal", "sqrt")


def _meets_pole(node: Function, lowest: float, highest: float) -> bool:
    if node.function == "log":
        return lowest <= 0
    if node.function == "pow":
        (exponent,) = node.parameters
        if not exponent.is_integer():
            return lowest < 0 or (exponent < 0 and lowest == 0)
    elif node.function == "sqrt":
        return lowest < 0
    return lowest <= 0 <= highest
