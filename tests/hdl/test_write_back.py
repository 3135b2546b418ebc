"""The write-back stage against a walk through its program."""

from __future__ import annotations

import numpy as np
import pytest
from bench import drive, integers
from interpreter import walk_write_back
from random_programs import write_back_program

from nnhw.hdl.write_back import WriteBack

OUTPUTS = ("valid", "layer", "count", "data", "address", "to_stream", "frame_done", "retired")


def random_steps(rng: np.random.Generator, rolls: int, lanes: int) -> list[tuple[int, bool, bool]]:
    """(count, ends a tile, ends the layer) of the drain steps of a layer: one or two strips."""
    steps = []
    for _ in range(rng.integers(1, 3)):
        counts = rng.integers(1, lanes + 1, rng.integers(1, 4)).tolist()
        tile = [(count, number == len(counts) - 1, False) for number, count in enumerate(counts)]
        steps += tile * (rolls + 1)
    return [*steps[:-1], (steps[-1][0], True, True)]


@pytest.mark.parametrize(("lanes", "layers"), [(1, 1), (1, 3), (3, 2), (4, 5)])
@pytest.mark.parametrize("activation_width", [4, 8])
@pytest.mark.parametrize("quotient_width", [2, 8, 15])
def test_write_back(lanes, layers, activation_width, quotient_width):
    rng = np.random.default_rng([lanes, layers, quotient_width])
    address_width = 7
    space = 1 << address_width
    program = write_back_program(layers, layers=layers, bits=activation_width, space=space)
    stage = WriteBack(
        program=program,
        lanes=lanes,
        quotient_width=quotient_width,
        activation_width=activation_width,
        address_width=address_width,
    )
    assert stage.latency == 2
    steps = []  # (layer, count, tile_done, layer_done, address)
    for _ in range(2):  # the program runs round and round
        for number, instruction in enumerate(program):
            layer = random_steps(rng, instruction.rolls, lanes)
            addresses = walk_write_back(instruction, [step[:2] for step in layer])
            steps += [(number, *step, next(addresses)) for step in layer]
    # when results come: one after the other, or with gaps
    scaled = rng.permutation([1] * len(steps) + [0] * (len(steps) // 2))
    scaled = np.concatenate([scaled, [0] * stage.latency])
    cycles = len(scaled)
    inputs = {
        "scaled": scaled,
        "scaled_count": rng.integers(0, lanes + 1, cycles),
        "tile_done": rng.integers(0, 2, cycles),
        "layer_done": rng.integers(0, 2, cycles),
        "quotients": integers(rng, quotient_width, (cycles, lanes)),
        "round_up": rng.integers(0, 1 << lanes, cycles),
    }
    times = np.flatnonzero(scaled)
    for t, (_, count, tile_done, layer_done, _) in zip(times, steps, strict=True):
        inputs["scaled_count"][t] = count
        inputs["tile_done"][t], inputs["layer_done"][t] = tile_done, layer_done
    outputs = drive(stage, inputs, OUTPUTS)
    assert (outputs["valid"][stage.latency :] == scaled[: -stage.latency]).all()
    assert np.flatnonzero(outputs["retired"]).tolist() == [
        t + 1 for t, (_, _, tile_done, _, _) in zip(times, steps, strict=True) if tile_done
    ]
    for t, (number, count, _, layer_done, address) in zip(times, steps, strict=True):
        out, instruction = t + stage.latency, program[number]
        last = layer_done and number == layers - 1
        actual = [outputs[name][out] for name in ("layer", "count", "to_stream", "frame_done")]
        assert actual == [number, count, instruction.to_stream, last]
        assert outputs["address"][out] == address % space
        ups = inputs["round_up"][t] >> np.arange(lanes) & 1
        rounded = inputs["quotients"][t] + ups + instruction.zero_point
        assert (outputs["data"][out] == np.clip(rounded, instruction.lo, instruction.hi)).all()
