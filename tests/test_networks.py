"""Whole builds of small real networks: the simulated hardware equals the golden model.

Every build simulates 16 real images and the extreme frames, with and without back-pressure, and
compares every byte of every layer; the measured cycles have to be the cycle model's.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from nnhw import build
from nnhw.pipeline import BuildResult

EXAMPLES = Path(__file__).parents[1] / "examples"
DIGITS = ("digits_mlp", "digits_cnn", "digits_resnet")
MNIST = "mnist_cnn_zoo"
ARRAYS = ((4, 4), (8, 8), (16, 8), (5, 3))
WEIGHT_BITS = (8, 4)
IMAGES = 16
EXTREME_FRAMES = 3

LEAST_MNIST = {8: 98.1, 4: 97.3}
"""Top-1 accuracy in per cent, by bits of a weight; the float network has 98.3."""
MOST_LOST = {8: 0.3, 4: 1.0}
"""Points of top-1 accuracy on digits, by bits of a weight."""

QUICK = {
    ("digits_mlp", (5, 3), 8),
    ("digits_cnn", (4, 4), 4),
    ("digits_resnet", (8, 8), 8),
    (MNIST, (16, 8), 4),
}
"""Every network, every shape and every width once; all other combinations are slow tests."""

MATRIX = [
    pytest.param(
        *combination,
        marks=[] if combination in QUICK else [pytest.mark.slow],
        id="{0}-{1[0]}x{1[1]}-{2}bit".format(*combination),
    )
    for combination in itertools.product((*DIGITS, MNIST), ARRAYS, WEIGHT_BITS)
]


def build_on(
    network: str, shape: tuple[int, int], weight_bits: int, models: Path, out: Path
) -> BuildResult:
    """A verified build of one of the networks."""
    examples = network in DIGITS
    return build(
        (EXAMPLES if examples else models) / f"{network}.onnx",
        data=EXAMPLES / "digits.npz" if examples else models / "mnist_data.npz",
        out=out,
        rows=shape[0],
        cols=shape[1],
        weight_bits=weight_bits,
        vectors=IMAGES,
    )


@pytest.mark.parametrize(("network", "shape", "weight_bits"), MATRIX)
def test_hardware_equals_golden_model(request, tmp_path, network, shape, weight_bits):
    models = request.getfixturevalue("models_dir") if network == MNIST else EXAMPLES
    report = build_on(network, shape, weight_bits, models, tmp_path / "design").report

    assert (report.rows, report.cols) == shape
    verification = report.verification
    assert verification.passed
    assert verification.frames == IMAGES + EXTREME_FRAMES
    assert verification.latency_cycles == report.latency_cycles
    assert verification.interval_cycles == report.interval_cycles

    accuracy = report.accuracy
    assert accuracy.held_out
    if network == MNIST:
        assert accuracy.integer_top1 >= LEAST_MNIST[weight_bits]
    else:
        assert accuracy.integer_top1 >= accuracy.float_top1 - MOST_LOST[weight_bits]
