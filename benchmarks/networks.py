"""Builds and simulates small networks on arrays of four shapes, with weights of 8 and of 4 bits.

    python benchmarks/networks.py

Every row is a whole `nnhw build`: 16 real images and the extreme frames are simulated, with and
without back-pressure. A row that differs in one byte or in one clock cycle says FAIL.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tables import EXAMPLES, MODELS, output_file, write_table

import nnhw
from nnhw.errors import VerificationError

NETWORKS = {
    "digits_mlp": (EXAMPLES / "digits_mlp.onnx", EXAMPLES / "digits.npz"),
    "digits_cnn": (EXAMPLES / "digits_cnn.onnx", EXAMPLES / "digits.npz"),
    "digits_resnet": (EXAMPLES / "digits_resnet.onnx", EXAMPLES / "digits.npz"),
    "mnist_cnn_zoo": (MODELS / "mnist_cnn_zoo.onnx", MODELS / "mnist_data.npz"),
}
ARRAYS = ((4, 4), (8, 8), (16, 8), (5, 3))
WEIGHT_BITS = (8, 4)
IMAGES = 16

COLUMNS = (
    *("network", ">weight bits", "array", ">latency", ">interval", ">utilisation"),
    *(">float top-1", ">integer top-1", ">images", "hardware = golden model", ">build, s"),
)


def rows() -> Iterator[tuple[object, ...]]:
    """Build every network in every configuration."""
    for name, bits, shape in itertools.product(NETWORKS, WEIGHT_BITS, ARRAYS):
        model, data = NETWORKS[name]
        if model.is_file():
            yield name, bits, "{} x {}".format(*shape), *_figures(model, data, bits, shape)


def _figures(
    model: Path, data: Path, weight_bits: int, shape: tuple[int, int]
) -> tuple[object, ...]:
    """The cells that a build gives."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            report = nnhw.build(
                model,
                data=data,
                out=Path(folder) / "design",
                rows=shape[0],
                cols=shape[1],
                weight_bits=weight_bits,
                vectors=IMAGES,
            ).report
        except VerificationError:
            return *("",) * 6, "FAIL", f"{time.monotonic() - start:.0f}"
    accuracy = report.accuracy
    return (
        f"{report.latency_cycles:,}",
        f"{report.interval_cycles:,}",
        f"{report.utilisation:.1f}%",
        f"{accuracy.float_top1:.2f}%",
        f"{accuracy.integer_top1:.2f}%",
        IMAGES,
        "every byte and cycle",
        f"{time.monotonic() - start:.0f}",
    )


if __name__ == "__main__":
    write_table(
        output_file(__doc__.splitlines()[0], "networks.md"),
        "Small networks, verified",
        COLUMNS,
        rows(),
        notes="Latency and interval are clock cycles of a frame; utilisation is that of the "
        "array's multipliers.",
    )
