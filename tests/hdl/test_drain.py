"""The drain against a walk through its program."""

from __future__ import annotations

import numpy as np
import pytest
from bench import drive, encoded, integers
from program_walk import DrainStep, walk_drain
from random_programs import drain_program

from nnhw.hdl.drain import Drain
from nnhw.isa import ParameterMode
from nnhw.machine import SLICE_BITS

LAYER, CHANNEL, PIXEL, TILE = ParameterMode
ACCUMULATOR, ACTIVATION = 12, 6


def tiles_of(program, lanes: int) -> list[tuple[int, list[DrainStep]]]:
    """(layer, steps) of every tile of a program, in order."""
    tiles = []
    for number, instruction in enumerate(program):
        steps: list[DrainStep] = []
        for step in walk_drain(instruction, lanes=lanes):
            steps.append(step)
            if step.tile_done:
                tiles.append((number, steps))
                steps = []
    return tiles


@pytest.mark.parametrize(
    ("array_lanes", "cols", "lanes", "modes", "paired"),
    [
        (1, 1, 1, (LAYER,), False),
        (5, 3, 2, (LAYER, CHANNEL), False),
        (3, 7, 3, (CHANNEL, PIXEL), False),
        (6, 2, 4, (LAYER, TILE), False),
        (4, 4, 8, (CHANNEL, TILE), False),
        (5, 4, 1, tuple(ParameterMode), False),
        (6, 4, 2, tuple(ParameterMode), True),
        (4, 8, 4, (LAYER, CHANNEL), True),
        (3, 0, 2, (LAYER, PIXEL), True),
        (0, 3, 2, (CHANNEL, TILE), False),
    ],
)
@pytest.mark.parametrize(
    ("parameter_latency", "joins"), [(1, False), (4, False), (2, True), (4, True)]
)
@pytest.mark.parametrize("seed", range(3))
def test_drain(array_lanes, cols, lanes, modes, paired, seed, parameter_latency, joins):
    """`array_lanes` or `cols` 0: tiles come from the other one only."""
    rng = np.random.default_rng([seed, lanes])
    sources = [size for size in (array_lanes, cols) if size]
    most_steps = -(-min(sources) // lanes)
    joins = joins and cols > 1
    program = drain_program(
        seed, lanes=lanes, modes=modes, paired=paired, joins=joins, most_steps=most_steps
    )
    tiles = tiles_of(program, lanes) * 2  # the program runs round and round
    words = 1 + max(max(step.parameters) for _, steps in tiles for step in steps)
    drain = Drain(
        **encoded(program),
        parameter_modes=frozenset(modes),
        last_words=any(i.last_words != i.later_words for i in program),
        array_lanes=max(1, array_lanes),
        cols=max(1, cols),
        lanes=lanes,
        accumulator_width=ACCUMULATOR,
        activation_width=ACTIVATION,
        parameter_words=words,
        uses_columns=cols > 0,
        uses_lanes=array_lanes > 0,
        paired=paired,
        gaps=True,
        parameter_latency=parameter_latency,
    )

    # when tiles are taken: as soon as the one before has left, or later
    takes, cycle = [], parameter_latency
    for number, steps in tiles:
        takes.append(cycle)
        cycle += len(steps) * (1 + program[number].paired) + max(0, int(rng.integers(-3, 3)))
    cycles = cycle + drain.latency + 1
    inputs = {
        "tile.announced": np.zeros(cycles, int),
        "tile.arrives_next": np.zeros(cycles, int),
        "tile.in_lanes_next": np.zeros(cycles, int),
        "tile.columns": integers(rng, ACCUMULATOR, (cycles, max(1, cols))),
        "tile.lanes": integers(rng, ACCUMULATOR, (cycles, max(1, array_lanes))),
        "tile.addends": integers(rng, ACTIVATION, (cycles, max(1, array_lanes))),
    }
    expected = {}
    for take, (number, steps) in zip(takes, tiles, strict=True):
        pair = bool(program[number].paired)
        from_lanes = pair or not cols or bool(array_lanes and rng.integers(2))
        inputs["tile.announced"][take - parameter_latency] = 1
        inputs["tile.arrives_next"][take - 1], inputs["tile.in_lanes_next"][take - 1] = (
            1,
            from_lanes,
        )
        results = inputs["tile.lanes" if from_lanes else "tile.columns"][take]
        if program[number].joined and not from_lanes:
            lower, upper = np.split(results[: cols // 2 * 2], 2)
            wide = lower + (upper << SLICE_BITS)
            results = (wide + (1 << ACCUMULATOR - 1)) % (1 << ACCUMULATOR) - (1 << ACCUMULATOR - 1)
        out = take + drain.latency
        for step in steps:
            terms = [results, inputs["tile.addends"][take]] if pair else [results]
            for second, (term, word) in enumerate(zip(terms, step.parameters, strict=True)):
                expected[out] = (step, second, second == pair, term, word)
                out += 1

    ends = ["tile_done", "pixel_done", "row_done", "layer_done"]
    names = ["valid", "second", "combination", "tags.count", "values", "parameter_address"]
    names += [f"tags.{name}" for name in ends]
    outputs = drive(drain, inputs, names)
    finished = {cycle for cycle, (_, _, complete, *_) in expected.items() if complete}
    assert np.flatnonzero(outputs["valid"]).tolist() == sorted(finished)
    layer = 0
    for cycle, (step, second, complete, term, word) in expected.items():
        assert outputs["second"][cycle] == second
        count = max(0, min(step.count, len(term) - step.first))
        values = outputs["values"][cycle]
        assert (values[:count] == term[step.first : step.first + count]).all()
        assert outputs["parameter_address"][cycle - parameter_latency] == word
        if complete:
            assert outputs["tags.count"][cycle] == step.count
            assert outputs["combination"][cycle] == program[layer % len(program)].combination
            assert [outputs[f"tags.{end}"][cycle] for end in ends] == [
                getattr(step, end) for end in ends
            ]
            layer += step.layer_done
    assert layer == 2 * len(program)
