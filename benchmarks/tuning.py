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
import json
import math
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
from tables import EXAMPLES, MODELS, argument_parser, write_table

from nnhw import BuildOptions, tune
from nnhw.conversion import Samples, convert
from nnhw.data import Dataset, load_data, predict
from nnhw.frontend import load_model
from nnhw.golden import quantize_inputs, real_outputs
from nnhw.golden import run as run_integer
from nnhw.ir import Graph, from_channels_last
from nnhw.quantize import run_float

NETWORKS = {
    "mnist_cnn_zoo": (MODELS / "mnist_cnn_zoo.onnx", MODELS / "mnist_data.npz"),
    **{
        name: (EXAMPLES / f"{name}.onnx", EXAMPLES / "digits.npz")
        for name in ("digits_mlp", "digits_cnn", "digits_resnet")
    },
}
CALIBRATION = 200
NORMAL = 1.96
"""Standard deviations of an interval of 95%."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One network, tuned on one half and judged on the other.

    Counts are of the judged half: samples, right answers of the float network, of a direct build
    and of the tuned one, and samples that only the float network or only the tuned one got right.
    """

    network: str
    bits: int
    half: int
    seed: int
    epochs: int
    samples: int
    float_right: int
    direct_right: int
    tuned_right: int
    only_float: int
    only_tuned: int
    best_epoch: int
    seconds: float


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
        done = stem.with_suffix(".json")
        if not done.exists():
            run = one_run(name, bits, half, seed, arguments.epochs, stem)
            done.write_text(json.dumps(asdict(run)))
            write(arguments.runs, arguments.out)


def one_run(name: str, bits: int, half: int, seed: int, epochs: int, stem: Path) -> Run:
    """Tune on one half of the data, and judge on the other."""
    model, path = NETWORKS[name]
    with np.load(path) as arrays:
        x, y = arrays["x"], arrays["y"]
    network = load_model(model)
    mine = {"x": x[half::2], "y": y[half::2]}
    begin = time.monotonic()
    result = tune(
        model,
        data=mine,
        out=stem.with_suffix(".onnx"),
        weight_bits=bits,
        epochs=epochs,
        seed=seed,
        threads=1,
        progress=lambda step, share: print(f"\r{share:6.1%} {step:70}", end="", flush=True),
    )
    seconds = time.monotonic() - begin
    judged = load_data({"x": x[1 - half :: 2], "y": y[1 - half :: 2]}, network)
    seen, _ = load_data(mine, network).split(seed, CALIBRATION)
    options = BuildOptions(weight_bits=bits)
    direct = convert(network, Samples(calibration=seen), options).whole
    exact = float_right(network, judged)
    tuned = integer_right(result.graph, judged)
    return Run(
        network=name,
        bits=bits,
        half=half,
        seed=seed,
        epochs=epochs,
        samples=len(judged),
        float_right=int(exact.sum()),
        direct_right=int(integer_right(direct, judged).sum()),
        tuned_right=int(tuned.sum()),
        only_float=int((exact & ~tuned).sum()),
        only_tuned=int((tuned & ~exact).sum()),
        best_epoch=result.best_epoch,
        seconds=seconds,
    )


def float_right(graph: Graph, data: Dataset) -> np.ndarray:
    """Which samples the float network gets right."""
    port = graph.outputs[0]
    return predict(from_channels_last(run_float(graph, data.x[:])[port.tensor], port)) == data.y


def integer_right(graph: Graph, data: Dataset) -> np.ndarray:
    """Which samples an integer network gets right."""
    found = real_outputs(graph, run_integer(graph, quantize_inputs(graph, data.x[:])))
    return predict(found[graph.outputs[0].onnx_name]) == data.y


def write(runs: Path, out: Path) -> None:
    """The table of all runs that are there in pairs: both halves of a seed."""
    pairs: dict[tuple[str, int, int, int], list[Run]] = defaultdict(list)
    for path in sorted(runs.glob("*.json")):
        run = Run(**json.loads(path.read_text()))
        pairs[run.network, run.bits, run.epochs, run.seed].append(run)
    groups: dict[tuple[str, int, int], list[Run]] = defaultdict(list)
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


def rows(groups: Mapping[tuple[str, int, int], Sequence[Run]]) -> Iterator[Sequence[object]]:
    """A row for each network and width."""
    for (name, bits, epochs), runs in sorted(groups.items()):
        samples = sum(run.samples for run in runs)
        lost, won = (sum(getattr(run, key) for run in runs) for key in ("only_float", "only_tuned"))
        difference = (won - lost) / samples
        error = NORMAL * math.sqrt(max(lost + won - (won - lost) ** 2 / samples, 0)) / samples

        def percent(key: str, runs: Sequence[Run] = runs, samples: int = samples) -> str:
            return f"{100 * sum(getattr(run, key) for run in runs) / samples:.2f}"

        times = [run.seconds for run in runs]
        yield (
            name,
            bits,
            epochs,
            ", ".join(map(str, sorted({run.seed for run in runs}))),
            f"{samples:,}",
            percent("float_right"),
            percent("direct_right"),
            percent("tuned_right"),
            f"{100 * difference:+.2f} ± {100 * error:.2f}",
            lost,
            won,
            f"{min(times):.0f} to {max(times):.0f}",
        )


if __name__ == "__main__":
    main()
