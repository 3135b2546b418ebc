"""Terms of the gates in the cycle model, by hand; `tests/hdl` has their hardware."""

from __future__ import annotations

from dataclasses import fields
from types import SimpleNamespace

import numpy as np
import pytest

from nnhw.isa import DrainInstruction, FetchInstruction, InstructionLayout
from nnhw.machine import gates
from nnhw.machine.gates import Clock, Frames, OutputModel
from nnhw.machine.gates.chase import write_times

ROWS, LANES, DELAY = 3, 2, 5
GATES_BY_NAME = {
    "FRAME": gates.FRAME,
    "FENCE": gates.FENCE,
    "CHASE": gates.CHASE,
    "DRAIN": gates.DRAIN,
    "ROOM": gates.ROOM,
}


def fetch(**values: int) -> FetchInstruction:
    return FetchInstruction(**{f.name: values.get(f.name, 0) for f in fields(FetchInstruction)})


def drain(**values: int) -> DrainInstruction:
    return DrainInstruction(**{f.name: values.get(f.name, 0) for f in fields(DrainInstruction)})


def frames(*, depth: int = 4, beat: int = 1, counts: tuple[int, ...] = (1,), **more) -> Frames:
    """What goes on in an engine of which only what gates look at is there."""
    timing = SimpleNamespace(
        config=SimpleNamespace(rows=ROWS, lanes=LANES, output_bytes=beat),
        limits=SimpleNamespace(output_counts=counts, tile_entries=more.pop("entries", 1)),
        memory_delay=DELAY,
        output_buffer_depth=depth,
    )
    clock = Clock(issued=20, drain=3, latency=10)
    output = OutputModel(timing, outputs=more.pop("outputs", 1))
    return Frames(timing=timing, clock=clock, output=output, **more)


def layer(fetch_=None, drain_=None, before=None) -> gates.Layer:
    return gates.Layer(fetch=fetch_ or fetch(), drain=drain_ or drain(), before=before)


@pytest.mark.parametrize(
    ("field", "gate"),
    [
        ("fence", "FENCE"),
        ("chase", "CHASE"),
        ("drain_cycles", "DRAIN"),
        ("drain_cycles_last", "DRAIN"),
        ("chunks", None),
    ],
)
def test_a_gate_is_there_if_any_layer_asks_for_it(field, gate):
    layout = InstructionLayout.fit([fetch(), fetch(**{field: 1})])
    needed = {name for name, each in GATES_BY_NAME.items() if each.is_needed(layout)}
    assert needed == {"FRAME", "ROOM"} | ({gate} if gate else set())
    assert set(gates.GATES) == set(GATES_BY_NAME.values())


def test_a_frame_is_waited_for():
    for loaded, opens in ((30, 31), (24, 25), (23, 25)):
        assert gates.FRAME.opens(25, layer(), frames(loaded=loaded)) == opens


def test_a_fence_waits_for_the_last_result():
    """The last fetch is issued in cycle 20, its first result is there in 30, its third in 32."""
    behind = 20 + 10 + 3 - 1 + DELAY
    assert gates.FENCE.opens(21, layer(fetch(fence=1)), frames()) == behind
    assert gates.FENCE.opens(behind + 4, layer(fetch(fence=1)), frames()) == behind + 4
    assert gates.FENCE.opens(21, layer(), frames()) == 21


def test_the_drain_takes_one_tile_after_the_other():
    assert gates.DRAIN.opens(21, layer(), frames()) == 20 + 3
    assert gates.DRAIN.opens(24, layer(), frames()) == 24


