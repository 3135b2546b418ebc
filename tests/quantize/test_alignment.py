"""Scales with exact ratios for additions and average pools."""

from __future__ import annotations

import numpy as np
import pytest
from random_graphs import Builder

from nnhw.ir import Graph
from nnhw.quantize.alignment import align_scales
from nnhw.quantize.fixed_point import largest_sum_ratio

BITS = 13


def align(graph: Graph, bits: int = BITS, **scales: float) -> dict[str, float]:
    given = {name: float(np.float32(scales.get(name, 0.0123))) for name in graph.tensors}
    found = align_scales(graph, {name: name for name in graph.tensors}, given, bits)
    for name, scale in found.items():
        assert np.float32(scale) == scale
        assert given[name] * (1 - 1e-7) <= scale < 1.3 * given[name], name
    return found


def is_exact(*ratios: float) -> bool:
    """Whether the ratios are multiples, less than 2**BITS, of one power of two."""
    for shift in range(1, 40):
        scaled = np.ldexp(ratios, shift)
        if scaled.max() < 2**BITS and np.allclose(scaled, np.rint(scaled), rtol=1e-6, atol=0):
            return True
    return False


def residual() -> Graph:
    """t0 = conv(x), t1 = conv(t0), t2 = t0 + t1, t3 = t2 + t0, t4 = t3 + t2."""
    b = Builder((4, 4, 3))
    first = b.conv("x", 3)
    total = b.add(first, b.conv(first, 3))
    again = b.add(total, first)
    return b.graph(b.add(again, total))


@pytest.mark.parametrize("t0", [0.003, 0.0123, 0.07])
@pytest.mark.parametrize("t2", [0.005, 0.0123, 0.04])
def test_additions_are_exact(t0: float, t2: float) -> None:
    s = align(residual(), t0=t0, t2=t2)
    assert is_exact(s["t0"] / s["t2"], s["t1"] / s["t2"])


def test_operands_that_are_settled_stay() -> None:
    """t4 = t3 + t0, of which t0 is what the exactness of t2 = t0 + t1 rests on."""
    b = Builder((4, 4, 3))
    first = b.conv("x", 3)
    total = b.add(first, b.conv(first, 3))
    graph = b.graph(b.add(b.conv(total, 3), first))
    s = align(graph, t0=0.01, t1=0.008, t3=0.0123)
    assert s["t0"] == np.float32(0.01)
    assert is_exact(s["t0"] / s["t2"], s["t1"] / s["t2"])
    assert is_exact(s["t3"] / s["t4"], s["t0"] / s["t4"])


def test_a_tensor_added_to_itself() -> None:
    b = Builder((4, 4, 3))
    s = align(b.graph(b.add("x", "x")), x=0.37, t0=0.71)
    assert is_exact(s["x"] / s["t0"])


@pytest.mark.parametrize("pads", [(0, 0, 0, 0), (1, 1, 1, 1)])
def test_average_pools_are_exact(pads: tuple[int, ...]) -> None:
    b = Builder((6, 6, 3))
    graph = b.graph(b.average_pool("x", kernel=(3, 3), stride=(2, 2), pads=pads))
    s = align(graph, x=0.037, t0=0.0231)
    divisors = np.unique(graph.nodes[0].divisor)
    assert is_exact(*(s["x"] / s["t0"] / divisors))


def test_what_needs_too_wide_multipliers_is_left_alone() -> None:
    b = Builder((9, 9, 1))
    graph = b.graph(b.average_pool("x", kernel=(7, 7), pads=(3, 3, 3, 3)))
    s = align(graph, x=0.037, t0=0.0231)
    assert s == {"x": float(np.float32(0.037)), "t0": float(np.float32(0.0231))}


@pytest.mark.parametrize("t1", [0.00001, 0.0004, 0.003])
def test_products_are_exact(t1: float) -> None:
    b = Builder((4, 4, 3))
    product = b.multiply("x", b.conv("x", 3))
    s = align(b.graph(product), x=0.02, t0=0.013, t1=t1)
    assert (s["x"], s["t0"]) == (np.float32(0.02), np.float32(0.013))
    assert is_exact(s["x"] * s["t0"] / s["t1"])


@pytest.mark.parametrize("scale", [0.0051, 0.0123, 0.02])
def test_concatenations_are_exact(scale: float) -> None:
    """Also where one part is settled, by the addition before."""
    b = Builder((4, 4, 3))
    first = b.conv("x", 3)
    total = b.add(first, b.conv(first, 3))
    joined = b.concat(total, b.conv(total, 2), b.function(total, "tanh"))
    s = align(b.graph(joined), t0=0.01, t1=0.008, t2=0.015, t3=scale, t4=1.01 * scale, t5=0.0201)
    assert is_exact(s["t0"] / s["t2"], s["t1"] / s["t2"])
    for part in ("t2", "t3", "t4"):
        assert is_exact(s[part] / s["t5"]), part


def test_operands_of_products_and_parts_stay() -> None:
    """What the ratio of an earlier product or concatenation rests on is not changed later."""
    b = Builder((4, 4, 3))
    first, second = b.conv("x", 3), b.conv("x", 3)
    product = b.multiply(first, second)
    joined = b.concat(b.add(first, second), product, first)
    s = align(b.graph(joined), t0=0.0123, t1=0.011)
    assert (s["t0"], s["t1"]) == (np.float32(0.0123), np.float32(0.011))
    assert is_exact(s["t0"] * s["t1"] / s["t2"])


def test_an_output_far_below_its_operands_gets_steps_that_multipliers_reach() -> None:
    """A sum of which bounds leave less than one step of an operand."""
    b = Builder((4, 4, 3))
    graph = b.graph(b.add("x", b.conv("x", 3)))
    given = {"x": 1000.0, "t0": 4.0, "t1": 0.001}
    found = align_scales(graph, {name: name for name in graph.tensors}, given, BITS)
    assert found["t1"] >= found["x"] / largest_sum_ratio(BITS)
    assert is_exact(found["x"] / found["t1"], found["t0"] / found["t1"])
