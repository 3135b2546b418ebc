"""Accuracy of narrow weights with and without tuning.

    python benchmarks/tuning.py --networks mnist_cnn_zoo --bits 2 3 4 --seeds 0
    python benchmarks/tuning.py --table

Each network is tuned on one half of its data, to answer like the float network, and judged on the
other half, which nothing of the run has seen; both ways round. Labels of the first half are for the
figures of the validation samples only. Runs that are done are files in the folder --runs, and those
that were stopped go on from their checkpoints, so that the command can be stopped and started
again; after each run the table is written anew from all files that there are. Needs the extra
`tune`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from tables import argument_parser, write_table
from tuned_runs import (
    NETWORKS,
    Run,
    once,
    paired_difference,
    percent,
    runs_in,
    samples,
    seeds,
    times,
    tune_half,
)


@dataclass(frozen=True, kw_only=True)
class NarrowRun(Run):
    """A run with weights of few bits."""

    bits: int


def main() -> None:
    """Measure what is asked for, and write the table."""
    parser = argument_parser("Accuracy with and without tuning", "tuning.md")
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--bits", nargs="+", type=int, default=[4, 3, 2])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--runs", type=Path, default=Path("tuning_runs"), help="folder of runs")
    parser.add_argument("--quick", action="store_true", help="one small network, few epochs")
    parser.add_argument("--table", action="store_true", help="write the table, measure nothing")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.networks, arguments.bits, arguments.seeds = ["digits_mlp"], [2], [0]
        arguments.epochs, arguments.runs = 10, Path(tempfile.mkdtemp())
    arguments.runs.mkdir(parents=True, exist_ok=True)
    if not arguments.table:
        measure(arguments)
    write(arguments.runs, arguments.out)


def measure(arguments: argparse.Namespace) -> None:
    """All runs that are asked for and not done."""
    # The halves of a seed together, so that a stopped measurement has pairs.
    for seed, name, bits, half in product(
        arguments.seeds, arguments.networks, arguments.bits, (0, 1)
    ):
        model, _ = NETWORKS[name]
        if not model.exists():
            print(f"{model} is not there: left out")
            continue
        stem = arguments.runs / f"{name}_{bits}_{half}_{seed}_{arguments.epochs}"
        settings = {"weight_bits": bits, "epochs": arguments.epochs}

        def run(settings=settings, name=name, half=half, seed=seed, stem=stem) -> NarrowRun:
            _, found = tune_half(name, half, seed, stem, **settings)
            return NarrowRun(**found, bits=settings["weight_bits"])

        if once(stem, run):
            write(arguments.runs, arguments.out)


def write(runs: Path, out: Path) -> None:
    """The table of all runs that are there in pairs: both halves of a seed."""
    pairs: dict[tuple[str, int, int, int], list[NarrowRun]] = defaultdict(list)
    for run in runs_in(runs, NarrowRun):
        pairs[run.network, run.bits, run.epochs, run.seed].append(run)
    groups: dict[tuple[str, int, int], list[NarrowRun]] = defaultdict(list)
    for (*group, _), halves in pairs.items():
        if len(halves) == 2:
            groups[tuple(group)] += halves
    write_table(
        out,
        "Tuning",
        (
            "network",
            ">weight bits",
            ">epochs",
            "seeds",
            ">judged",
            ">float",
            ">direct build",
            ">tuned",
            ">tuned less float, points",
            ">only float right",
            ">only tuned right",
            ">seconds a run",
        ),
        rows(groups),
        notes="Right answers in per cent of samples that the run has not seen, of both halves and "
        "all seeds together; beside the difference its interval of 95% (normal approximation for "
        "paired proportions). Tuned by the float network's answers (defaults of `nnhw tune`), one "
        "thread, on a machine that had other things to do.",
    )


def rows(groups: Mapping[tuple[str, int, int], Sequence[NarrowRun]]) -> Iterator[Sequence[object]]:
    """A row for each network and width."""
    for (name, bits, epochs), runs in sorted(groups.items()):
        yield (
            name,
            bits,
            epochs,
            seeds(runs),
            f"{samples(runs):,}",
            percent(runs, "float_right"),
            percent(runs, "direct_right"),
            percent(runs, "tuned_right"),
            paired_difference(runs),
            sum(run.only_float for run in runs),
            sum(run.only_tuned for run in runs),
            times(runs),
        )


if __name__ == "__main__":
    main()
