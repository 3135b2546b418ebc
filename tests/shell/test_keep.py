"""tkeep on both streams: what is taken, what is dropped, and what is said of an output frame."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator
from stream_bench import Beat, checked_frames, collect, drive, random_beats

from nnhw.registers import LOW_WORDS
from nnhw.registers.register_map import description_row
from nnhw.shell.keep import InputKeep, OutputKeep

FRAMES = (
    (1, (3,)),
    (2, (1,)),
    (4, (8,)),
    (4, (9,)),
    (4, (3, 4, 1)),
    (16, (5, 40)),
    (8, (1, 1, 1)),
)


def layout_keeps(beat_bytes: int, sizes: tuple[int, ...]) -> list[int]:
    """Lanes of each beat of a frame."""
    keeps = []
    for size in sizes:
        left = size
        while left > 0:
            keeps.append((1 << min(left, beat_bytes)) - 1)
            left -= beat_bytes
    return keeps


async def load(ctx, component, sizes: tuple[int, ...], rng, *, inward: bool) -> None:
    """What is loaded of a network: these are its inputs or its outputs, others are there, too."""
    others = tuple(int(size) for size in rng.integers(1, 50, rng.integers(1, 5)))
    inputs, outputs = (sizes, others) if inward else (others, sizes)
    words = {description_row("tensor_counts"): len(inputs) | len(outputs) << 8}
    for entry, size in enumerate(inputs + outputs):
        for row in range(16):
            words[LOW_WORDS + 16 * entry + row] = int(rng.integers(1 << 32))
        words[LOW_WORDS + 16 * entry + description_row("bytes") % 16] = size
    words[1] = 0xFFFFFFFF
    for row, word in words.items():
        ctx.set(component.description, {"valid": 1, "row": row, "data": word})
        await ctx.tick()
    ctx.set(component.description, {"valid": 0, "row": 33, "data": 99})


def run(
    component, beats: list[Beat], rng, eager: float, *, inward: bool, loaded: tuple[int, ...] = ()
) -> list[dict[str, int]]:
    received: list[dict[str, int]] = []
    source, sink = (
        (component.outside, component.inside) if inward else (component.inside, component.outside)
    )
    top = Module()
    top.domains.sync = ClockDomain()
    top.submodules.component = component
    simulator = Simulator(top)
    simulator.add_clock(1e-6)

    async def send(ctx):
        if loaded:
            await load(ctx, component, loaded, np.random.default_rng(11), inward=inward)
        await drive(ctx, source, beats, rng, eager)
        await ctx.tick().repeat(200)

    async def receive(ctx):
        await collect(ctx, sink, received, np.random.default_rng(7), eager)

    simulator.add_testbench(send)
    simulator.add_testbench(receive, background=True)
    simulator.run()
    return received


def frame(rng, keeps: list[int], beat_bytes: int) -> list[dict[str, int]]:
    beats = random_beats(rng, len(keeps), beat_bytes)
    for beat, keep in zip(beats, keeps, strict=True):
        beat["keep"], beat["last"] = keep, 0
    beats[-1]["last"] = 1
    return beats


def damaged(rng, keeps: list[int], beat_bytes: int) -> list[dict[str, int]]:
    """A frame with something wrong about it, or only with beats that carry nothing."""
    beats = frame(rng, keeps, beat_bytes)
    kind = rng.integers(6)
    place = int(rng.integers(len(beats)))
    if kind == 0:
        beats[place]["keep"] ^= 1 << int(rng.integers(beat_bytes))
    elif kind == 1:
        beats[-1]["keep"] = int(rng.integers(1 << beat_bytes))
    elif kind == 2:
        beats[place]["last"] ^= 1
    elif kind == 3:
        beats = random_beats(rng, int(rng.integers(1, 3 * len(beats) + 2)), beat_bytes)
    elif kind == 4:
        beats.append({"data": 1, "last": 1, "keep": 0})
    if rng.random() < 0.5:
        beats.insert(place, {"data": 0, "last": 0, "keep": 0})
    return beats


@pytest.mark.parametrize("is_loaded", [False, True])
@pytest.mark.parametrize("eager", [1.0, 0.6])
@pytest.mark.parametrize(("beat_bytes", "sizes"), FRAMES)
def test_input_checked(beat_bytes, sizes, eager, is_loaded):
    rng = np.random.default_rng([beat_bytes, *sizes])
    keeps = layout_keeps(beat_bytes, sizes)
    beats: list[dict[str, int]] = []
    for _ in range(150):
        make = frame if rng.random() < 0.4 else damaged
        beats += make(rng, keeps, beat_bytes)
    carrying = [beat for beat in beats if beat["keep"] or beat["last"]]
    given, loaded = (None, sizes) if is_loaded else (sizes, ())
    component = InputKeep(beat_bytes=beat_bytes, sizes=given, checked=True)
    received = run(component, beats, rng, eager, inward=True, loaded=loaded)
    good, wrong = checked_frames(carrying, keeps)
    assert 30 < len(good) < 150
    assert wrong > 30
    assert checked_frames(received, len(keeps)) == (good, wrong)


@pytest.mark.parametrize("eager", [1.0, 0.6])
@pytest.mark.parametrize("beat_bytes", [1, 4])
def test_input_unchecked(beat_bytes, eager):
    rng = np.random.default_rng(beat_bytes)
    beats = random_beats(rng, 300, beat_bytes)
    component = InputKeep(beat_bytes=beat_bytes, sizes=(5,), checked=False)
    received = run(component, beats, rng, eager, inward=True)
    assert [b["data"] for b in received] == [b["data"] for b in beats if b["keep"]]


@pytest.mark.parametrize("is_loaded", [False, True])
@pytest.mark.parametrize("eager", [1.0, 0.6])
@pytest.mark.parametrize(("beat_bytes", "sizes"), FRAMES)
def test_output(beat_bytes, sizes, eager, is_loaded):
    rng = np.random.default_rng([beat_bytes, *sizes])
    keeps = layout_keeps(beat_bytes, sizes)
    beats = [beat for _ in range(20) for beat in frame(rng, keeps, beat_bytes)]
    given, loaded = (None, sizes) if is_loaded else (sizes, ())
    component = OutputKeep(beat_bytes=beat_bytes, sizes=given)
    assert run(component, beats, rng, eager, inward=False, loaded=loaded) == beats


def test_output_frame_that_ends_early():
    rng = np.random.default_rng(0)
    keeps = layout_keeps(4, (9,))
    cut = frame(rng, keeps[:1], 4)
    beats = cut + frame(rng, keeps, 4)
    component = OutputKeep(beat_bytes=4, sizes=(9,))
    assert [b["keep"] for b in run(component, beats, rng, 1.0, inward=False)] == [15, *keeps]
