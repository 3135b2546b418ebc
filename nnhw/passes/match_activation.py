"""Recognizes activation functions that exporters write as several operators.

All of them are x times a function of x, with constants in different places: Swish, HardSwish, Mish,
both forms of Gelu, and powers. As the function of one number that they are, they need one table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..ir import Add, ChannelAffine, Clip, Function, Graph, Multiply, Node
from .rewrite import NO_CLAMP, new_tensor, rebuild


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Replace the first product that is a known function of one tensor.

    What it does not need any more is left to `drop_unused`.
    """
    writers = {node.output: node for node in graph.nodes}
    for i, node in enumerate(graph.nodes):
        match = _match(node, writers)
        if match is None:
            continue
        result = new_tensor(graph, node.output, "function", graph.tensors[node.output].shape)
        channels = result.shape[2]
        function = Function(
            name=node.name,
            inputs=(match.base,),
            output=result.name,
            function=match.function,
            parameters=match.parameters,
        )
        gain = ChannelAffine(
            name=f"{node.name}_gain",
            inputs=(result.name,),
            output=node.output,
            scale=np.full(channels, match.gain),
            offset=np.zeros(channels),
        )
        nodes = (*graph.nodes[:i], function, gain, *graph.nodes[i + 1 :])
        return rebuild(graph, nodes, tensors={result.name: result}), True
    return graph, False


@dataclass(frozen=True)
class _Match:
    """gain * function(base)."""

    base: str
    function: str
    gain: float
    parameters: tuple[float, ...] = ()


@dataclass(frozen=True)
class _Line:
    """scale * base + offset."""

    base: str
    scale: float
    offset: float


Writers = dict[str, Node]


def _line(tensor: str, writers: Writers) -> _Line:
    """A tensor by the tensor that it is, for all channels alike, scaled and offset from."""
    node = writers.get(tensor)
    if not isinstance(node, ChannelAffine):
        return _Line(tensor, 1.0, 0.0)
    scale, offset = node.scale[0], node.offset[0]
    if (node.scale != scale).any() or (node.offset != offset).any():
        return _Line(tensor, 1.0, 0.0)
    inner = _line(node.inputs[0], writers)
    return _Line(inner.base, float(inner.scale * scale), float(inner.offset * scale + offset))


def _match(node: Node, writers: Writers) -> _Match | None:
    if not isinstance(node, Multiply) or node.clamp != NO_CLAMP:
        return None
    for x, factor in (node.inputs, node.inputs[::-1]):
        line, other = _line(x, writers), _line(factor, writers)
        if line.offset != 0:
            continue
        for match in _functions(line.base, other, writers):
            gain = node.gain * line.scale * match.gain
            return _Match(match.base, match.function, gain, match.parameters)
    return None


def _functions(x: str, factor: _Line, writers: Writers) -> Iterator[_Match]:
    """What x * factor may be."""
    node = writers.get(factor.base)
    if not isinstance(node, Function | Clip):
        return
    inner = _line(node.inputs[0], writers)
    is_plain, is_one_plus = factor.offset == 0, _close(factor.offset, factor.scale)
    function = node.function if isinstance(node, Function) else "clip"
    match function:
        case "sigmoid" if is_plain and inner.base == x and inner.offset == 0:
            yield _Match(x, "swish", factor.scale, (inner.scale,))
        case "hard_sigmoid" | "clip" if is_plain and inner.base == x:
            alpha, beta, height = _ramp(node)
            alpha, beta = alpha * inner.scale, alpha * inner.offset + beta
            if _close(alpha, 1 / 6) and _close(beta, 0.5):
                yield _Match(x, "hard_swish", factor.scale * height)
        case "pow" if is_plain and inner == _Line(x, 1.0, 0.0) and isinstance(node, Function):
            yield _Match(x, "pow", factor.scale, (node.parameters[0] + 1,))
        case "erf" if is_one_plus and inner.base == x and inner.offset == 0:
            if _close(inner.scale, 1 / math.sqrt(2)):
                yield _Match(x, "gelu", 2 * factor.scale)
        case "tanh" if is_one_plus and _is_gelu_argument(x, inner, writers):
            yield _Match(x, "gelu_tanh", 2 * factor.scale)
        case "tanh" if is_plain and inner == _Line(inner.base, 1.0, 0.0):
            softplus = writers.get(inner.base)
            if isinstance(softplus, Function) and (softplus.function, softplus.inputs) == (
                "softplus",
                (x,),
            ):
                yield _Match(x, "mish", factor.scale)


def _ramp(node: Node) -> tuple[float, float, float]:
    """alpha, beta and height, where the node is height * clamp(alpha * x + beta, 0, 1)."""
    if isinstance(node, Function):
        alpha, beta = node.parameters
        return alpha, beta, 1.0
    assert isinstance(node, Clip), "the only other kind that is asked for"
    height = node.clamp.hi
    if node.clamp.lo != 0 or not 0 < height < math.inf:
        return 0.0, 0.0, 0.0
    return 1 / height, 0.0, height


def _is_gelu_argument(x: str, line: _Line, writers: Writers) -> bool:
    """Whether it is sqrt(2 / pi) * (x + 0.044715 * x**3)."""
    node = writers.get(line.base)
    if not isinstance(node, Add) or node.clamp != NO_CLAMP or line.offset != 0:
        return False
    scale = line.scale * node.gain
    terms = [_line(name, writers) for name in node.inputs]
    if terms[1].base == x:
        terms.reverse()
    cube = writers.get(terms[1].base)
    return (
        terms[0].base == x
        and isinstance(cube, Function)
        and (cube.function, cube.parameters, cube.inputs) == ("pow", (3.0,), (x,))
        and terms[0].offset == terms[1].offset == 0
        and _close(scale * terms[0].scale, math.sqrt(2 / math.pi))
        and _close(scale * terms[1].scale, math.sqrt(2 / math.pi) * 0.044715)
    )


def _close(a: float, b: float) -> bool:
    """Equal up to the rounding of a few float32 constants, or of those given to five digits."""
    return math.isclose(a, b, rel_tol=1e-4)
