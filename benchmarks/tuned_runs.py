"""What measurements of tuning share: command line, halves of data, runs that are done once and
kept in a file, and columns of paired counts."""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from tables import EXAMPLES, MODELS, argument_parser, commit

from nnhw import BuildOptions, TuneResult, tune
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
AT = "the commit of each row"
"""What tables of runs say that they were measured at."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One network, tuned on one half and judged on the other.

    Counts are of the judged half: samples, right answers of the float network, of a direct build
    and of the tuned one, and samples that only the float network or only the tuned one got right.
    """

    network: str
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
    commit: str
    """At which it was begun."""


_Run = TypeVar("_Run", bound=Run)


def runs_parser(
    description: str,
    default: str,
    *,
    networks: Sequence[str],
    seeds: Sequence[int],
    quick: str,
    choices: Sequence[str] = tuple(NETWORKS),
) -> argparse.ArgumentParser:
    """A command line with the options of all measurements of runs, and what they are by default.

    The table `default` is of benchmarks/results, its runs are in a file of benchmarks of the same
    name.
    """
    parser = argument_parser(description, default)
    name = Path(default).stem
    done = Path(__file__).with_name(f"{name}.jsonl")
    add = parser.add_argument
    add("--networks", nargs="+", default=list(networks), choices=list(choices))
    add("--seeds", nargs="+", type=int, default=list(seeds))
    add("--runs", type=Path, default=Path(f"{name}_runs"), help="folder of unfinished runs")
    add("--done", type=Path, default=done, help="JSON lines of runs that are done")
    add("--quick", action="store_true", help=f"{quick}; keeps no runs")
    add("--table", action="store_true", help="write the table, measure nothing")
    return parser


def measure_and_write(
    arguments: argparse.Namespace,
    measure: Callable[[argparse.Namespace], None],
    write: Callable[[Path, Path], None],
) -> None:
    """Make the runs that are asked for, and the table of all that are done."""
    if arguments.quick:
        arguments.runs = Path(tempfile.mkdtemp())
        arguments.done = arguments.runs / arguments.done.name
    if not arguments.table:
        arguments.runs.mkdir(parents=True, exist_ok=True)
        measure(arguments)
    write(arguments.done, arguments.out)


def present(names: Iterable[str]) -> list[str]:
    """Those of some of `NETWORKS` whose files are there; says which are left out."""
    for name in names:
        if not NETWORKS[name][0].exists():
            print(f"{NETWORKS[name][0]} is not there: left out")
    return [name for name in names if NETWORKS[name][0].exists()]


def tune_half(
    name: str, half: int, seed: int, stem: Path, **options: Any
) -> tuple[TuneResult, dict[str, Any]]:
    """Tune on one half of the data and judge on the other; fields of a `Run`."""
    model, path = NETWORKS[name]
    with np.load(path) as arrays:
        x, y = arrays["x"], arrays["y"]
    network = load_model(model)
    mine = {"x": x[half::2], "y": y[half::2]}
    out = stem.with_suffix(".onnx")
    out.unlink(missing_ok=True)  # of a run that was stopped before it was judged
    measured_at = commit()
    begin = time.monotonic()
    result = tune(
        model,
        data=mine,
        out=out,
        seed=seed,
        threads=1,
        progress=lambda step, share: print(f"\r{share:6.1%} {step:70}", end="", flush=True),
        **options,
    )
    seconds = time.monotonic() - begin
    judged = load_data({"x": x[1 - half :: 2], "y": y[1 - half :: 2]}, network)
    seen, _ = load_data(mine, network).split(seed, CALIBRATION)
    build = BuildOptions(weight_bits=result.options.weight_bits)
    direct = convert(network, Samples(calibration=seen), build).whole
    exact = float_right(network, judged)
    tuned = integer_right(result.graph, judged)
    return result, {
        "network": name,
        "half": half,
        "seed": seed,
        "epochs": result.options.epochs,
        "samples": len(judged),
        "float_right": int(exact.sum()),
        "direct_right": int(integer_right(direct, judged).sum()),
        "tuned_right": int(tuned.sum()),
        "only_float": int((exact & ~tuned).sum()),
        "only_tuned": int((tuned & ~exact).sum()),
        "best_epoch": result.best_epoch,
        "seconds": seconds,
        "commit": measured_at,
    }


