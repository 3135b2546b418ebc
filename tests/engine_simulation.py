"""The generated engine in Amaranth's simulator."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from amaranth.sim import Simulator

from nnhw.hdl import Engine
from nnhw.machine import LoadMap, load_writes
from nnhw.mapping import Program, predict_cycles


@dataclass
class EngineRun:
    """What an engine did.

    Parameters
    ----------
    frames
        int8 (frames, output bytes), as they left.
    first_in, first_out, last_out
        Cycle of the first input, and of the first and the last output handshake of each frame.
    """

    frames: np.ndarray
    first_in: list[int]
    first_out: list[int]
    last_out: list[int]


def run_engine(
    program: Program,
    frames: np.ndarray,
    *,
    pauses: int | None = None,
    reset_after: int = 0,
) -> EngineRun:
    """Send frames (int8, (N, H, W, C)) through an engine, one right behind the other.

    Parameters
    ----------
    pauses
        If given, the seed of random pauses of source and sink; else they never pause.
    reset_after
        If not 0, garbage arrives for so many cycles before, and is ended by a reset.
    """
    (run,) = run_programs([(program, frames)], pauses=pauses, reset_after=reset_after)
    return run


def run_programs(
    programs: Sequence[tuple[Program, np.ndarray]],
    *,
    pauses: int | None = None,
    reset_after: int = 0,
) -> list[EngineRun]:
    """`run_engine` of each program and its frames, one after the other on the same engine, which is
    programmable if there are several."""
    first, _ = programs[0]
    engine = Engine(first.machine, first.image)
    runs: list[EngineRun] = []

    async def testbench(ctx):
        for program, frames in programs:
            rng = random.Random(pauses)
            runs.append(await _run(ctx, engine, program, frames, rng, pauses, reset_after))

    simulator = Simulator(engine)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return runs


async def _run(
    ctx,
    engine: Engine,
    program: Program,
    frames: np.ndarray,
    rng: random.Random,
    pauses: int | None,
    reset_after: int,
) -> EngineRun:
    config = program.config
    beats = [beat for frame in frames for beat in frame_beats(frame, config.input_bytes)]
    beats_per_frame = len(beats) // len(frames)
    timing = predict_cycles(program)
    limit = 4 * (timing.latency_cycles + len(frames) * timing.interval_cycles) + 100
    first_in: list[int] = []
    first_out: list[int] = []
    last_out: list[int] = []
    received: list[list[int]] = [[]]
    source, sink = engine.frames_in, engine.frames_out
    if config.programmable:
        await load_image(ctx, engine, program)
    for cycle in range(reset_after):
        ctx.set(source.valid, 1)
        ctx.set(source.payload, rng.getrandbits(8 * config.input_bytes))
        ctx.set(sink.ready, 1)
        ctx.set(engine.reset, cycle == reset_after - 1)
        await ctx.tick()
    ctx.set(engine.reset, 0)
    if config.programmable and reset_after:
        await start(ctx, engine, program)
    sent = 0
    offered = False
    for cycle in range(limit):
        offered = sent < len(beats) and (offered or pauses is None or rng.random() < 0.5)
        ctx.set(source.valid, offered)
        ctx.set(source.payload, beats[sent] if offered else rng.getrandbits(8))
        ctx.set(sink.ready, pauses is None or rng.random() < 0.5)
        _, _, taken, given, beat, ready = await ctx.tick().sample(
            source.ready, sink.valid, sink.payload, sink.ready
        )
        if offered and taken:
            if sent % beats_per_frame == 0:
                first_in.append(cycle)
            sent += 1
            offered = False
        if given and ready:
            if not received[-1]:
                first_out.append(cycle)
            received[-1] += int(beat.data).to_bytes(config.output_bytes, "little")
            if beat.last:
                last_out.append(cycle)
                received.append([])
        if len(last_out) == len(frames):
            break
    else:
        raise AssertionError(f"{len(last_out)} of {len(frames)} frames after {limit} cycles")
    assert not received.pop(), "beats after the last frame"
    return EngineRun(output_frames(program, received), first_in, first_out, last_out)


async def load_image(ctx, engine: Engine, program: Program) -> None:
    """Stop an engine, load it with a program through its load port, and let it run."""
    control = LoadMap.of(program.machine).sections["control"]
    stop = LoadMap.of(program.machine).address(control), 0
    for write in [stop, *load_writes(program.machine, program.image)]:
        await write_word(ctx, engine, *write)
    await start(ctx, engine, program)


async def start(ctx, engine: Engine, program: Program) -> None:
    """Let a programmable engine run."""
    load_map = LoadMap.of(program.machine)
    ctx.set(engine.frames_in.valid, 0)
    await write_word(ctx, engine, load_map.address(load_map.sections["control"]), 1)
    ctx.set(engine.load.valid, 0)
    while not ctx.get(engine.frames_in.ready):
        await ctx.tick()


async def write_word(ctx, engine: Engine, address: int, word: int) -> None:
    """A write to the load port."""
    ctx.set(engine.load, {"valid": 1, "address": address, "data": word})
    await ctx.tick()


def output_frames(program: Program, received: list[list[int]]) -> np.ndarray:
    """The bytes of whole beats of some frames, as int8 (frames, output bytes)."""
    size, beat_bytes = program.output_size, program.config.output_bytes
    assert {len(frame) for frame in received} == {-(-size // beat_bytes) * beat_bytes}
    data = np.array(received, np.uint8)
    assert not data[:, size:].any(), "unused bytes of the last beat are not zero"
    return data[:, :size].view(np.int8)


def frame_beats(frame: np.ndarray, size: int) -> list[int]:
    """The beats of `size` bytes that a frame arrives in; rests are filled up with zeros."""
    data = frame.tobytes()
    return [int.from_bytes(data[i : i + size], "little") for i in range(0, len(data), size)]
