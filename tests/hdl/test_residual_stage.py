"""The residual stage: what is kept comes back in the steps of later layers."""

from __future__ import annotations

import numpy as np
import pytest
from bench import drive, encoded, integers

from nnhw.hdl.residual_stage import ResidualStage
from nnhw.isa import ResidualInstruction
from nnhw.machine import residual_turnaround

STEPS = 16


def layer(*, add: bool, source: int, store: bool, destination: int) -> ResidualInstruction:
    """q + r, or just q."""
    return ResidualInstruction(
        add=int(add),
        source=source,
        bias=0,
        multiplier=1,
        residual_bias=0,
        residual_multiplier=1,
        shift=0,
        zero_point=0,
        lo=-128,
        hi=127,
        store=int(store),
        destination=destination,
    )


def passing(
    stage: ResidualStage, step: np.ndarray, last: np.ndarray, arrival: int
) -> dict[str, np.ndarray]:
    """Steps whose results come `arrival` cycles later, where they pass."""
    places = {
        "read": arrival - stage.read_lead,
        "add": arrival,
        "write": arrival + stage.latency,
    }
    return {
        f"{place}.{name}": np.append(np.zeros(wait, int), values)[: len(values)]
        for place, wait in places.items()
        for name, values in (("step", step), ("layer_done", last))
    }


PROGRAM = [
    layer(add=False, source=0, store=True, destination=4),
    layer(add=False, source=0, store=False, destination=0),
    layer(add=True, source=4, store=True, destination=4),  # in the place of what it adds
    layer(add=False, source=9, store=True, destination=20),
    layer(add=True, source=20, store=False, destination=0),
    layer(add=True, source=4, store=False, destination=0),
]


@pytest.mark.parametrize("arrival", [2, 3])
@pytest.mark.parametrize(("lanes", "stages"), [(1, 1), (3, 2)])
def test_residual_stage(lanes, stages, arrival):
    rng = np.random.default_rng([lanes, arrival])
    stage = ResidualStage(
        **encoded(PROGRAM),
        depth=36,
        lanes=lanes,
        width=8,
        shifts=[0],
        stages=stages,
    )
    count = 2 * len(PROGRAM) * STEPS  # the program runs round and round
    step = rng.permutation([1] * count + [0] * 40)
    step = np.append(step, [0] * (arrival + stage.latency))
    times = np.flatnonzero(step)
    last = rng.integers(0, 2, len(step))
    last[times] = np.arange(count) % STEPS == STEPS - 1
    inputs = passing(stage, step, last, arrival)
    inputs["results"] = integers(rng, 8, (len(step), lanes))
    sums = drive(stage, inputs, ("sums",))["sums"]
    memory: dict[int, np.ndarray] = {}
    for number, time in enumerate(times):
        instruction, offset = PROGRAM[number // STEPS % len(PROGRAM)], number % STEPS
        wanted = inputs["results"][time + arrival]
        if instruction.add:
            wanted = np.clip(wanted + memory[instruction.source + offset], -128, 127)
        if instruction.store:
            memory[instruction.destination + offset] = wanted
        assert (sums[time + arrival + stage.latency] == wanted).all(), number


@pytest.mark.parametrize("arrival", [2, 3])
@pytest.mark.parametrize("stages", [1, 4])
def test_turnaround(stages, arrival):
    """A word can be read `residual_turnaround` cycles after it came in, and no earlier."""
    turnaround = residual_turnaround(stages=stages)
    program = [
        layer(add=False, source=0, store=True, destination=0),
        layer(add=True, source=0, store=False, destination=0),
    ]
    seen = []
    for distance in (turnaround - 1, turnaround):
        stage = ResidualStage(
            **encoded(program),
            depth=2,
            lanes=1,
            width=8,
            shifts=[0],
            stages=stages,
        )
        step = np.zeros(distance + arrival + stage.latency + 1, int)
        step[[0, distance]] = 1
        inputs = passing(stage, step, step, arrival)
        inputs["results"] = np.full((len(step), 1), 9)
        sums = drive(stage, inputs, ("sums",))["sums"]
        assert sums[arrival + stage.latency] == 9
        seen.append(sums[distance + arrival + stage.latency].item())
    assert seen == [9, 18]
