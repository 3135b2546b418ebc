"""Splits large repetitions into several small ones."""

from __future__ import annotations

import math
from dataclasses import replace

from ..ir import Graph, Resize
from .rewrite import new_tensor, rebuild

_MOST_COPIES = 4
"""Largest number of copies of a pixel that a Resize makes itself."""


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Split the first Resize that makes more than a few copies of a pixel, if it can be split.

    Hardware needs an instruction for each copy. The sum of the prime factors of a number is
    smaller than the number, and the first copies are of small tensors.
    """
    for i, node in enumerate(graph.nodes):
        if not isinstance(node, Resize) or math.prod(node.factor) <= _MOST_COPIES:
            continue
        first = _first(node.factor)
        if first == node.factor:
            continue
        height, width, channels = graph.tensors[node.inputs[0]].shape
        shape = (height * first[0], width * first[1], channels)
        between = new_tensor(graph, node.inputs[0], "repeated", shape)
        rest = (node.factor[0] // first[0], node.factor[1] // first[1])
        nodes = (
            *graph.nodes[:i],
            replace(node, output=between.name, factor=first),
            replace(node, name=f"{node.name}_rest", inputs=(between.name,), factor=rest),
            *graph.nodes[i + 1 :],
        )
        return rebuild(graph, nodes, tensors={between.name: between}), True
    return graph, False


def _first(factor: tuple[int, int]) -> tuple[int, int]:
    """The smallest prime factor of one of both, in its place."""
    primes = [_smallest_prime(number) if number > 1 else math.inf for number in factor]
    if primes[0] < primes[1]:
        return int(primes[0]), 1
    return 1, int(primes[1])


def _smallest_prime(number: int) -> int:
    return next(n for n in range(2, number + 1) if number % n == 0)
