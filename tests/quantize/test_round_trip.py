"""What a build has written as model.qdq.onnx is the same integer network when it is read again."""

from __future__ import annotations

from pathlib import Path

import pytest
from round_trips import (
    check_same,
    everything,
    far_from_zero,
    gains,
    read_again,
    wide_padding,
    without_weights,
)

from nnhw.conversion import Samples, convert
from nnhw.data import Dataset
from nnhw.options import BuildOptions


@pytest.mark.parametrize(
    ("weight_bits", "power_of_two"),
    [*((bits, False) for bits in range(2, 9)), (3, True), (8, True)],
)
def test_the_same_integers(weight_bits: int, power_of_two: bool, tmp_path: Path) -> None:
    options = BuildOptions(
        weight_bits=weight_bits,
        act_bits=max(weight_bits, 4),
        power_of_two=power_of_two,
        calibration="minmax",
        trim=False,
    )
    for graph, x in (everything(), gains(), without_weights(), wide_padding()):
        built = convert(graph, Samples(calibration=Dataset(x=x)), options).whole
        check_same(built, read_again(built, tmp_path))


def test_the_host_does_the_same(tmp_path: Path) -> None:
    graph, x = far_from_zero()
    built = convert(graph, Samples(calibration=Dataset(x=x)), BuildOptions()).whole
    assert built.inputs[0].host_preprocess
    check_same(built, read_again(built, tmp_path))
