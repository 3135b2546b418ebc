"""Bits of the weights of each layer, for a number of bits a weight on average."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .conversion import Samples, quantize_network, relative_noise
from .data import Dataset
from .errors import QuantizationError
from .ir import Graph, QConv
from .options import BuildOptions
from .quantize import run_float

WIDTHS = (2, 3, 4, 5, 6, 8)
"""Bits that a layer may get, ascending."""

_STEPS = 1 << 14
"""Parts of a budget: of partial assignments whose sizes are in the same one, one is kept."""

Bits = Mapping[str, int]
"""Of the weights of each layer, by its name."""


def choose_layer_bits(
    graph: Graph,
    calibration: Dataset,
    options: BuildOptions,
    mean_bits: float,
) -> dict[str, int]:
    """Bits of each layer that make the least noise by measured sensitivities.

    Of each layer it is measured once how much noise there is at the outputs when it alone has few
    bits. Noises of layers nearly add, so that the sum of these predicts any assignment.

    Parameters
    ----------
    graph
        Simplified float graph, with real weights.
    calibration
        Samples that noise is measured on.
    options
        Of the build; layers in its `bits` keep those.
    mean_bits
        Most bits of all weights over their number.

    Raises
    ------
    QuantizationError
        If layers with bits of their own have too many.
    """
    options = options.replace(equalize="off", weight_bits=WIDTHS[-1])
    samples = Samples(calibration=calibration)
    x = calibration.x[:]
    exact = run_float(graph, x)

    def quantized(bits: Bits) -> Graph:
        return quantize_network(graph, samples, options.replace(bits=bits))[1]

    def noise(bits: Bits) -> float:
        return relative_noise(exact, quantized(bits), x)

    whole = quantized({})
    counts = {node.name: node.weight.size for node in whole.nodes if isinstance(node, QConv)}
    widths = {
        layer: (options.bits[layer],) if layer in options.bits else WIDTHS for layer in counts
    }
    least = relative_noise(exact, whole, x)
    noises: dict[str, dict[int, float]] = {layer: {} for layer in counts}
    for layer in counts:
        for bits in widths[layer]:
            is_known = len(widths[layer]) == 1 or bits == WIDTHS[-1]
            noises[layer][bits] = 0.0 if is_known else max(0.0, noise({layer: bits}) - least)
    budget = mean_bits * sum(counts.values())
    chosen = best_assignment(list(counts.values()), list(noises.values()), budget)
    if chosen is None:
        fewest = sum(counts[layer] * min(widths[layer]) for layer in counts)
        raise QuantizationError(
            f"The layers that have bits of their own (bits) leave at least "
            f"{fewest / sum(counts.values()):.2f} bits a weight, and mean_bits is {mean_bits:g}; "
            "give these layers fewer bits, or ask for more"
        )
    return dict(zip(counts, chosen, strict=True))


def best_assignment(
    counts: Sequence[int], noises: Sequence[Mapping[int, float]], budget: float
) -> tuple[int, ...] | None:
    """Bits of each layer with the least sum of noises within a budget; None if there are none.

    A multiple-choice knapsack: layer by layer, of all partial assignments those are kept that no
    other one is both smaller and less noisy than (Dudzinski and Walukiewicz, "Exact methods for the
    knapsack problem and its generalizations", 1987). That is exact up to budgets of `_STEPS` bits;
    with larger ones the least noisy of those is kept whose sizes are in the same part, and always
    the smallest of all, so that something is found if anything is within the budget.

    Parameters
    ----------
    counts
        Weights of each layer.
    noises
        Of each layer by its bits.
    budget
        Most bits of all weights.
    """
    part = max(1, int(budget) // _STEPS)
    left = [min(of) * count for count, of in zip(counts, noises, strict=True)]
    kept: list[tuple[int, float, tuple[int, ...]]] = [(0, 0.0, ())]
    for place, (count, of_layer) in enumerate(zip(counts, noises, strict=True)):
        least_left = sum(left[place + 1 :])
        longer = sorted(
            (size + bits * count, noise + more, (*assigned, bits))
            for size, noise, assigned in kept
            for bits, more in of_layer.items()
        )
        kept, least = [], float("inf")
        for size, noise, assigned in longer:
            if noise >= least or size + least_left > budget:
                continue
            if len(kept) > 1 and kept[-1][0] // part == size // part:  # never the smallest one
                kept.pop()
            kept.append((size, noise, assigned))
            least = noise
    return kept[-1][2] if kept else None
