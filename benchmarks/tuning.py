"""Accuracy of narrow weights with and without tuning.

    python benchmarks/tuning.py --networks mnist_cnn_zoo --bits 2 3 4 --seeds 0
    python benchmarks/tuning.py --table

Each network is tuned on one half of its data, to answer like the float network, and judged on the
other half, which nothing of the run has seen; both ways round. Labels of the first half are for the
figures of the validation samples only. Runs that are done are lines of benchmarks/tuning.jsonl and
not done again unless their line is deleted; those that were stopped go on from their checkpoints in
the folder --runs. After each run the table is written anew from all lines, which --table does
alone. Needs the extra `tune`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import tuned_runs
from tables import write_table


@dataclass(frozen=True, kw_only=True)
class NarrowRun(tuned_runs.Run):
    """A run with weights of few bits."""

    bits: int


def main() -> None:
    """Measure what is asked for, and write the table."""
    parser = tuned_runs.runs_parser(
        "Accuracy with and without tuning",
        "tuning.md",
        networks=list(tuned_runs.NETWORKS),
        seeds=[0, 1, 2],
        quick="one small network, few epochs",
    )
    parser.add_argument("--bits", nargs="+", type=int, default=[4, 3, 2])
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.networks, arguments.bits, arguments.seeds = ["digits_mlp"], [2], [0]
        arguments.epochs = 10
    tuned_runs.measure_and_write(arguments, measure, write)


def measure(arguments: argparse.Namespace) -> None:
    """All runs that are asked for and not done."""
    # The halves of a seed together, so that a stopped measurement has pairs.
    for seed, name, bits, half in product(
        arguments.seeds, tuned_runs.present(arguments.networks), arguments.bits, (0, 1)
    ):
        stem = arguments.runs / f"{name}_{bits}_{half}_{seed}_{arguments.epochs}"
        settings = {"weight_bits": bits, "epochs": arguments.epochs}

        def run(settings=settings, name=name, half=half, seed=seed, stem=stem) -> NarrowRun:
            _, found = tuned_runs.tune_half(name, half, seed, stem, **settings)
            return NarrowRun(**found, bits=settings["weight_bits"])

        if tuned_runs.once(arguments.done, stem.name, run):
            write(arguments.done, arguments.out)


def write(done: Path, out: Path) -> None:
    """The table of all runs that are there in pairs: both halves of a seed."""
    groups = tuned_runs.in_pairs(
        tuned_runs.runs_in(done, NarrowRun), lambda run: (run.network, run.bits, run.epochs)
    )
    write_table(
        out,
        "Tuning",
        (
            "network",
            ">weight bits",
            ">epochs",
            *tuned_runs.judged_columns(),
            ">only float right",
            ">only tuned right",
            ">seconds a run",
            "commit",
        ),
        rows(groups),
        notes="Right answers in per cent of samples that the run has not seen, of both halves and "
        "all seeds together; beside the difference its interval of 95% (normal approximation for "
        "paired proportions). Tuned by the float network's answers (defaults of `nnhw tune`), one "
        "thread, on a machine that had other things to do.",
        at=tuned_runs.AT,
    )


def rows(groups: Mapping[tuple[str, int, int], Sequence[NarrowRun]]) -> Iterator[Sequence[object]]:
    """A row for each network and width."""
    for (name, bits, epochs), runs in sorted(groups.items()):
        yield (
            name,
            bits,
            epochs,
            *tuned_runs.judged(runs),
            sum(run.only_float for run in runs),
            sum(run.only_tuned for run in runs),
            tuned_runs.times(runs),
            tuned_runs.commits(runs),
        )


if __name__ == "__main__":
    main()
