"""The frame control around an engine that echoes: nothing is lost, held back, or given up."""

from __future__ import annotations

import random

import pytest
from amaranth.hdl import Module, ResetInserter
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.sim import Simulator

from nnhw.shell.frame_control import FrameControl

FRAMES = 120


class Bench:
    """A frame control, a memory of 16 beats as its engine, a source and a sink that pause."""

    def __init__(self, seed: int):
        self.rng = random.Random(seed)
        self.control = control = FrameControl(input_bytes=1, output_bytes=1, reset_latency=2)
        self.m = m = Module()
        m.submodules.control = control
        echo = SyncFIFOBuffered(width=9, depth=16)
        m.submodules.echo = ResetInserter(control.engine_reset)(echo)
        m.d.comb += [
            echo.w_data.eq(control.inside_in.payload.as_value()),
            echo.w_en.eq(control.inside_in.valid),
            control.inside_in.ready.eq(echo.w_rdy),
            control.inside_out.payload.as_value().eq(echo.r_data),
            control.inside_out.valid.eq(echo.r_rdy),
            echo.r_en.eq(control.inside_out.ready),
        ]
        self.frames = [
            bytes(self.rng.randrange(256) for _ in range(self.rng.choice((1, 2, 5, 9))))
            for _ in range(FRAMES)
        ]
        self.received: list[tuple[bytes, bool]] = []
        self.sent = 0
        self.is_sink_stopped = False

    async def source(self, ctx):
        stream = self.control.outside_in
        for frame in self.frames:
            for index, byte in enumerate(frame):
                while self.rng.random() < 0.3:
                    await ctx.tick()
                ctx.set(stream.payload, {"data": byte, "last": index == len(frame) - 1})
                ctx.set(stream.valid, 1)
                await ctx.tick().until(stream.ready)
                ctx.set(stream.valid, 0)
            self.sent += 1

    async def sink(self, ctx):
        stream, frame = self.control.outside_out, b""
        while True:
            ctx.set(stream.ready, not self.is_sink_stopped and self.rng.random() < 0.6)
            _, _, valid, ready, beat, closes, delivered = await ctx.tick().sample(
                stream.valid,
                stream.ready,
                stream.payload,
                self.control.closes,
                self.control.delivered,
            )
            if valid and ready:
                frame += bytes([beat.data])
                assert delivered == (beat.last and not closes)
                if beat.last:
                    self.received.append((frame, bool(closes)))
                    frame = b""

    def run(self, testbench):
        simulator = Simulator(self.m)
        simulator.add_clock(1e-6)
        simulator.add_testbench(self.source, background=True)
        simulator.add_testbench(self.sink, background=True)
        simulator.add_testbench(testbench)
        simulator.run()


def test_enable():
    """Without `enable`, the frame that has begun ends and no other one begins."""
    bench = Bench(1)
    control = bench.control

    async def testbench(ctx):
        while bench.sent < FRAMES:
            ctx.set(control.enable, 1)
            await ctx.tick().repeat(bench.rng.randrange(60))
            ctx.set(control.enable, 0)
            await ctx.tick().repeat(120)
            assert not ctx.get(control.receiving)
            before = bench.sent
            await ctx.tick().repeat(20)
            assert bench.sent == before
        await ctx.tick().repeat(100)

    bench.run(testbench)
    assert bench.received == [(frame, False) for frame in bench.frames]


@pytest.mark.parametrize("stops", [False, True])
def test_abort(stops):
    """At random moments: frames come out whole and in order, or closed, or not at all."""
    bench = Bench(2 + stops)
    control, aborts = bench.control, 0

    async def testbench(ctx):
        nonlocal aborts
        ctx.set(control.enable, 1)
        while bench.sent < FRAMES:
            await ctx.tick().repeat(1 + bench.rng.randrange(50))
            bench.is_sink_stopped = stops and bench.rng.random() < 0.5
            await ctx.tick().repeat(3)
            ctx.set(control.abort, 1)
            await ctx.tick()
            ctx.set(control.abort, 0)
            aborts += 1
            if bench.is_sink_stopped:
                await ctx.tick().repeat(30)
                bench.is_sink_stopped = False
            await ctx.tick().until(~control.aborting)
            assert not ctx.get(control.sending)
        await ctx.tick().repeat(100)

    bench.run(testbench)
    assert aborts > 5
    whole = [frame for frame, closes in bench.received if not closes]
    closed = [frame for frame, closes in bench.received if closes]
    rest = iter(bench.frames)
    assert all(frame in rest for frame in whole), "out of order, or not as they were sent"
    assert 0 < len(closed) <= aborts
    assert len(whole) + aborts > FRAMES / 3
    for frame in closed:
        assert frame[-1] == 0
        assert any(sent.startswith(frame[:-1]) for sent in bench.frames)
