"""Accuracy and clock cycles of networks whose channels are pruned.

    python benchmarks/pruning.py --networks digits_resnet digits_cnn --seeds 0
    python benchmarks/pruning.py --table

Each network is pruned and tuned on one half of its data, to answer like the float network, and
judged on the other half, which nothing of the run has seen; both ways round. Runs that are done are
lines of benchmarks/pruning.jsonl and not done again unless their line is deleted; those that were
stopped go on from their checkpoints in the folder --runs. After each run the table is written anew.
Needs the extra `tune`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import tuned_runs
from tables import write_table

from nnhw.options import CRITERIA

MACS = 64


@dataclass(frozen=True, kw_only=True)
class PrunedRun(tuned_runs.Run):
    """A run with fewer channels; cycles, bits and weights of all channels and of those left."""

    criterion: str
    share: float
    cycles: tuple[int, int]
    memory_bits: tuple[int, int]
    weights: tuple[int, int]


def main() -> None:
    """Measure what is asked for, and write the table."""
    parser = tuned_runs.runs_parser(
        "Accuracy and cycles of pruned networks",
        "pruning.md",
        networks=["digits_resnet", "digits_cnn"],
        seeds=[0, 1, 2],
        quick="one small network, few epochs",
    )
    parser.add_argument("--shares", nargs="+", type=float, default=[0.5])
    parser.add_argument("--criteria", nargs="+", default=list(CRITERIA), choices=CRITERIA)
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.networks, arguments.criteria, arguments.seeds = ["digits_mlp"], ["taylor"], [0]
        arguments.epochs = 5
    tuned_runs.measure_and_write(arguments, measure, write)


def measure(arguments: argparse.Namespace) -> None:
    """All runs that are asked for and not done."""
    networks = tuned_runs.present(arguments.networks)
    choices = (networks, arguments.shares, arguments.criteria, (0, 1))
    for seed, name, share, criterion, half in product(arguments.seeds, *choices):
        stem = arguments.runs / f"{name}_{share:.0%}_{criterion}_{half}_{seed}_{arguments.epochs}"

        def run(
            name=name, half=half, seed=seed, stem=stem, share=share, criterion=criterion
        ) -> PrunedRun:
            result, found = tuned_runs.tune_half(
                name,
                half,
                seed,
                stem,
                epochs=arguments.epochs,
                macs=MACS,
                prune_to=share,
                prune_by=criterion,
            )
            ends = result.rounds[0], result.rounds[-1]
            return PrunedRun(
                **found,
                criterion=criterion,
                share=share,
                cycles=tuple(end.interval_cycles for end in ends),
                memory_bits=tuple(end.memory_bits for end in ends),
                weights=tuple(end.weights for end in ends),
            )

        if tuned_runs.once(arguments.done, stem.name, run):
            write(arguments.done, arguments.out)


def write(done: Path, out: Path) -> None:
    """The table of all runs that are there in pairs: both halves of a seed."""
    groups = tuned_runs.in_pairs(
        tuned_runs.runs_in(done, PrunedRun),
        lambda run: (run.network, run.share, run.criterion, run.epochs),
    )
    write_table(
        out,
        "Pruning",
        (
            "network",
            ">cycles to keep",
            "criterion",
            ">epochs",
            *tuned_runs.judged_columns("all channels", "pruned"),
            ">cycles",
            ">memory bits",
            ">weights",
            ">seconds a run",
            "commit",
        ),
        rows(groups),
        notes="Right answers in per cent of samples that the run has not seen, of both halves and "
        "all seeds together, with weights and activations of 8 bits; beside the difference its "
        "interval of 95% (normal approximation for paired proportions). Cycles from frame to "
        f"frame, bits of all memories and weights of designs of at most {MACS} multipliers, with "
        "all channels and pruned, in the mean. Defaults of `nnhw tune` but for what the columns "
        "say; one thread, on a machine that had other things to do.",
        at=tuned_runs.AT,
    )


def rows(groups: Mapping[tuple, Sequence[PrunedRun]]) -> Iterator[tuple[object, ...]]:
    """A row for each network, share and criterion."""
    for (name, share, criterion, epochs), runs in sorted(groups.items()):

        def ends(key: str, runs: Sequence[PrunedRun] = runs) -> str:
            before, after = (
                sum(getattr(run, key)[end] for run in runs) / len(runs) for end in (0, 1)
            )
            return f"{before:,.0f} to {after:,.0f}"

        yield (
            name,
            share,
            criterion,
            epochs,
            *tuned_runs.judged(runs),
            ends("cycles"),
            ends("memory_bits"),
            ends("weights"),
            tuned_runs.times(runs),
            tuned_runs.commits(runs),
        )


if __name__ == "__main__":
    main()
