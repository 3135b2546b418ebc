"""Every output frame has the tag of the input frame that it belongs to."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator
from stream_bench import collect, drive

from nnhw.shell.frame_tags import MOST_FRAMES, FrameTags

FRAMES = 120


@pytest.mark.parametrize("tag_bits", [1, 7, 64])
@pytest.mark.parametrize(
    ("beats_in", "beats_out", "eager_in", "eager_out"),
    [(1, 1, 1.0, 1.0), (1, 1, 1.0, 0.1), (3, 2, 0.7, 0.5), (2, 5, 1.0, 0.05), (5, 1, 0.5, 1.0)],
)
def test_frame_tags(beats_in, beats_out, eager_in, eager_out, tag_bits):
    """Between the streams stands a queue of frames, of which some are dropped."""
    rng = np.random.default_rng([beats_in, beats_out, tag_bits])
    component = FrameTags(input_bytes=1, output_bytes=2, tag_bits=tag_bits)
    dropped = rng.random(FRAMES) < 0.3
    tags = [int(tag) for tag in rng.integers(0, 1 << min(tag_bits, 62), FRAMES)]
    beats = [
        {
            "data": number % 256,
            "last": int(beat == beats_in - 1),
            "user": tags[number] if beat == 0 else int(rng.integers(2)),
        }
        for number in range(FRAMES)
        for beat in range(beats_in)
    ]
    received: list[dict[str, int]] = []
    in_queue: list[int] = []
    most_inside = 0

    async def send(ctx):
        await drive(ctx, component.outside_in, beats, rng, eager_in)
        await ctx.tick().repeat(int(200 + 2 * FRAMES * beats_out / eager_out))

    async def engine_input(ctx):
        ctx.set(component.inside_in.ready, 1)
        frame = 0
        while True:
            _, _, valid, last = await ctx.tick().sample(
                component.inside_in.valid, component.inside_in.payload.last
            )
            accepted = bool(valid and last and not dropped[frame])
            if accepted:
                in_queue.append(frame)
            frame += bool(valid and last)
            ctx.set(component.accepted, accepted)

    async def engine_output(ctx):
        nonlocal most_inside
        inside = component.inside_out
        while True:
            await ctx.tick()
            most_inside = max(most_inside, len(in_queue))
            if not in_queue:
                continue
            await ctx.tick().repeat(FrameTags.latency)
            for beat in range(beats_out):
                ctx.set(inside.payload.data, in_queue[0])
                ctx.set(inside.payload.last, beat == beats_out - 1)
                ctx.set(inside.valid, 1)
                await ctx.tick().until(inside.ready)
                ctx.set(inside.valid, 0)
            in_queue.pop(0)

    async def receive(ctx):
        sink_rng = np.random.default_rng(5)
        await collect(ctx, component.outside_out, received, sink_rng, eager_out)

    top = Module()
    top.domains.sync = ClockDomain()
    top.submodules.component = component
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(send)
    for testbench in (engine_input, engine_output, receive):
        simulator.add_testbench(testbench, background=True)
    simulator.run()
    assert received == [
        {"data": number, "last": int(beat == beats_out - 1), "user": tags[number]}
        for number in range(FRAMES)
        if not dropped[number]
        for beat in range(beats_out)
    ]
    if eager_in == 1.0 and eager_out < 0.2:
        assert MOST_FRAMES - 2 <= most_inside <= MOST_FRAMES