def once(done: Path, name: str, make: Callable[[], Run]) -> bool:
    """Measure a run and add it to those that are done, unless it is there; whether it was
    measured."""
    if name in _lines(done):
        return False
    line = json.dumps({"run": name, **asdict(make())})
    with done.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    return True


def runs_in(done: Path, kind: type[_Run]) -> list[_Run]:
    """All runs that are done, by their names."""
    return [kind(**line) for _, line in sorted(_lines(done).items())]


def _lines(done: Path) -> dict[str, dict[str, Any]]:
    """What a file says of each run; of several lines, the last one counts."""
    lines = done.read_text(encoding="utf-8").splitlines() if done.exists() else []
    return {line.pop("run"): line for line in map(json.loads, lines)}


def in_pairs(runs: Iterable[_Run], key: Callable[[_Run], Hashable]) -> dict[Any, list[_Run]]:
    """Runs by a key, of those seeds that have judged both halves."""
    pairs: dict[Any, list[_Run]] = defaultdict(list)
    for run in runs:
        pairs[key(run), run.seed].append(run)
    groups: dict[Any, list[_Run]] = defaultdict(list)
    for (group, _), halves in pairs.items():
        if len(halves) == 2:
            groups[group] += halves
    return groups


def float_right(graph: Graph, data: Dataset) -> np.ndarray:
    """Which samples the float network gets right."""
    port = graph.outputs[0]
    return predict(from_channels_last(run_float(graph, data.x[:])[port.tensor], port)) == data.y


def integer_right(graph: Graph, data: Dataset) -> np.ndarray:
    """Which samples an integer network gets right."""
    found = real_outputs(graph, run_integer(graph, quantize_inputs(graph, data.x[:])))
    return predict(found[graph.outputs[0].onnx_name]) == data.y


def judged_columns(direct: str = "direct build", tuned: str = "tuned") -> tuple[str, ...]:
    """Headings of `judged`; what the builds that are compared with the float network are called."""
    headings = "float", direct, tuned, f"{tuned} less float, points"
    return "seeds", ">judged", *(f">{heading}" for heading in headings)


def judged(runs: Sequence[Run]) -> tuple[str, ...]:
    """Which seeds, how many samples, right answers, and the difference with its interval."""
    return (
        seeds(runs),
        f"{samples(runs):,}",
        *(percent(runs, f"{build}_right") for build in ("float", "direct", "tuned")),
        paired_difference(runs),
    )


def samples(runs: Sequence[Run]) -> int:
    """How many samples some runs judged together."""
    return sum(run.samples for run in runs)


def percent(runs: Sequence[Run], key: str) -> str:
    """Right answers of some runs together."""
    return f"{100 * sum(getattr(run, key) for run in runs) / samples(runs):.2f}"


def paired_difference(runs: Sequence[Run]) -> str:
    """Points of the tuned networks less those of the float ones, with the interval of 95%."""
    lost, won = (sum(getattr(run, key) for run in runs) for key in ("only_float", "only_tuned"))
    count = samples(runs)
    difference = (won - lost) / count
    error = NORMAL * math.sqrt(max(lost + won - (won - lost) ** 2 / count, 0)) / count
    return f"{100 * difference:+.2f} ± {100 * error:.2f}"


def seeds(runs: Iterable[Run]) -> str:
    """Which there are."""
    return ", ".join(map(str, sorted({run.seed for run in runs})))


def times(runs: Sequence[Run]) -> str:
    """From the least to the most seconds."""
    seconds = [run.seconds for run in runs]
    return f"{min(seconds):.0f} to {max(seconds):.0f}"


def commits(runs: Iterable[Run]) -> str:
    """Which there are."""
    return ", ".join(dict.fromkeys(run.commit for run in runs))
