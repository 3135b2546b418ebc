"""What training settings gain: samplers of a search, optimizers, and regularizers, on digits.

    python benchmarks/training.py --tables samplers --seeds 0 1 2 3 4
    python benchmarks/training.py --table

Weights of 2 bits; each run learns from one half of the data, to answer like the float network, and
is judged on the other half, which nothing of it has seen. All that is chosen is chosen by the least
loss on a tenth of the first half. Runs that are done are lines of benchmarks/training.jsonl and not
done again unless their line is deleted; those that were stopped go on from what is in the folder
--runs. After each run the tables are written anew. Needs the extras `tune` and `explore`.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import tuned_runs
from tables import Table, write_tables

from nnhw.options import OPTIMIZERS, TUNE_SAMPLERS

BITS = 2
TRIALS, TRIAL_EPOCHS = 16, 5
"""Of a search, by whatever sampler."""
RATES, RATE_EPOCHS = 7, 5
"""Rates that each optimizer is tried with, from an eighth to eight times its own."""
EPOCHS = 20
"""Of a run with a regularizer."""
REGULARIZERS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "none": [{}, {"lr": 1e-3}, {"lr": 4e-3}],
    "none, no hints": [{"hints": "off", **rate} for rate in ({}, {"lr": 1e-3}, {"lr": 4e-3})],
    "noise": [{"noise": value} for value in (0.05, 0.1, 0.2)],
    "shift": [{"shift": 1}, {"shift": 1, "lr": 1e-3}, {"shift": 1, "lr": 4e-3}],
    "mask": [{"mask_rows": 1, "mask_cols": 1, **rate} for rate in ({}, {"lr": 1e-3}, {"lr": 4e-3})],
    "mixup": [{"mixup": value} for value in (0.1, 0.2, 0.5)],
    "l2": [{"l2": value} for value in (1e-6, 1e-5, 1e-4)],
    "l1": [{"l1": value} for value in (1e-8, 1e-7, 1e-6)],
    "dropout": [{"dropout": value} for value in (0.05, 0.1, 0.2)],
}
"""Three tries each; what has one strength only is tried with other rates."""


@dataclass(frozen=True, kw_only=True)
class ChosenRun(tuned_runs.Run):
    """The best of several runs, by the loss on validation samples; and what it was chosen from."""

    table: str
    choice: str
    chosen: str
    val_loss: float


def main() -> None:
    """Measure what is asked for, and write the tables."""
    parser = tuned_runs.runs_parser(
        "What training settings gain",
        "training.md",
        networks=["digits_mlp"],
        seeds=[0, 1, 2, 3, 4],
        quick="one seed, samplers only",
    )
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=list(TABLES))
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.tables, arguments.seeds = ["samplers"], [0]
    tuned_runs.measure_and_write(arguments, measure, write)


def measure(arguments: argparse.Namespace) -> None:
    """All runs that are asked for and not done; seeds take turns in learning from either half."""
    networks = tuned_runs.present(arguments.networks)
    for table in arguments.tables:
        choices, run = TABLES[table]
        for seed in arguments.seeds:
            for network in networks:
                for choice in choices:
                    stem = arguments.runs / f"{table}_{choice}_{network}_{seed}"

                    def make(
                        run=run, choice=choice, network=network, seed=seed, stem=stem, table=table
                    ) -> ChosenRun:
                        found = run(choice, network, seed, stem)
                        return ChosenRun(**found, table=table, choice=choice)

                    if tuned_runs.once(arguments.done, stem.name, make):
                        write(arguments.done, arguments.out)


def _searched(network: str, seed: int, stem: Path, **options: Any) -> dict[str, Any]:
    result, found = tuned_runs.tune_half(network, seed % 2, seed, stem, weight_bits=BITS, **options)
    assert result.searched is not None
    chosen = ", ".join(f"{name} {value}" for name, value in result.searched.settings.items())
    return {**found, "chosen": chosen, "val_loss": result.history[result.best_epoch]["val_loss"]}


def run_sampler(choice: str, network: str, seed: int, stem: Path) -> dict[str, Any]:
    """A search by one sampler."""
    return _searched(network, seed, stem, search=choice, trials=TRIALS, epochs=TRIAL_EPOCHS)


def run_optimizer(choice: str, network: str, seed: int, stem: Path) -> dict[str, Any]:
    """One optimizer, with the best of its rates."""
    return _searched(
        network,
        seed,
        stem,
        optimizer=choice,
        search="grid",
        search_over="lr",
        trials=RATES,
        epochs=RATE_EPOCHS,
    )


def run_regularizer(choice: str, network: str, seed: int, stem: Path) -> dict[str, Any]:
    """One regularizer, with the best of its strengths."""
    best: dict[str, Any] = {}
    seconds = 0.0
    for number, settings in enumerate(REGULARIZERS[choice]):
        own = stem.with_name(f"{stem.name}_{number}")
        result, found = tuned_runs.tune_half(
            network, seed % 2, seed, own, weight_bits=BITS, epochs=EPOCHS, **settings
        )
        seconds += found["seconds"]
        loss = result.history[result.best_epoch]["val_loss"]
        if not best or loss < best["val_loss"]:
            chosen = ", ".join(f"{name} {value}" for name, value in settings.items()) or "-"
            best = {**found, "chosen": chosen, "val_loss": loss}
    return {**best, "seconds": seconds}


TABLES: Mapping[str, tuple[Sequence[str], Callable[..., dict[str, Any]]]] = {
    "samplers": (TUNE_SAMPLERS, run_sampler),
    "optimizers": (OPTIMIZERS, run_optimizer),
    "regularizers": (tuple(REGULARIZERS), run_regularizer),
}

NOTES = {
    "samplers": f"{TRIALS} trials of {TRIAL_EPOCHS} epochs each over rate, optimizer, batch and "
    "decay (`nnhw tune --search`); trials worse than the median are stopped early.",
    "optimizers": f"Each with the best of {RATES} rates, from an eighth to eight times its own, in "
    f"{RATE_EPOCHS} epochs.",
    "regularizers": f"Each with the best of three strengths, of {EPOCHS} epochs; where there is "
    "nothing to vary but the learning rate, the best of three rates.",
}


def write(done: Path, out: Path) -> None:
    """The tables of all runs that are there."""
    found: dict[str, list[ChosenRun]] = defaultdict(list)
    for run in tuned_runs.runs_in(done, ChosenRun):
        found[run.table].append(run)
    tables = [
        Table(
            title=name.capitalize(),
            columns=(
                "network",
                name.removesuffix("s"),
                *tuned_runs.judged_columns(),
                ">validation loss",
                "chosen, by seed",
                ">seconds a run",
                "commit",
            ),
            rows=rows(found[name], choices),
            notes=NOTES[name],
        )
        for name, (choices, _) in TABLES.items()
        if found[name]
    ]
    write_tables(
        out,
        "Training settings",
        tables,
        notes=f"Weights of {BITS} bits. Right answers in per cent of samples that the run has not "
        "seen, all seeds together, of which each other learns from the other half; beside the "
        "difference its interval of 95% (normal approximation for paired proportions). Losses on "
        "validation samples are those that settings were chosen by: mean and standard deviation "
        "over the seeds. One thread, on a machine that had other things to do.",
        at=tuned_runs.AT,
    )


def rows(runs: Sequence[ChosenRun], choices: Sequence[str]) -> Iterator[tuple[object, ...]]:
    """A row for each network and choice."""
    for network in tuned_runs.NETWORKS:
        for choice in choices:
            some = [run for run in runs if (run.network, run.choice) == (network, choice)]
            if not some:
                continue
            losses = [run.val_loss for run in some]
            spread = f" ± {stdev(losses):.4f}" if len(losses) > 1 else ""
            yield (
                network,
                choice,
                *tuned_runs.judged(some),
                f"{mean(losses):.4f}{spread}",
                "; ".join(run.chosen for run in sorted(some, key=lambda run: run.seed)),
                tuned_runs.times(some),
                tuned_runs.commits(some),
            )


if __name__ == "__main__":
    main()
