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
from collections.abc import Iterable
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.handle import HierarchyObject, LogicObject
from cocotb.task import Task
from cocotb.triggers import (
    ClockCycles,
    FallingEdge,
    RisingEdge,
    SimTimeoutError,
    Timer,
    with_timeout,
)
from design import load_design, load_vectors
from image import LoadImage
from segments import Segment, choose_frames, frame_count, make_segments

# cocotbext-axi still uses names that cocotb 2 deprecates.
warnings.filterwarnings("ignore", category=DeprecationWarning)
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource  # noqa: E402

PERIOD_NS = 10
FASTER_NS = 7.014
"""Period of the streams' own clock where the engine is measured: it never waits for them."""
OTHER_NS = (10, 9.872, 10.134, 13.372, 3.138, 29.302)
"""Periods of that clock elsewhere: the same, such that all phases pass by slowly, and others."""
RESET_CYCLES = 4
BEGIN_CYCLES = 16
"""After which a network runs that was told to."""
QUIET_CYCLES = 32
"""How long nothing may follow the last frame."""
AFTERMATH_CYCLES = 250
"""How long a failed test goes on, so that recorded waves show what came of it."""
NULL_BEATS = 0.1
"""Share of beats before which a null beat is sent, where there are stalls and tkeep."""
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
    is_loaded = False
    """Whether the image was loaded, of a programmable design."""
    bank = 0
    """In which it runs."""

    def __init__(self, dut: HierarchyObject) -> None:
        self.dut = dut
        Clock(dut.clk, PERIOD_NS, "ns").start()
        self.stream_clock = dut.axis_clk if DESIGN.clocks == 2 else dut.clk
        self.load_clock = self.stream_clock if DESIGN.bus else dut.clk
        self.stream_clock_driver: Clock | None = None
        self.stream_period = PERIOD_NS
        self.tags: list[int] = []
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
                rng = random.Random(f"{number} {SEED}")
                if DESIGN.clocks == 2:
                    is_measured = test in ("latency", "interval")
                    self._clock_streams(FASTER_NS if is_measured else rng.choice(OTHER_NS))
                loads = await self._reset()
                await self._run_segment(segment, rng, stalls)
                if loads is not None:
                    await loads

    def _clock_streams(self, period: float) -> None:
        """Give the streams' own clock another period."""
        if self.stream_clock_driver is not None:
            self.stream_clock_driver.stop()
        self.stream_period = period
        self.stream_clock_driver = Clock(self.stream_clock, period, "ns")
        self.stream_clock_driver.start()

    @property
    def _slower_period(self) -> float:
        return max(PERIOD_NS, self.stream_period)

    async def _reset(self) -> Task | None:
        """Reset the design, and let it run; returns what is still being loaded, if anything is."""
        self.dut.rst.value = 1
        # of two clocks, both have to see it, one after the other
        cycles = RESET_CYCLES if DESIGN.clocks == 1 else 4 * RESET_CYCLES
        await Timer(cycles * self._slower_period, "ns", round_mode="round")
        if self.source is None:
            # Not before the reset: until then the design's outputs may be X.
            self.source = AxiStreamSource(
                AxiStreamBus.from_prefix(self.dut, "s_axis"), self.stream_clock, self.dut.rst
            )
            self.sink = AxiStreamSink(
                AxiStreamBus.from_prefix(self.dut, "m_axis"), self.stream_clock, self.dut.rst
            )
        self.source.clear()
        self.sink.clear()
        self.tags.clear()
        await FallingEdge(self.stream_clock)
        self.dut.rst.value = 0
        if DESIGN.image is not None:
            if DESIGN.clocks == 2:  # the load port has the engine's clock, which leaves it later
                await Timer(cycles * self._slower_period, "ns", round_mode="round")
            return await self._load(DESIGN.image)
        return None

    async def _load(self, image: LoadImage) -> Task | None:
        """Load the image, once, and let the design run, which a reset has stopped.

        Where there are two banks, the second one is loaded while the design runs in the first one;
        from then on they take turns.
        """
        if Bench.is_loaded:
            Bench.bank = (Bench.bank + 1) % image.banks
            await self._write([image.start(Bench.bank)])
            return None
        await self._write([*image.writes(), image.start()])
        Bench.is_loaded = True
        if image.banks == 1:
            return None
        await ClockCycles(self.load_clock, BEGIN_CYCLES)
        loads = cocotb.start_soon(self._write([*image.writes(bank=1)]))
        if DESIGN.io != "stream":  # frames are moved over the same bus
            await loads
        return loads

    async def _write(self, writes: Iterable[tuple[int, int]]) -> None:
        """Write words to addresses.

        tb.v does it, which reads them from a file: that costs no Python time.
        """
        lines = [f"{address:x} {word:x}\n" for address, word in writes]
        Path("load.hex").write_text("".join(lines), encoding="ascii")
        self.dut.load_go.value = 1
        await RisingEdge(self.dut.load_done)
        await FallingEdge(self.load_clock)
        self.dut.load_go.value = 0

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
        await Timer(QUIET_CYCLES * self._slower_period, "ns", round_mode="round")
        assert self.sink.empty(), "the design sends more than the frames it was given"
        assert self.dut.idle.value == 1, "the design is not idle behind the last frame"

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
            self.source.send_nowait(self._input_frame(number, rng, stalls))

    def _input_frame(self, number: int, rng: random.Random, stalls: bool) -> AxiStreamFrame:
        """A frame with tkeep and tuser, as far as the design has them.

        With stalls, tkeep also has null beats in between, which are to be ignored.
        """
        stream = DESIGN.input
        frame = AxiStreamFrame(VECTORS.input[number].tobytes())
        if DESIGN.keep:
            frame.tdata += bytes(stream.beats * stream.beat_bytes - stream.frame_bytes)
            frame.tkeep = stream.used.astype(int).tolist()
        if DESIGN.tag_bits:
            # that of the first beat counts
            tags = [rng.getrandbits(DESIGN.tag_bits) for _ in range(stream.beats)]
            self.tags.append(tags[0])
            frame.tuser = [tag for tag in tags for _ in range(stream.beat_bytes)]
        if DESIGN.keep and stalls:
            for beat in reversed(range(stream.beats)):
                if rng.random() < NULL_BEATS:
                    place = slice(beat * stream.beat_bytes, beat * stream.beat_bytes)
                    frame.tdata[place] = rng.randbytes(stream.beat_bytes)
                    frame.tkeep[place] = [0] * stream.beat_bytes
                    if DESIGN.tag_bits:
                        frame.tuser[place] = [0] * stream.beat_bytes
        return frame

    async def _receive(self, number: int) -> None:
        """Take one frame from the sink and compare it with the golden model's."""
        try:
            limit = round(cycle_limit() * self._slower_period)
            frame = await with_timeout(self.sink.recv(compact=False), limit, "ns")
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
        if DESIGN.keep:
            used = DESIGN.output.used.astype(int).tolist()
            assert frame.tkeep == used, f"frame {number} has a wrong tkeep"
        if DESIGN.tag_bits:
            tag = self.tags.pop(0)
            user = tag << DESIGN.flag_bits
            assert set(frame.tuser) == {user}, f"frame {number} does not have its tuser, {user}"
        elif DESIGN.flag_bits:
            assert not any(frame.tuser), f"frame {number} says that it was aborted"
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

    Pauses make a frame's transfers a few times as long, and a bus takes some cycles for each beat;
    computing takes what the manifest says.
    """
    beats = DESIGN.input.beats + DESIGN.output.beats
    transfers = (20 if DESIGN.has_streams else 60) * beats
    return 2 * (DESIGN.latency_cycles + DESIGN.interval_cycles) + transfers + 1000
