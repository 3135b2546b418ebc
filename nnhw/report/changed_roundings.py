"""What narrower multipliers than a model's scales ask for change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..data import SampleSource
from ..golden import quantize_inputs
from ..golden import run as run_integer
from ..ir import Batch, Graph, Requantize
from .parts import part_between

_SAMPLES = 64
"""Few are enough for a rate, and all tensors of them are kept."""


@dataclass(frozen=True, kw_only=True)
class ChangedRoundings:
    """Results that are not those of multipliers as wide as the scales of a model ask for.

    Parameters
    ----------
    bits, exact_bits
        Of the widest multiplier, and of the widest one that the scales ask for.
    samples
        Number of samples that the others were measured on; 0 without data, and they are empty.
    outputs
        By the name of each output: its elements in per cent that are changed.
    largest
        The most steps by which an element of an output is changed.
    layer, layer_rate
        The node that by itself, its operands being exact, changes the most of its results; and
        these in per cent. None if none does.
    """

    bits: int
    exact_bits: int
    samples: int
    outputs: dict[str, float] = field(default_factory=dict)
    largest: int = 0
    layer: str | None = None
    layer_rate: float = 0.0


def measure_changed_roundings(
    exact: Graph, narrow: Graph, x: SampleSource | None
) -> ChangedRoundings:
    """Compare an integer network with the one whose multipliers are as wide as is asked for.

    Parameters
    ----------
    exact, narrow
        Graphs that differ in multipliers, shifts and scales of weights only.
    x
        Samples, of which the first 64 count; None if there are none.
    """
    bits, exact_bits = _widest(narrow), _widest(exact)
    if x is None:
        return ChangedRoundings(bits=bits, exact_bits=exact_bits, samples=0)
    frames = quantize_inputs(exact, x[:_SAMPLES])
    wanted = run_integer(exact, frames, keep=exact.tensors)
    found = run_integer(narrow, frames)
    names = {port.tensor: port.onnx_name for port in narrow.outputs}
    own = {node.name: _own_rate(narrow, node.output, wanted) for node in narrow.nodes}
    layer = max(own, key=own.__getitem__)
    return ChangedRoundings(
        bits=bits,
        exact_bits=exact_bits,
        samples=len(frames),
        outputs={name: _rate(found[tensor], wanted[tensor]) for tensor, name in names.items()},
        largest=max(
            int(np.abs(found[tensor].astype(int) - wanted[tensor]).max()) for tensor in names
        ),
        layer=layer if own[layer] else None,
        layer_rate=own[layer],
    )


def _own_rate(graph: Graph, tensor: str, values: Mapping[str, np.ndarray]) -> float:
    """Elements in per cent that a node makes of exact operands and that differ."""
    part = part_between(graph, tensor, graph.tensors)
    operands = Batch({port.tensor: values[port.tensor] for port in part.inputs})
    return _rate(run_integer(part, operands)[tensor], values[tensor])


def _rate(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(100 * np.mean(found != wanted))


def _widest(graph: Graph) -> int:
    """Bits of the widest multiplier."""
    widest = 0
    for node in graph.nodes:
        for value in vars(node).values():
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, Requantize):
                    widest = max(widest, int(item.multiplier.max()).bit_length())
    return widest
