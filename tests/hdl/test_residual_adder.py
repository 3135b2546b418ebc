"""The addition of residuals against the golden model's addition."""

from __future__ import annotations

import numpy as np
import pytest
from bench import drive, encoded, integers

from nnhw.hdl.residual_adder import ResidualAdder
from nnhw.ir.integer.requantization import round_shift
from nnhw.isa import ResidualInstruction


def instruction(rng: np.random.Generator, width: int, **fields: int) -> ResidualInstruction:
    """Random constants over their whole range."""
    half = 1 << (width - 1)
    lo, hi = sorted(rng.integers(-half, half, 2).tolist())
    bits = int(rng.integers(1, 25))
    values = {
        "add": 1,
        "source": 0,
        "bias": int(rng.integers(-half + 1, half + 1)),
        "multiplier": int(rng.integers(1 << (bits - 1), 1 << bits)),
        "residual_bias": int(rng.integers(-half + 1, half + 1)),
        "residual_multiplier": int(rng.integers(1, 1 << bits)),
        "shift": bits + int(rng.integers(0, 3)),
        "zero_point": int(rng.integers(-half, half)),
        "lo": lo,
        "hi": hi,
        "store": 0,
        "destination": 0,
    }
    return ResidualInstruction(**{**values, **fields})


def expected(i: ResidualInstruction, own: np.ndarray, other: np.ndarray) -> np.ndarray:
    if not i.add:
        return own
    p = (own + i.bias) * i.multiplier + (other + i.residual_bias) * i.residual_multiplier
    rounded = round_shift(p, np.int64(i.shift)) if i.shift else p
    return np.clip(rounded + i.zero_point, i.lo, i.hi)


def check(
    program: list[ResidualInstruction],
    layers: np.ndarray,
    own: np.ndarray,
    other: np.ndarray,
    *,
    width: int,
    stages: int,
) -> None:
    """Steps (N, lanes) of the program's layers, `layers` (N,), with pauses between."""
    rng = np.random.default_rng(1)
    lanes = own.shape[1]
    adder = ResidualAdder(
        **encoded(program),
        lanes=lanes,
        width=width,
        shifts=sorted({i.shift for i in program}),
        stages=stages,
    )
    assert adder.latency == stages + 6
    step = np.append(rng.permutation([1] * len(own) + [0] * (len(own) // 4)), [0] * adder.latency)
    times = np.flatnonzero(step)
    inputs = {
        "step": step,
        "step_last": rng.integers(0, 2, len(step)),  # without a step it counts for nothing
        "results": integers(rng, width, (len(step), lanes)),
        "operands": integers(rng, width, (len(step), lanes)),
    }
    inputs["step_last"][times] = np.append(np.diff(layers) != 0, True)
    inputs["results"][times], inputs["operands"][times] = own, other
    sums = drive(adder, inputs, ("sums",))["sums"]
    for t, layer, a, b in zip(times, layers, own, other, strict=True):
        assert (sums[t + adder.latency] == expected(program[layer], a, b)).all(), program[layer]


@pytest.mark.parametrize("lanes", [1, 4, 8])
@pytest.mark.parametrize(("width", "stages"), [(8, 1), (8, 2), (8, 4), (5, 2), (2, 1)])
def test_layers_with_constants_of_their_own(lanes, width, stages):
    rng = np.random.default_rng([lanes, width, stages])
    program = [instruction(rng, width, add=int(layer != 2)) for layer in range(5)]
    layers = np.sort(rng.integers(0, 5, 60))
    layers[:5] = range(5)
    layers.sort()
    own, other = (integers(rng, width, (60, lanes)) for _ in range(2))
    check(program, layers, own, other, width=width, stages=stages)


EXTREMES = {
    "largest multipliers": {"multiplier": (1 << 24) - 1, "residual_multiplier": (1 << 24) - 1},
    "smallest multipliers": {"multiplier": 1, "residual_multiplier": 1, "shift": 1},
    "unlike multipliers": {"multiplier": 1, "residual_multiplier": (1 << 24) - 1, "shift": 23},
    "no shift": {"multiplier": 1, "residual_multiplier": 1, "shift": 0},
    "shift beyond the sum": {"multiplier": 3, "residual_multiplier": 5, "shift": 40},
    "saturation": {"multiplier": 255, "residual_multiplier": 254, "shift": 1},
    "ties": {"multiplier": 1 << 9, "residual_multiplier": 1 << 9, "shift": 10},
    "zero points at one end": {"bias": 128, "residual_bias": 128, "zero_point": -128},
    "zero points at the other": {"bias": -127, "residual_bias": -127, "zero_point": 127},
}


@pytest.mark.parametrize("fields", EXTREMES.values(), ids=EXTREMES)
def test_extremes(fields):
    """Both operands over their whole range, in eight lanes."""
    rng = np.random.default_rng(7)
    program = [instruction(rng, 8, **{"lo": -128, "hi": 127, "zero_point": -1, **fields})]
    values = np.concatenate([np.arange(-128, 128, 5), [127]])
    own, other = (
        grid.reshape(-1, 8)
        for grid in np.meshgrid(np.append(values, [0, 1, -1]), values.repeat(2)[: 8 * 13])
    )
    check(program, np.zeros(len(own), int), own, other, width=8, stages=2)


def test_a_layer_that_does_not_add_is_left_alone():
    rng = np.random.default_rng(3)
    adding = instruction(rng, 8, lo=0, hi=0)
    program = [adding, instruction(rng, 8, add=0, lo=5, hi=5)]
    own, other = (integers(rng, 8, (30, 2)) for _ in range(2))
    check(program, np.arange(30) // 15, own, other, width=8, stages=2)
