"""Every output frame has the tag of the input frame that it belongs to."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module, Signal
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


def test_abort():
    """All tags go but for that of a frame that ends meanwhile; later frames have their own."""
    rng = np.random.default_rng(1)
    component = FrameTags(input_bytes=1, output_bytes=1, tag_bits=4, aborts=True)
    tags = [int(tag) for tag in rng.integers(0, 16, FRAMES)]
    beats = [{"data": number, "last": 1, "user": tag} for number, tag in enumerate(tags)]
    queue: list[int] = []
    received: list[dict[str, int]] = []
    aborts = 0

    async def send(ctx):
        await drive(ctx, component.outside_in, beats, rng, 0.8)
        await ctx.tick().repeat(600)

    async def engine_input(ctx):
        """Takes no frame while it is being reset."""
        frame, outside = 0, component.inside_in
        while True:
            ctx.set(outside.ready, not ctx.get(is_aborting))
            _, _, valid, ready = await ctx.tick().sample(outside.valid, outside.ready)
            taken = bool(valid and ready)
            if taken:
                queue.append(frame)
            frame += taken
            ctx.set(component.accepted, taken)

    async def send_beat(ctx, beat):
        ctx.set(component.inside_out.payload, beat)
        ctx.set(component.inside_out.valid, 1)
        await ctx.tick().until(component.inside_out.ready)
        ctx.set(component.inside_out.valid, 0)

    async def engine_output(ctx):
        """Frames of two beats, of which some are given up before, after the first beat, or both."""
        nonlocal aborts
        while True:
            await ctx.tick()
            if not queue:
                continue
            await ctx.tick().repeat(FrameTags.latency)
            number = queue[0]
            begins, gives_up = rng.random() < 0.8, rng.random() < 0.3
            if begins or not gives_up:
                await send_beat(ctx, {"data": number, "last": 0, "user": 0})
            if not gives_up:
                await send_beat(ctx, {"data": number, "last": 1, "user": 0})
                queue.pop(0)
                continue
            ctx.set(is_aborting, 1)
            await ctx.tick().repeat(4)
            if begins:
                ctx.set(component.inside_out.payload, {"data": number, "last": 1, "user": 1})
                ctx.set(component.inside_out.valid, 1)
                ready = ctx.get(component.inside_out.ready)
                while not ready:
                    await ctx.tick()
                    ready = ctx.get(component.inside_out.ready)
            ctx.set(component.aborted, 1)
            await ctx.tick()
            ctx.set(component.inside_out.valid, 0)
            ctx.set(component.aborted, 0)
            ctx.set(is_aborting, 0)
            queue.clear()
            aborts += 1

    async def receive(ctx):
        await collect(ctx, component.outside_out, received, np.random.default_rng(5), 1.0)

    top = Module()
    top.domains.sync = ClockDomain()
    top.submodules.component = component
    is_aborting = Signal()
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(send)
    for testbench in (engine_input, engine_output, receive):
        simulator.add_testbench(testbench, background=True)
    simulator.run()
    assert aborts > 5
    assert received[-1]["last"]
    assert any(beat["user"] & 1 for beat in received)
    assert any(beat["last"] and not beat["user"] & 1 for beat in received)
    for beat in received:
        assert beat["user"] >> 1 == tags[beat["data"]]
