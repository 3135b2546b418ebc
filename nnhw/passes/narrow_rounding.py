"""Gives a rounding that is clamped behind the width that the clamp leaves it."""

from __future__ import annotations

import math
from dataclasses import replace

from ..ir import Clamp, Clip, FakeQuantize, Graph, Quantization
from .rewrite import rebuild


def apply(graph: Graph) -> tuple[Graph, bool]:
    """Round to fewer bits what is only read clamped; widths without a type of ONNX arrive so.

    A clamp to all that the narrower rounding represents goes; any other one stays.
    """
    for node in graph.nodes:
        if not isinstance(node, FakeQuantize):
            continue
        readers = graph.readers(node.output)
        if len(readers) != 1 or any(port.tensor == node.output for port in graph.outputs):
            continue
        (clip,) = readers
        if not isinstance(clip, Clip):
            continue
        if any(isinstance(reader, FakeQuantize) for reader in graph.readers(clip.output)):
            continue  # which says itself to how many bits
        narrow = narrowed(node.quantization, clip.clamp.lo, clip.clamp.hi)
        if narrow is not None:
            changed = {
                node: replace(node, quantization=narrow),
                clip: replace(clip, clamp=_bounded(clip.clamp, node.quantization, narrow)),
            }
            return rebuild(graph, [changed.get(n, n) for n in graph.nodes]), True
    return graph, False


def _bounded(clamp: Clamp, q: Quantization, narrow: Quantization) -> Clamp:
    """The clamp, with the end of the wider range where the narrower one goes on beyond it."""
    top = q.hi - q.zero_point
    if math.isinf(clamp.hi) and narrow.hi - narrow.zero_point > top:
        return replace(clamp, hi=top * q.scale)
    return clamp


def narrowed(q: Quantization, lo: float, hi: float) -> Quantization | None:
    """The same steps, in the fewest bits that hold all from `lo` to `hi` and zero.

    None if these are not fewer, or a bound is no step.
    """
    steps = []
    for bound in (lo, hi):
        step = q.nearest(bound) - q.zero_point
        if not math.isinf(bound) and abs(step * q.scale - bound) > 1e-6 * abs(bound):
            return None
        steps.append(step)
    first, last = min(steps[0], 0), max(steps[1], 0)
    bits = max(2, (last - first).bit_length())
    if bits >= q.bits or not q.signed:
        return None
    # As low as possible, so that a range of a power of two is represented exactly.
    zero_point = -(1 << (bits - 1)) - first
    return Quantization(bits=bits, scale=q.scale, zero_point=zero_point)
