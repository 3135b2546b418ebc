"""Memory and time that builds of large networks take.

    python benchmarks/large_networks.py

The networks are made on the spot, with random weights and 200 random images. Each row is the whole
command in a process of its own, without simulation.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from synthetic import million, resnet18
from tables import output_file, write_table

from nnhw.frontend import load_model

IMAGES = 200
COLUMNS = (
    *("network", ">weights", ">MACs a frame", ">image", ">peak memory, MiB"),
    *(">seconds", ">processor seconds"),
)


def rows() -> Iterator[tuple[object, ...]]:
    """Build the networks, the smallest first."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        yield _row("residual network", million(path), path)
        for height in (32, 64):
            yield _row("ResNet-18", resnet18(path, height), path)


def _row(name: str, model: Path, folder: Path) -> tuple[object, ...]:
    """Build a network; the cells of `COLUMNS`."""
    network = load_model(model)
    shape = network.inputs[0].onnx_shape
    data = folder / "images.npy"
    np.save(data, np.random.default_rng(0).normal(size=(IMAGES, *shape)).astype(np.float32))
    command = [sys.executable, "-m", "nnhw", "build", str(model), "--data", str(data), "--no-sim"]
    command += ["--out", str(folder / "design"), "--force", "--quiet"]
    start = time.monotonic()
    process = subprocess.Popen(command)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{model.name} was not built")
    return (
        name,
        f"{sum(node.weight.size for node in network.nodes if hasattr(node, 'weight')):,}",
        f"{_macs(network):,}",
        "x".join(map(str, shape[1:])),
        f"{used.ru_maxrss / 1024:.0f}",
        f"{time.monotonic() - start:.0f}",
        f"{used.ru_utime + used.ru_stime:.0f}",
    )


def _macs(network) -> int:
    """Multiply-accumulates for a frame."""
    return sum(
        node.weight.size * np.prod(network.tensors[node.output].shape[:2], dtype=int)
        for node in network.nodes
        if hasattr(node, "weight")
    )


if __name__ == "__main__":
    write_table(
        output_file(__doc__.splitlines()[0], "large_networks.md"),
        "Large networks",
        COLUMNS,
        rows(),
        notes=f"`nnhw build MODEL --data IMAGES --no-sim` with {IMAGES} images, by "
        "`python benchmarks/large_networks.py`. Peak memory is of the one process that builds.",
    )
