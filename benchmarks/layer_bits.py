"""Bits by layer: the best ones for a budget by measured sensitivities, beside all that there are.

    python benchmarks/layer_bits.py             # minutes
    python benchmarks/layer_bits.py digits_mlp

Of each layer it is measured once how much noise there is at the outputs when this layer alone has
few bits. Noises of layers nearly add, so that sums of these predict any assignment; the best one
within a budget is found exactly. Then all assignments are evaluated, as a check.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from functools import cache

from tables import EXAMPLES, Table, argument_parser, write_tables

from nnhw.conversion import convert
from nnhw.ir import QConv
from nnhw.layer_bits import best_assignment
from nnhw.options import BuildOptions
from nnhw.report import measure_accuracy
from nnhw.search.problem import Problem, read_problem

NETWORKS = ("digits_mlp", "digits_cnn")
WIDTHS = (3, 4, 5, 6, 8)
MEANS = (3.5, 4, 4.5, 5, 5.5, 6, 7)
"""Budgets in bits a weight."""
SAMPLES = 200

Bits = tuple[int, ...]
"""Of the weights of each layer, in the order of `layers`."""


def main() -> None:
    """Measure the networks that are named."""
    parser = argument_parser(__doc__.splitlines()[0], "layer_bits.md")
    parser.add_argument("networks", nargs="*", help=f"of {', '.join(NETWORKS)}; all unless given")
    arguments = parser.parse_args()
    write_tables(
        arguments.out,
        "Bits of the weights by layer",
        (table for name in arguments.networks or NETWORKS for table in tables(name)),
        notes=f"Signal to noise at the outputs in dB, on {SAMPLES} samples; activations have 8 "
        "bits. A budget is for the bits of all weights, each layer's own added up; one width is "
        "the widest that is within it. The weight memory of a design is as wide as its widest "
        "weight, or has 5 bits for each weight and 10 for wide ones (`slice_weights`), so that "
        "these are bits of a file, not of a device.",
    )


def tables(name: str) -> Iterator[Table]:
    """Sensitivities of a network, and assignments."""
    network = Network(name)
    yield Table(
        f"{name}: noise of each layer",
        ("layer", ">weights", *(f">{bits} bits" for bits in WIDTHS)),
        (
            (
                layer,
                f"{count:,}",
                *(f"{network.decibels(network.alone(place, b)):.1f}" for b in WIDTHS),
            )
            for place, (layer, count) in enumerate(network.layers.items())
        ),
        "With so many bits in this layer alone, and 8 in all others.",
    )
    yield Table(
        f"{name}: the best within a budget",
        (
            *(">bits a weight", ">budget"),
            *(">one width", ">dB"),
            *("by sensitivities", ">dB"),
            *(f"of all {len(WIDTHS) ** len(network.layers):,}", ">dB"),
        ),
        (row(network, mean) for mean in MEANS),
    )


def row(network: Network, mean: float) -> tuple[str, ...]:
    """The budget of so many bits a weight."""
    layers = len(network.layers)
    budget = int(mean * sum(network.layers.values()))
    uniform = (max(width for width in WIDTHS if width <= mean),) * layers
    assigned = assign(network, budget)
    within = (bits for bits in network.assignments() if network.stored(bits) <= budget)
    exact = max(within, key=network.decibels)
    return (
        *(str(mean), f"{budget:,}"),
        *(str(uniform[0]), f"{network.decibels(uniform):.1f}"),
        *(", ".join(map(str, assigned)), f"{network.decibels(assigned):.1f}"),
        *(", ".join(map(str, exact)), f"{network.decibels(exact):.1f}"),
    )


class Network:
    """A network whose layers may have any bits.

    Parameters
    ----------
    name
        Of an example.
    """

    def __init__(self, name: str):
        self._problem: Problem = read_problem(
            EXAMPLES / f"{name}.onnx",
            EXAMPLES / "digits.npz",
            BuildOptions(equalize="off"),
            samples=SAMPLES,
            progress=lambda step, share: None,
        )
        graph = convert(self._problem.network, self._problem.samples, self._problem.options).graph
        self.layers: Mapping[str, int] = {
            node.name: node.weight.size for node in graph.nodes if isinstance(node, QConv)
        }

    @cache  # noqa: B019 - there are two of them, to the end of the program
    def decibels(self, bits: Bits) -> float:
        """Signal to noise at the outputs."""
        problem = self._problem
        options = problem.options.replace(bits=dict(zip(self.layers, bits, strict=True)))
        graph = convert(problem.network, problem.samples, options).graph
        evaluation = problem.samples.evaluation
        assert evaluation is not None, "there are data"
        found = measure_accuracy(problem.answers, graph, evaluation).sqnr_db
        assert found is not None, "few bits make noise"
        return found

    def noise(self, bits: Bits) -> float:
        """Noise over signal."""
        return 10 ** (-self.decibels(bits) / 10)

    def alone(self, place: int, bits: int) -> Bits:
        """One layer with few bits."""
        return tuple(bits if other == place else WIDTHS[-1] for other in range(len(self.layers)))

    def stored(self, bits: Bits) -> int:
        """Bits of all weights."""
        return sum(width * count for width, count in zip(bits, self.layers.values(), strict=True))

    def assignments(self) -> Iterator[Bits]:
        """All there are."""
        return itertools.product(WIDTHS, repeat=len(self.layers))


def assign(network: Network, budget: int) -> Bits:
    """The assignment of least predicted noise within a budget."""
    layers = range(len(network.layers))
    least = network.noise((WIDTHS[-1],) * len(layers))
    noises = [
        {bits: network.noise(network.alone(place, bits)) - least for bits in WIDTHS}
        for place in layers
    ]
    assigned = best_assignment(list(network.layers.values()), noises, budget)
    assert assigned is not None, "budgets are of the fewest bits at least"
    return assigned


if __name__ == "__main__":
    main()
