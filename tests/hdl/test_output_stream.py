"""Buffer and gearbox of the output stream."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pytest
from bench import integers, simulate

from nnhw.hdl.output_stream import OutputStream

Group = tuple[np.ndarray, bool]
"""Results, and whether they end an output."""


def run(
    stream: OutputStream,
    groups: Iterable[tuple[int, Group]],
    rng,
    ready: float,
    cycles: int,
    outputs: int | None = None,
) -> tuple[list[tuple[int, bytes, bool]], list[int], list[int]]:
    """Write groups into a stream, each at its earliest cycle or as soon as there is room.

    `outputs`: those of a frame, of a stream in which that is loaded.

    Returns the beats (cycle of the handshake, bytes, last), the cycles in which groups were
    written, and those in which entries were freed.
    """
    beats, written, freed = [], [], []
    waiting = list(groups)
    refused: tuple[int, int] | None = None

    async def testbench(ctx):
        nonlocal refused
        if outputs is not None:
            ctx.set(stream.last_output, outputs - 1)
        for cycle in range(cycles):
            room = stream.depth - len(written) + len(freed)
            write = bool(waiting) and waiting[0][0] <= cycle and room > 0
            ctx.set(stream.write, write)
            # what is not written must not matter
            results, last = waiting.pop(0)[1] if write else (rng.integers(0, 2, 1), True)
            unused = integers(rng, stream.width, stream.lanes - len(results))
            ctx.set(stream.results, [*results.tolist(), *unused.tolist()])
            ctx.set(stream.count, len(results))
            ctx.set(stream.last, last)
            ctx.set(stream.beats.ready, rng.random() < ready)
            _, _, ready_now, valid, beat, free = await ctx.tick().sample(
                stream.beats.ready, stream.beats.valid, stream.beats.payload, stream.freed
            )
            offer = (int(beat.data), int(beat.last)) if valid else None
            assert refused in (None, offer), "a beat is not held until it is taken"
            refused = None if ready_now else offer
            if write:
                written.append(cycle)
            if free:
                freed.append(cycle)
            if offer and ready_now:
                data = int(beat.data).to_bytes(stream.beat_bytes, "little")
                beats.append((cycle, data, bool(beat.last)))

    simulate(stream, testbench)
    assert not waiting
    return beats, written, freed


def random_groups(
    rng: np.random.Generator, counts: list[int], frames: int, width: int
) -> list[Group]:
    """Outputs of 1 to 9 groups, whose last group is of any size."""
    groups = []
    for _ in range(frames):
        sizes = rng.choice(counts, rng.integers(1, 10))
        results = [integers(rng, width, size) for size in sizes]
        groups += [(values, number == len(sizes) - 1) for number, values in enumerate(results)]
    return groups


def expected_beats(
    groups: list[Group], beat_bytes: int, tensors: int = 1
) -> list[tuple[bytes, bool]]:
    """(bytes, last) of every beat; only the last of every `tensors` outputs ends a frame."""
    beats, output, ended = [], b"", 0
    for results, last in groups:
        output += results.astype(np.int8).tobytes()
        if last:
            ended += 1
            output += bytes(-len(output) % beat_bytes)
            cut = [output[i : i + beat_bytes] for i in range(0, len(output), beat_bytes)]
            beats += [(beat, False) for beat in cut[:-1]]
            beats.append((cut[-1], ended % tensors == 0))
            output = b""
    return beats


@pytest.mark.parametrize(
    ("lanes", "beat_bytes", "counts", "width"),
    [
        (1, 1, [1], 8),
        (1, 8, [1], 8),
        (4, 1, [4], 8),
        (4, 1, [1, 3, 4], 5),
        (4, 4, [4], 8),
        (8, 4, [2, 6, 8], 8),
        (3, 8, [1, 3], 8),
        (3, 2, [2, 3], 4),
        (6, 4, [6], 8),
        (8, 8, [5, 8], 2),
        (3, 16, [1, 3], 8),
        (16, 16, [7, 16], 8),
        (32, 16, [32], 8),
        (16, 4, [3, 16], 8),
    ],
)
@pytest.mark.parametrize("ready", [1.0, 0.6, 0.2])
@pytest.mark.parametrize("tensors", [1, 3])
@pytest.mark.parametrize("loaded", [False, True], ids=["constant", "loaded"])
def test_packs_groups_into_beats(lanes, beat_bytes, counts, width, ready, tensors, loaded):
    """`loaded`: there could be two more outputs."""
    rng = np.random.default_rng([lanes, beat_bytes, int(10 * ready)])
    stream = OutputStream(
        lanes=lanes,
        width=width,
        beat_bytes=beat_bytes,
        depth=5,
        counts=counts,
        tensors=tensors + 2 * loaded,
        loaded=loaded,
    )
    groups = random_groups(rng, counts, 8, width)
    earliest = np.cumsum(rng.integers(0, 3, len(groups))).tolist()
    wanted = expected_beats(groups, beat_bytes, tensors)
    cycles = int((4 * len(groups) + 3 * len(wanted)) / ready) + 50
    timed = zip(earliest, groups, strict=True)
    beats, _, freed = run(stream, timed, rng, ready, cycles, tensors if loaded else None)
    assert [(data, last) for _, data, last in beats] == wanted
    assert len(freed) == len(groups)


@pytest.mark.parametrize(("lanes", "beat_bytes"), [(1, 1), (4, 4), (3, 1), (6, 4), (2, 8)])
def test_latency(lanes, beat_bytes):
    rng = np.random.default_rng(lanes)
    stream = OutputStream(lanes=lanes, width=8, beat_bytes=beat_bytes, depth=9, counts=[lanes])
    needed = math.ceil(beat_bytes / lanes)
    groups = [(integers(rng, 8, lanes), False) for _ in range(needed)]
    beats, written, _ = run(stream, [(7, group) for group in groups], rng, 1.0, 40)
    assert beats[0][0] == written[-1] + stream.latency
    assert stream.latency == 5


@pytest.mark.parametrize(("lanes", "beat_bytes"), [(1, 1), (4, 4), (8, 4), (4, 8), (3, 1)])
def test_emits_a_beat_a_cycle(lanes, beat_bytes):
    rng = np.random.default_rng(lanes)
    stream = OutputStream(lanes=lanes, width=8, beat_bytes=beat_bytes, depth=16, counts=[lanes])
    groups = [(integers(rng, 8, lanes), number == 39) for number in range(40)]
    beats, _, _ = run(stream, [(0, group) for group in groups], rng, 1.0, 400)
    cycles_a_beat = max(1, beat_bytes // lanes)
    assert len(beats) == math.ceil(40 * lanes / beat_bytes)
    assert beats[-2][0] - beats[0][0] == (len(beats) - 2) * cycles_a_beat


def test_holds_as_many_groups_as_it_says():
    rng = np.random.default_rng(0)
    stream = OutputStream(lanes=2, width=8, beat_bytes=2, depth=5, counts=[2])
    groups = [(integers(rng, 8, 2), False) for _ in range(5)]
    beats, written, _ = run(stream, [(0, group) for group in groups], rng, 0.0, 30)
    assert written == [0, 1, 2, 3, 4]
    assert not beats