def results(fetch_: FetchInstruction, drain_: DrainInstruction, clock: Clock) -> list[int]:
    """Cycle of each byte, tile by tile and step by step, backwards from the last issue."""
    tiles = [
        (tile == drain_.tiles) for _ in range(drain_.pixels + 1) for tile in range(drain_.tiles + 1)
    ]
    issues = [clock.issued]
    for is_last in reversed(tiles[:-1]):
        cycles = 1 + (fetch_.drain_cycles_last if is_last else fetch_.drain_cycles)
        fetches = fetch_.fetches_per_roll * (fetch_.warmup + 1)
        issues.insert(0, issues[0] - max(cycles, fetches))
    times = []
    for issue, is_last in zip(issues, tiles, strict=True):
        a_step = 1 + drain_.paired
        steps = (1 + (fetch_.drain_cycles_last if is_last else fetch_.drain_cycles)) // a_step
        for step in range(1, steps + 1):
            tail = drain_.count_last if is_last else drain_.count
            written = issue + clock.latency + step * a_step - 1 + DELAY
            times += [written] * (tail if step == steps else LANES)
    return times


WRITERS = [
    (fetch(tiles=1, drain_cycles=3, drain_cycles_last=1), {}),
    (fetch(tiles=1, drain_cycles=1, drain_cycles_last=3, chunks=2), {"pixels": 1}),
    (fetch(chunks=1, warmup=2), {"pixels": 2}),
    (fetch(tiles=1, drain_cycles=3, drain_cycles_last=1), {"paired": 1, "pixels": 1}),
]


@pytest.mark.parametrize(("writer", "more"), WRITERS)
def test_bytes_are_there_when_they_are_written(writer, more):
    pixels = more.get("pixels", 0)
    out = drain(tiles=writer.tiles, count=2, count_last=1, **more)
    assert out.pixels == pixels
    clock = Clock(issued=40, latency=10)
    times = write_times(writer, out, clock, lanes=LANES, delay=DELAY)
    assert times.tolist() == results(writer, out, clock)


