"""The write-back stage against a walk through its program."""

from __future__ import annotations

import numpy as np
import pytest
from bench import drive, encoded, integers
from program_walk import DrainStep, walk_write_back
from random_programs import write_back_program

from nnhw.hdl.residual_stage import ResidualStage
from nnhw.hdl.write_back import WriteBack
from nnhw.isa import ResidualInstruction

OUTPUTS = ("valid", "layer", "count", "data", "address", "to_stream", "to_memory", "ends_layer")
OUTPUTS += ("progress.retired",)
WRITTEN = ("progress.covered", "progress.layer_written")
ENDS = ("tile_done", "pixel_done", "row_done", "layer_done")
ADDRESS_WIDTH = 7
CHUNK = 3


def random_steps(rng: np.random.Generator, rolls: int, lanes: int) -> list[DrainStep]:
    """Steps of a layer of one to six pixels, or of one to six strips of the rolls."""
    steps = []
    pixels, row_pixels = int(rng.integers(1, 7)), int(rng.integers(1, 4))
    for pixel in range(pixels):
        counts = rng.integers(1, lanes + 1, rng.integers(1, 4)).tolist()
        for roll in range(rolls + 1):
            for number, count in enumerate(counts):
                tile_done = number == len(counts) - 1
                pixel_done = tile_done and roll == rolls
                steps.append(
                    DrainStep(
                        first=0,
                        count=count,
                        parameters=(),
                        tile_done=tile_done,
                        pixel_done=pixel_done,
                        row_done=pixel_done and pixel % row_pixels == row_pixels - 1,
                        layer_done=pixel_done and pixel == pixels - 1,
                    )
                )
    return steps


def offset_by_one(layers: int, lanes: int, width: int) -> ResidualStage:
    """A stage that adds one to the results of every second layer: what it reads of its memory is
    never written and zero."""
    half = 1 << (width - 1)
    program = [
        ResidualInstruction(
            add=layer % 2,
            source=0,
            bias=1,
            multiplier=1,
            residual_bias=0,
            residual_multiplier=1,
            shift=0,
            zero_point=0,
            lo=-half,
            hi=half - 1,
            store=1,
            destination=128,
        )
        for layer in range(layers)
    ]
    return ResidualStage(
        **encoded(program),
        depth=256,
        lanes=lanes,
        width=width,
        shifts=[0],
        stages=1,
    )


def packed_quotients(quotients: np.ndarray, ups: np.ndarray, width: int) -> np.ndarray:
    """`Quotient(width)` of each number; what does not matter is at random."""
    rng = np.random.default_rng(0)
    half = 1 << (width - 1)
    beyond = (quotients < -half) | (quotients >= half)
    value = np.where(beyond, rng.integers(-half, half, quotients.shape), quotients)
    negative = np.where(beyond, quotients < 0, rng.integers(0, 2, quotients.shape))
    flags = ups | beyond << 1 | negative << 2
    return value & (2 * half - 1) | flags << width


@pytest.mark.parametrize("adds", [False, True])
@pytest.mark.parametrize(
    ("lanes", "layers", "gaps", "tables"),
    [(1, 1, False, 0), (1, 3, True, 0), (3, 2, False, 2), (4, 5, True, 1), (2, 6, True, 3)],
)
@pytest.mark.parametrize("activation_width", [4, 8])
@pytest.mark.parametrize("bits", [2, 8, 15])
def test_write_back(lanes, layers, gaps, tables, adds, activation_width, bits):
    """Quotients of up to `bits` bits."""
    rng = np.random.default_rng([lanes, layers, bits])
    program = write_back_program(
        layers,
        layers=layers,
        bits=activation_width,
        space=1 << ADDRESS_WIDTH,
        gaps=gaps,
        tables=tables,
    )
    half = 1 << (activation_width - 1)
    contents = [rng.integers(-half, half, 2 * half).astype(np.int8) for _ in range(tables)]
    arrival = 4 if tables else 3
    residuals = offset_by_one(layers, lanes, activation_width) if adds else None
    stage = WriteBack(
        **encoded(program),
        lanes=lanes,
        activation_width=activation_width,
        address_width=ADDRESS_WIDTH,
        tables=contents,
        chased_bytes=100,
        chunk=CHUNK,
        residuals=residuals,
    )
    assert stage.latency == arrival + (residuals.latency if residuals else 0)
    steps = []  # (layer, step, address)
    for _ in range(2):  # the program runs round and round
        for number, instruction in enumerate(program):
            layer = random_steps(rng, instruction.rolls, lanes)
            addresses = walk_write_back(instruction, layer)
            steps += [(number, *pair) for pair in zip(layer, addresses, strict=True)]
    # when results come: one after the other, or with gaps
    scaled = rng.permutation([1] * len(steps) + [0] * (len(steps) // 2))
    scaled = np.concatenate([scaled, [0] * stage.latency])
    cycles = len(scaled)
    quotients = integers(rng, bits, (cycles, lanes))
    ups = rng.integers(0, 2, (cycles, lanes))
    inputs = {
        "scaled": scaled,
        "tags.count": rng.integers(0, lanes + 1, cycles),
        "quotients": packed_quotients(quotients, ups, activation_width + 1),
        **{f"tags.{name}": rng.integers(0, 2, cycles) for name in ENDS},
    }
    times = np.flatnonzero(scaled)
    for t, (_, step, _) in zip(times, steps, strict=True):
        inputs["tags.count"][t] = step.count
        for name in ENDS:
            inputs[f"tags.{name}"][t] = getattr(step, name)
    outputs = drive(stage, inputs, (*OUTPUTS, *WRITTEN))
    assert (outputs["valid"][stage.latency :] == scaled[: -stage.latency]).all()
    for flag in ("to_stream", "to_memory"):  # not without results
        assert (outputs[flag] <= outputs["valid"]).all()
    assert np.flatnonzero(outputs["progress.retired"]).tolist() == [
        t + stage.latency - 1
        for t, (_, step, _) in zip(times, steps, strict=True)
        if step.tile_done
    ]
    assert np.flatnonzero(outputs["progress.layer_written"]).tolist() == [
        t + stage.latency - 2
        for t, (_, step, _) in zip(times, steps, strict=True)
        if step.layer_done
    ]
    done = 0  # bytes of the layer
    for t, (number, step, address) in zip(times, steps, strict=True):
        out, instruction = t + stage.latency, program[number]
        done = 0 if step.layer_done else done + step.count
        assert outputs["progress.covered"][out - 1] == done - CHUNK
        actual = [outputs[name][out] for name in ("layer", "count", "to_stream", "ends_layer")]
        assert actual == [number, step.count, instruction.to_stream, step.layer_done]
        to_memory = not (instruction.to_stream or instruction.residual_only)
        assert outputs["to_memory"][out] == to_memory
        assert outputs["address"][out] == address % (1 << ADDRESS_WIDTH)
        rounded = quotients[t] + ups[t] + instruction.zero_point
        wanted = np.clip(rounded, instruction.lo, instruction.hi)
        if instruction.table:
            wanted = contents[instruction.table - 1][wanted + half]
        if adds and number % 2:
            wanted = np.clip(wanted + 1, -half, half - 1)
        assert (outputs["data"][out] == wanted).all()
