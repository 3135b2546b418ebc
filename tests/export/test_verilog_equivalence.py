"""The Verilog against Amaranth's own: both simulated, with random inputs and resets."""

from __future__ import annotations

import pytest
from programs import dense_alone, narrow_lanes, padded_convolutions
from random_component import RandomComponent
from verilog_simulation import assert_same_behaviour

from nnhw.export.verilog import TRACE
from nnhw.mapping import map_graph
from nnhw.shell import Accelerator


@pytest.mark.parametrize(
    ("seed", "outputs"),
    [(0, 12), *(pytest.param(seed, 40, marks=pytest.mark.slow) for seed in range(1, 6))],
)
def test_random_components(seed, outputs, tmp_path):
    assert_same_behaviour(lambda: RandomComponent(seed, outputs), tmp_path, cycles=5000)


@pytest.mark.parametrize(
    ("make", "cycles"),
    [
        (dense_alone, 3000),
        pytest.param(padded_convolutions, 20_000, marks=pytest.mark.slow),
        pytest.param(narrow_lanes, 20_000, marks=pytest.mark.slow),
    ],
)
def test_accelerators(make, cycles, tmp_path):
    program = map_graph(*make())
    assert_same_behaviour(
        lambda: Accelerator(program.machine, program.image),
        tmp_path,
        cycles=cycles,
        watch=[f"{path}.{name}" for path, name in TRACE],
        keep=TRACE,
    )