@pytest.mark.parametrize(("writer", "more"), WRITERS)
def test_each_fetch_that_chases_waits_for_its_last_byte(writer, more):
    out = drain(tiles=writer.tiles, count=2, count_last=1, **more)
    around = frames()
    times = write_times(writer, out, around.clock, lanes=LANES, delay=DELAY)
    chunks = -(-len(times) // ROWS) - 1
    chaser = layer(fetch(chase=1, chunks=chunks), before=(writer, out))
    opens = gates.CHASE.opens(21, chaser, around)
    # the first start with which no fetch, one a cycle, is ahead of what it reads
    ends = [min(len(times), (number + 1) * ROWS) - 1 for number in range(chunks + 1)]
    in_time = [
        start
        for start in range(21, 100)
        if all(start + number >= times[end] for number, end in enumerate(ends))
    ]
    assert opens == in_time[0]
    free = layer(fetch(chunks=chunks), before=(writer, out))
    assert gates.CHASE.opens(21, free, around) == 21


def waits_one_by_one(first: int, now: gates.Layer, clock: Clock) -> int:
    """Each tile issued as early as the fetches before it and the drain allow."""
    i = now.fetch
    busy_until, at, waited = clock.issued + clock.drain, first, 0
    strips = (now.drain.pixels + 1) * (i.tiles + 1)
    last_of = [number % (i.tiles + 1) == i.tiles for number in range(strips)]
    for number, is_last in enumerate(last_of):
        for roll in range(i.rolls + 1 + (i.overlaps and number == strips - 1)):
            at += i.fetches_per_roll
            ends_before = i.overlaps and roll == 0 and number > 0
            if roll < i.warmup and not ends_before:
                continue
            cycles = 1 + (i.drain_cycles_last if is_last else i.drain_cycles)
            if ends_before:
                cycles = 1 + (i.drain_cycles_last if last_of[number - 1] else i.drain_cycles)
            wait = max(0, busy_until - (at - 1))
            waited += wait
            at += wait
            busy_until = at - 1 + cycles
    return waited


@pytest.mark.parametrize("seed", range(60))
def test_waits_of_a_layer_add_up(seed):
    rng = np.random.default_rng(seed)
    rolls = int(rng.integers(0, 4))
    warmup = int(rng.integers(0, rolls + 1))
    tiles, pixels = int(rng.integers(0, 3)), int(rng.integers(0, 3))
    overlaps = int(warmup > 0 and tiles + pixels > 0 and seed % 2)
    i = fetch(
        tiles=tiles,
        rolls=rolls,
        warmup=warmup,
        overlaps=overlaps,
        chunks=int(rng.integers(0, 3)),
        drain_cycles=int(rng.integers(0, 7)),
        drain_cycles_last=int(rng.integers(0, 7)),
    )
    finished = rolls - warmup + overlaps
    clock = Clock(issued=20, drain=int(rng.integers(1, 9)))
    now = layer(i, drain(tiles=tiles, pixels=pixels, rolls=finished))
    first = 21 + seed % 3
    assert gates.DRAIN.total_wait(first, now, clock) == waits_one_by_one(first, now, clock)


def test_a_tile_waits_for_the_largest_ones_entries():
    """Of four entries the first three are taken; one is free in the cycle after its beat left."""
    around = frames(entries=3)
    assert gates.ROOM.opens(7, layer(), around) == 7
    for cycle in (10, 11, 12):
        around.output.write(cycle, 1, last=False)
    # three entries more: two of those before have to be free; that of cycle 11 is from cycle 14 on
    assert gates.ROOM.opens(8, layer(), around) == 15
    around.timing.limits.tile_entries = 2
    assert gates.ROOM.opens(8, layer(), around) == 14
    around.output.write(20, 1, last=False)
    around.timing.limits.tile_entries = 1
    assert gates.ROOM.opens(40, layer(), around) == 40


def test_beats_of_outputs():
    """Groups of two in beats of four: two outputs a frame, of six bytes and of two."""
    model = frames(depth=9, beat=4, counts=(2,), outputs=2).output
    for cycle, last in ((10, False), (11, False), (20, True)):
        model.write(cycle, 2, last=last)
    assert (model.first_beat, model.last_beat) == (11 + 3 + 2, 20 + 3 + 2)
    model.write(30, 2, last=True)
    # the same frame goes on
    assert (model.first_beat, model.last_beat) == (16, 35)
    model.write(40, 2, last=True)
    assert (model.first_beat, model.last_beat) == (45, 45)
    model.write(50, 2, last=True)
    assert (model.first_beat, model.last_beat) == (45, 55)
    # half a beat of the next frame is none yet
    model.write(60, 2, last=False)
    assert model.first_beat == 45
    model.write(70, 2, last=True)
    assert (model.first_beat, model.last_beat) == (75, 75)


def test_groups_larger_than_beats_wait_for_each_other():
    """Six bytes leave in six beats of one; the next group is taken when they have left."""
    model = frames(depth=9, beat=1, counts=(6,)).output
    model.write(10, 6, last=False)
    model.write(11, 6, last=True)
    assert model.first_beat == 10 + 3 + 2
    assert model.last_beat == 15 + 11


def test_skipping_is_the_same_as_being_later():
    """Groups of six in beats of four, so that some wait; what is long past makes no difference."""
    early, late = (frames(depth=3, beat=4, counts=(6,)).output for _ in range(2))
    late.write(10, 6, last=True)
    for model, begin in ((early, 20), (late, 120)):
        for cycle in range(begin, begin + 5):
            model.write(cycle, 6, last=False)
    early.skip(100)
    assert early.state(121) == late.state(121)
    assert [early.reserve(121, entries) for entries in (1, 2, 3)] == [
        late.reserve(121, entries) for entries in (1, 2, 3)
    ]
    for model in (early, late):
        model.write(126, 6, last=True)
    assert early.last_beat == late.last_beat


def test_states_tell_what_goes_on():
    """A frame begun, half a beat, a beat that is taken later, entries that become free later."""
    models = [frames(depth=9, beat=4, counts=(2,)).output for _ in range(5)]
    for model, groups in zip(models, ([], [10], [10, 11], [10, 11, 12], [10, 12]), strict=True):
        for cycle in groups:
            model.write(cycle, 2, last=False)
    assert len({model.state(12) for model in models}) == len(models)
