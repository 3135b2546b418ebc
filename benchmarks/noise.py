"""Accuracy on hardware that errs, with and without tuning for it.

    python benchmarks/noise.py --networks digits_mlp digits_cnn

Each network is tuned on one half of its data for every level of every kind of noise, and judged on
the other half, on pieces of hardware of which each errs in its own way. Runs that are done are
files in the folder --runs: the command can be stopped and started again. Beside the table it draws
docs/images/noise.svg. Needs the extras `tune` and `explore`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tables import EXAMPLES, ROOT, argument_parser, write_table

from nnhw import BuildOptions, tune
from nnhw.conversion import Samples, convert
from nnhw.data import Dataset, load_data
from nnhw.frontend import load_model
from nnhw.golden import Noise, NoisyModel
from nnhw.ir import Graph
from nnhw.report import measure_accuracy, run_real

LEVELS = {
    "weights": (0.02, 0.05, 0.1, 0.2),
    "sums": (0.02, 0.05, 0.1, 0.2),
    "weight_flips": (0.001, 0.003, 0.01, 0.03),
    "activation_flips": (0.001, 0.003, 0.01, 0.03),
}
CALIBRATION = 200
Figures = dict[str, list[float]]
"""Top-1 accuracy in per cent by trial: "direct", "tuned", and of both without noise."""


def main() -> None:
    """Measure what is asked for, and write the table and the figure."""
    parser = argument_parser("Accuracy on hardware that errs", "noise.md")
    names = ["digits_mlp", "digits_cnn", "digits_resnet"]
    parser.add_argument("--networks", nargs="+", default=names[:2], choices=names)
    parser.add_argument("--trials", type=int, default=20, help="pieces of hardware")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--runs", type=Path, default=Path("noise_runs"), help="folder of runs")
    parser.add_argument("--quick", action="store_true", help="one small network, few epochs")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.networks, arguments.epochs, arguments.trials = ["digits_mlp"], 3, 3
        arguments.runs = Path(tempfile.mkdtemp())
    arguments.runs.mkdir(parents=True, exist_ok=True)
    found: dict[tuple[str, str, float], Figures] = {}

    def rows() -> Iterator[tuple[object, ...]]:
        for name in arguments.networks:
            for kind, levels in LEVELS.items():
                for level in levels:
                    figures = measured(name, kind, level, arguments)
                    found[name, kind, level] = figures
                    (direct,), (tuned,) = figures["direct_without"], figures["tuned_without"]
                    yield (
                        *(name, kind, level, f"{direct:.2f}", _spread(figures["direct"])),
                        *(f"{tuned:.2f}", _spread(figures["tuned"])),
                    )

    write_table(
        arguments.out,
        "Noise",
        (
            *("network", "noise", ">level", ">no noise", ">noise"),
            *(">tuned, no noise", ">tuned, noise"),
        ),
        rows(),
        notes="Top-1 accuracy in per cent on the half of the digits that nothing of the run has "
        f"seen: mean, least and most of {arguments.trials} pieces of hardware, 8-bit weights and "
        f"activations. Tuned: by `nnhw tune --hardware-noise`, {arguments.epochs} epochs on the "
        "other half, at the same level. What the levels are: `nnhw.golden.Noise`.",
    )
    if not arguments.quick:
        draw(found, ROOT / "docs" / "images" / "noise.svg")


def measured(name: str, kind: str, level: float, arguments) -> Figures:
    """Accuracies of a network at a level, from the file of the run if there is one."""
    stem = arguments.runs / f"{name}_{kind}_{level}_{arguments.epochs}_{arguments.trials}"
    done = stem.with_suffix(stem.suffix + ".json")
    if not done.exists():
        print(name, kind, level, flush=True)
        figures = one_run(name, kind, level, arguments, Path(f"{stem}.onnx"))
        done.write_text(json.dumps(figures))
    return json.loads(done.read_text())


def one_run(name: str, kind: str, level: float, arguments, out: Path) -> Figures:
    """Tune on one half of the data, and judge on the other."""
    model = EXAMPLES / f"{name}.onnx"
    with np.load(EXAMPLES / "digits.npz") as arrays:
        x, y = arrays["x"], arrays["y"]
    mine, others = ({"x": x[half::2], "y": y[half::2]} for half in (0, 1))
    result = tune(
        model,
        data=mine,
        out=out,
        epochs=arguments.epochs,
        threads=1,
        hardware_noise={kind: level},
    )
    network = load_model(model)
    seen, _ = load_data(mine, network).split(0, CALIBRATION)
    direct = convert(network, Samples(calibration=seen), BuildOptions()).whole
    judged, noise = load_data(others, network), Noise(**{kind: level})
    figures = {}
    for title, graph in (("direct", direct), ("tuned", result.graph)):
        figures[f"{title}_without"] = accuracies(graph, judged, Noise(), 1)
        figures[title] = accuracies(graph, judged, noise, arguments.trials)
    return figures


def accuracies(graph: Graph, judged: Dataset, noise: Noise, trials: int) -> list[float]:
    """Top-1 in per cent by piece of hardware."""
    exact = run_real(graph, judged.x)
    hardware = [NoisyModel(graph, noise, seed=trial) for trial in range(trials)]
    found = [measure_accuracy(exact, graph, judged, run=one.run) for one in hardware]
    return [value for one in found if (value := one.integer_top1) is not None]


def draw(found: dict[tuple[str, str, float], Figures], path: Path) -> None:
    """Accuracy over the level, a picture for each kind of noise."""
    import matplotlib.pyplot as plt

    plt.rcParams["svg.hashsalt"] = "nnhw"  # the same figures, the same file
    figure, axes = plt.subplots(1, len(LEVELS), figsize=(12, 3), sharey=True, layout="constrained")
    for axis, (kind, levels) in zip(axes, LEVELS.items(), strict=True):
        for index, name in enumerate(dict.fromkeys(name for name, _, _ in found)):
            for title, style in (("direct", "--"), ("tuned", "-")):
                means = [np.mean(found[name, kind, level][title]) for level in levels]
                label = f"{name}, {title}"
                axis.plot(levels, means, style, color=f"C{index}", marker="o", label=label)
        axis.set(title=kind, xscale="log", xlabel="level")
    axes[0].set_ylabel("top-1 %")
    axes[0].legend(fontsize="small")
    figure.savefig(path, metadata={"Date": None})


def _spread(values: list[float]) -> str:
    return f"{np.mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
