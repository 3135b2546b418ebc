"""The cocotb tests: they drive the design as segments.py says and check what leaves it.

run.py starts them. Where a layer first differs, and how many clock cycles a frame takes, is found
afterwards from the trace that tb.v writes; that costs no Python time in each clock cycle.

The environment variables SIM_DESIGN and SIM_VECTORS say what run.py was asked for, and SIM_SEGMENTS
which segments this process is to run: "0 3 4".
"""

from __future__ import annotations

import logging
import os
import random
import warnings
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.handle import HierarchyObject, LogicObject
from cocotb.triggers import FallingEdge, RisingEdge, SimTimeoutError, Timer, with_timeout
from design import load_design, load_vectors
from segments import Segment, choose_frames, frame_count, make_segments

# cocotbext-axi still uses names that cocotb 2 deprecates.
warnings.filterwarnings("ignore", category=DeprecationWarning)
from cocotbext.axi import AxiStreamBus, AxiStreamSink, AxiStreamSource  # noqa: E402

PERIOD_NS = 10
RESET_CYCLES = 4
QUIET_CYCLES = 32
"""How long nothing may follow the last frame."""
AFTERMATH_CYCLES = 250
"""How long a failed test goes on, so that recorded waves show what came of it."""
STALL_CYCLES = (1, 1, 1, 2, 2, 3, 4, 6, 9, 16, 32)
"""Lengths that pauses, and the times between them, are drawn from."""

DESIGN = load_design(Path(os.environ["SIM_DESIGN"]))
VECTORS = load_vectors(DESIGN)
FRAMES = choose_frames(VECTORS, int(os.environ["SIM_VECTORS"]))
SEED = cocotb.RANDOM_SEED
SEGMENTS = make_segments(DESIGN, FRAMES, SEED)
SHARE = tuple(map(int, os.environ["SIM_SEGMENTS"].split()))
TOTAL = frame_count(tuple(SEGMENTS[number] for number in SHARE))


@cocotb.test()
async def latency(dut):
    """One frame from idle; the source never pauses and the sink is always ready."""
    await Bench(dut).run("latency")


@cocotb.test()
async def interval(dut):
    """Frames without a pause; the source never pauses and the sink is always ready."""
    await Bench(dut).run("interval")


@cocotb.test()
async def stalls(dut):
    """All frames while source and sink pause at random."""
    await Bench(dut).run("stalls", stalls=True)


@cocotb.test()
async def reset(dut):
    """Resets within a frame, each followed by a frame that must not be affected."""
    await Bench(dut).run("reset")


class Bench:
    """Clock, source and sink around the design for one test."""

    done = 0
    """Frames that were received in all tests up to now."""

    def __init__(self, dut: HierarchyObject) -> None:
        self.dut = dut
        Clock(dut.clk, PERIOD_NS, "ns").start()
        for name in ("s_axis", "m_axis"):
            # The bus models log every frame byte by byte.
            logging.getLogger(f"cocotb.{dut._name}.{name}").setLevel(logging.ERROR)
        self.source: AxiStreamSource | None = None
        self.sink: AxiStreamSink | None = None

    async def run(self, test: str, *, stalls: bool = False) -> None:
        """Run the segments that belong to `test`."""
        for number in SHARE:
            segment = SEGMENTS[number]
            if segment.test == test:
                await self._reset()
                await self._run_segment(segment, random.Random(f"{number} {SEED}"), stalls)

    async def _reset(self) -> None:
        self.dut.rst.value = 1
        await Timer(RESET_CYCLES * PERIOD_NS, "ns")
        if self.source is None:
            # Not before the reset: until then the design's outputs may be X.
            self.source = AxiStreamSource(
                AxiStreamBus.from_prefix(self.dut, "s_axis"), self.dut.clk, self.dut.rst
            )
            self.sink = AxiStreamSink(
                AxiStreamBus.from_prefix(self.dut, "m_axis"), self.dut.clk, self.dut.rst
            )
        self.source.clear()
        self.sink.clear()
        await FallingEdge(self.dut.clk)
        self.dut.rst.value = 0

    async def _run_segment(self, segment: Segment, rng: random.Random, stalls: bool) -> None:
        pauses = []
        if stalls:
            pauses = [
                cocotb.start_soon(pause_at_random(self.source, self.dut.s_axis_tready, rng)),
                cocotb.start_soon(pause_at_random(self.sink, self.dut.m_axis_tvalid, rng)),
            ]
        feeder = cocotb.start_soon(self._feed(segment, rng, stalls))
        if segment.reset_after is not None:
            await Timer(segment.reset_after * PERIOD_NS, "ns")
            return
        try:
            for number in segment.frames:
                await self._receive(number)
        except AssertionError:
            await Timer(AFTERMATH_CYCLES * PERIOD_NS, "ns")
            raise
        assert feeder.done(), "the design answers frames that it has not taken"
        for task in pauses:
            task.cancel()
        self.source.pause = self.sink.pause = False
        await Timer(QUIET_CYCLES * PERIOD_NS, "ns")
        assert self.sink.empty(), "the design sends more than the frames it was given"

    async def _feed(self, segment: Segment, rng: random.Random, stalls: bool) -> None:
        """Queue the frames of a segment: all at once, or, with stalls, some behind a gap.

        A source that waits for tready is woken in every clock cycle. Half of the frames therefore
        are held back until the design asks for them, which is the other case worth a test.
        """
        for number in segment.frames:
            if stalls and rng.random() < 0.5:
                await self.source.wait()
                if not self.dut.s_axis_tready.value:
                    await RisingEdge(self.dut.s_axis_tready)
            self.source.send_nowait(VECTORS.input[number].tobytes())

    async def _receive(self, number: int) -> None:
        """Take one frame from the sink and compare it with the golden model's."""
        try:
            frame = await with_timeout(self.sink.recv(), cycle_limit() * PERIOD_NS, "ns")
        except SimTimeoutError:
            raise AssertionError(
                f"no frame left the design within {cycle_limit()} clock cycles"
            ) from None
        expected = VECTORS.output[number].tobytes()
        expected += bytes(DESIGN.output.beats * DESIGN.output.beat_bytes - len(expected))
        assert len(frame.tdata) == len(expected), (
            f"frame {number} ended after {len(frame.tdata)} bytes instead of {len(expected)}"
        )
        assert frame.tdata == expected, f"frame {number} differs from the golden model"
        Bench.done += 1
        self.dut._log.info("frame %d of %d", Bench.done, TOTAL)


async def pause_at_random(
    model: AxiStreamSource | AxiStreamSink, signal: LogicObject, rng: random.Random
) -> None:
    """Let a bus model pause and go on for random times.

    While the design itself takes no part in transfers (its `signal` of the handshake is low), the
    bus model stays as it is: that makes no difference but to the time that the simulation takes.
    """
    while True:
        await Timer(rng.choice(STALL_CYCLES) * PERIOD_NS, "ns")
        if not signal.value:
            await RisingEdge(signal)
        model.pause = not model.pause


def cycle_limit() -> int:
    """Clock cycles after which a frame is given up.

    Pauses make a frame's transfers a few times as long; computing takes what the manifest says.
    """
    beats = DESIGN.input.beats + DESIGN.output.beats
    return 2 * (DESIGN.latency_cycles + DESIGN.interval_cycles) + 20 * beats + 1000
