"""How many samples a second `nnhw tune` learns from.

    python benchmarks/tuning_speed.py

Networks of random weights, with the topologies of MLPerf Tiny's ResNet-8 and DS-CNN and of a small
MobileNet for images of 28 x 28 pixels, and two of examples/; weights of 4 bits, one thread. A step
is a batch forward and backward, with what prepares it; times are processor seconds, which other
work on the machine disturbs least. Needs the extra `tune`.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

import fashion_mnist
import numpy as np
import torch
from tables import EXAMPLES, output_file, write_table

from nnhw import tune
from nnhw.frontend import load_model

BATCH = 64
STEPS = 16
"""Of an epoch; two are run, and the first one, which tries its algorithms, is left out."""


def main() -> None:
    """Measure, and write the table."""
    out = output_file("Samples a second of tuning", "tuning_speed.md")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        names = ("digits_mlp", "digits_resnet")
        models = {name: EXAMPLES / f"{name}.onnx" for name in names}
        for name, make in fashion_mnist.NETWORKS.items():
            torch.manual_seed(0)
            models[name] = Path(folder) / f"{name}.onnx"
            fashion_mnist.write_onnx(make().eval(), models[name])
        write_table(
            out,
            "Speed of tuning",
            ("network", ">input", ">batch", ">ms a step", ">samples a second"),
            (row(name, path, Path(folder)) for name, path in models.items()),
            notes="Medians of the steps of an epoch, in processor seconds of one thread.",
        )


def row(name: str, model: Path, folder: Path) -> tuple[object, ...]:
    """Of a network."""
    shape = load_model(model).inputs[0].onnx_shape
    data = np.random.default_rng(0).integers(0, 256, (BATCH * STEPS, *shape), np.uint8)
    moments: list[tuple[str, float]] = []
    tune(
        model,
        data={"x": data},
        val={"x": data[:BATCH]},
        out=folder / f"{name}.tuned.onnx",
        weight_bits=4,
        epochs=2,
        batch=BATCH,
        threads=1,
        progress=lambda step, share: moments.append((step, time.process_time())),
    )
    times = [moment for step, moment in moments if step.startswith("Epoch 2")]
    seconds = median(np.diff(times))
    size = "x".join(map(str, shape))
    return name, size, BATCH, f"{1e3 * seconds:.1f}", f"{BATCH / seconds:,.0f}"


if __name__ == "__main__":
    main()
