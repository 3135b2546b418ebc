"""What searches find on a small FPGA with their default budget, beside the design of a build.

    python benchmarks/explore.py                # all networks there are: half an hour on two cores
    python benchmarks/explore.py digits_cnn
    python benchmarks/explore.py --place        # also place and route the first five of each front

A search that was interrupted goes on. Needs the extras `explore` and, for --place, `synth`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tables import EXAMPLES, MODELS, ROOT, Table, argument_parser, write_tables

import nnhw
from nnhw.search.figures import Kind, flat
from nnhw.search.goal import Trial

CACHE = ROOT / "benchmarks" / "search_tables"
TARGET = "ecp5-25k"
PLACED = 5


@dataclass(frozen=True)
class Case:
    """A network, and what bounds its noise.

    Parameters
    ----------
    model, data
        Files.
    figure
        What says how exact a design is; more of it is better.
    allowed
        How much less of it than the build's a design may have.
    constraint
        Of the search.
    """

    model: Path
    data: Path
    figure: str = "accuracy"
    allowed: float = 1.0
    constraint: str = "accuracy_drop<=1"


CASES = {
    "digits_cnn": Case(EXAMPLES / "digits_cnn.onnx", EXAMPLES / "digits.npz"),
    **(
        {
            "mnist_cnn_zoo": Case(MODELS / "mnist_cnn_zoo.onnx", MODELS / "mnist_data.npz"),
            "dscnn": Case(  # a dozen samples: no accuracy to speak of
                *(MODELS / "dscnn_f32.onnx", MODELS / "dscnn_data.npz", "sqnr", 3.0, "sqnr>=20"),
            ),
        }
        if MODELS.is_dir()
        else {}
    ),
}


def main() -> None:
    """Search for the networks that are named."""
    parser = argument_parser(__doc__.splitlines()[0], "explore.md")
    parser.add_argument("networks", nargs="*", help=f"of {', '.join(CASES)}; all unless given")
    parser.add_argument("--place", action="store_true", help=f"place {PLACED} of each front")
    arguments = parser.parse_args()
    names = arguments.networks or list(CASES)
    tables = [
        Table(
            "Searches",
            ("network", ">trials", ">processor s", ">cannot be built", ">miss", ">front"),
            (searched(name, arguments.place) for name in names),
            "Processor time of all trials and of the design of the build; two cores share it.",
        ),
        Table(
            "Beside the design of a build",
            ("network", "design", *_COLUMNS, ">times faster"),
            (row for name in names for row in beside(name, arguments.place)),
            "The fastest design of as many LUTs at most, and the smallest that is as fast, which "
            "lose at most a point of accuracy or 3 dB. Speed is that of a frame, at the "
            "estimated clock.",
        ),
    ]
    if arguments.place:
        tables.append(
            Table(
                f"The first {PLACED} of each front, placed and routed",
                ("network", ">trial", *_PLACED_COLUMNS),
                (row for name in names for row in placed(name)),
                "In each pair, the estimate is first.",
            )
        )
    write_tables(
        arguments.out,
        f"Searches for {TARGET} with 200 trials",
        tables,
        notes="`nnhw explore MODEL --data DATA --target ecp5-25k` and, of "
        + ", ".join(f"{name}, `--constraint '{CASES[name].constraint}'`" for name in names)
        + ".",
    )


@cache
def search(name: str, place: bool) -> nnhw.ExploreResult:
    """The search of a network, or what is left of it."""
    case = CASES[name]
    return nnhw.explore(
        case.model,
        data=case.data,
        target=TARGET,
        constraint=case.constraint,
        synth=f"top:{PLACED}" if place else None,
        out=CACHE / name,
        progress=_Progress(name),
    )


class _Progress:
    """Tells of each tenth."""

    def __init__(self, name: str):
        self._name, self._told = name, ""

    def __call__(self, step: str, share: float) -> None:
        text = f"{self._name}: {step} {10 * int(10 * share)}%"
        if text != self._told:
            print(text, flush=True)
        self._told = text


def searched(name: str, place: bool) -> tuple[str, ...]:
    """What the search took."""
    result = search(name, place)
    refused, missed, _ = result.counts
    seconds = sum(trial.outcome.seconds for trial in result.trials) + result.baseline.seconds
    counts = (len(result.trials), round(seconds), refused, missed, len(result.front))
    return (name, *(f"{count:,}" for count in counts))


_COLUMNS = (">latency us", ">accuracy % or dB", ">LUTs", ">MHz", "array", "weights, activations")


def beside(name: str, place: bool) -> Iterator[tuple[str, ...]]:
    """The design of the build, the fastest one that is no larger, and the smallest as fast."""
    result, case = search(name, place), CASES[name]
    base = flat(result.baseline.figures)
    yield (name, "build", *_figures(base, case.figure), "", "8, 8", "1.00")
    exact = [
        (flat(trial.outcome.figures), trial)
        for trial in result.trials
        if trial.feasible
        and flat(trial.outcome.figures)[case.figure] >= base[case.figure] - case.allowed
    ]
    for told, bound, best in (("fastest", "luts", "latency"), ("smallest", "latency", "luts")):
        found = [(own, trial) for own, trial in exact if own[bound] <= base[bound]]
        if not found:
            yield (name, told, *["none"] * len(_COLUMNS), "")
            continue
        own, trial = min(found, key=lambda pair: pair[0][best])
        options = result.options(trial)
        yield (
            *(name, f"{told} (trial {trial.number})", *_figures(own, case.figure)),
            f"{options.rows} x {options.cols}",
            f"{options.weight_bits}, {options.act_bits}",
            f"{base['latency'] / own['latency']:.2f}",
        )


def _figures(figures: dict[str, float], exactness: str) -> tuple[str, ...]:
    return (
        f"{figures['latency']:,.1f}",
        f"{figures[exactness]:.1f}",
        f"{figures['luts']:,.0f}",
        f"{figures['clock']:.1f}",
    )


_PLACED_COLUMNS = tuple(
    f">{figure}{place}"
    for figure in ("latency us", "MHz", "LUTs", "flip-flops")
    for place in ("", ", placed")
)


def placed(name: str) -> Iterator[tuple[str, ...]]:
    """Estimates beside what placing and routing made of them."""
    for trial in search(name, True).front[:PLACED]:
        yield (name, str(trial.number), *_pairs(trial))


def _pairs(trial: Trial) -> Iterator[str]:
    estimated = flat(trial.outcome.figures)
    found = trial.outcome.figures.get(Kind.PLACED, {})
    for figure, digits in (("latency", 1), ("clock", 1), ("luts", 0), ("flip_flops", 0)):
        yield f"{estimated[figure]:,.{digits}f}"
        yield f"{found[figure]:,.{digits}f}" if figure in found else ""


if __name__ == "__main__":
    main()
