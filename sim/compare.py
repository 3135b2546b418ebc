"""Compares a trace with the golden model and measures clock cycles in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from design import Design, Vectors
from divergence import Difference, Divergence, describe
from segments import Segment
from trace_file import FRAME_ERROR, INPUT, OUTPUT, VIOLATION, WRITE_BACK, Trace

QUEUED_BEATS = {"mapped": 15, "dma": 32}
"""Of an output frame that do not wait for a control bus, or for memory."""


def measure(
    design: Design, segments: tuple[Segment, ...], runs: Mapping[int, Trace]
) -> dict[str, int | None]:
    """Measured "latency_cycles" and "interval_cycles"; None where the frames did not come out.

    Of a design whose frames come over a bus, which may be slower than the engine, the latency is
    that of a frame whose beats follow each other, if its output is short enough not to wait for the
    bus; there is no interval.

    Parameters
    ----------
    runs
        Events of each segment that was run, by its number.
    """
    latency = interval = None
    for number, events in runs.items():
        segment = segments[number]
        starts = events.only(INPUT).cycle
        ends = events.only(OUTPUT).cycle[design.output.beats - 1 :: design.output.beats]
        if not design.has_streams:
            is_queued = design.output.beats <= QUEUED_BEATS[design.io]
            if segment.test == "latency" and len(ends) == 1 and is_queued:
                # computing begins when all of a frame is there
                latency = int(ends[0] - starts[-1]) + design.input.beats - 1
            continue
        if segment.test == "latency" and len(ends) == 1:
            latency = int(ends[0] - starts[0])
        if segment.test == "interval" and len(ends) == len(segment.frames):
            interval = int(ends[-1] - ends[-2])
    return {"latency_cycles": latency, "interval_cycles": interval}


def interval_window(
    design: Design, segments: tuple[Segment, ...], runs: Mapping[int, Trace]
) -> tuple[int, int, int]:
    """What `measure` calls the interval: the segment's number, first and last clock cycle."""
    number = next(number for number, segment in enumerate(segments) if segment.test == "interval")
    ends = runs[number].only(OUTPUT).cycle[design.output.beats - 1 :: design.output.beats]
    return number, int(ends[-2]), int(ends[-1])


def first_divergence(
    design: Design, vectors: Vectors, segments: tuple[Segment, ...], runs: Mapping[int, Trace]
) -> tuple[int, Divergence] | None:
    """The number of the first segment with a divergence, and its first one; None if there is none.

    It is in the first frame there that has one, and there in the first layer in program order: what
    the others follow from, as far as one can tell.

    Parameters
    ----------
    runs
        Events of each segment that was run, by its number.
    """
    for number in sorted(runs):
        segment, events = segments[number], runs[number]
        found = list(_differences(design, vectors, segment, events))
        if not found and segment.reset_after is None:
            found = list(_missing(design, segment, events))
        if found:
            first = min(found, key=lambda found: (found.position, found.order, found.cycle))
            return number, describe(design, vectors, segment, first)
    return None


def _differences(
    design: Design, vectors: Vectors, segment: Segment, events: Trace
) -> Iterator[Difference]:
    """The first difference of each layer and of the output, of what was written at all."""
    numbers = list(segment.frames)
    writes = events.only(WRITE_BACK)
    for index, golden in enumerate(vectors.layers):
        order = design.layers[index].order
        yield from _layer_difference(index, golden[numbers], order, writes[writes.layer == index])
    last = len(design.layers)
    unknown = writes[writes.layer >= last]
    if len(unknown):
        yield Difference(
            0,
            last,
            int(unknown.cycle[0]),
            f"is preceded by results of layer {unknown.layer[0]}, which does not exist",
        )
    yield from _output_difference(design, vectors.output[numbers], events.only(OUTPUT))
    errors = events.only(FRAME_ERROR)
    if len(errors):
        cycle = int(errors.cycle[0])
        beats = int(np.count_nonzero(events.only(INPUT).cycle < cycle)) - 1
        position = min(max(beats, 0) // design.input.beats, len(numbers) - 1)
        yield Difference(
            position, last, cycle, "comes after a frame_error, though no input frame is damaged"
        )
    broken = events.only(VIOLATION)
    if len(broken):
        cycle = int(broken.cycle[0])
        beats = int(np.count_nonzero(events.only(OUTPUT).cycle < cycle))
        position = min(beats // design.output.beats, len(numbers) - 1)
        yield Difference(
            position,
            last,
            cycle,
            "changes or withdraws a beat before it is accepted, which AXI4-Stream forbids",
        )


def _layer_difference(
    index: int, golden: np.ndarray, order: np.ndarray, writes: Trace
) -> Iterator[Difference]:
    """First difference of a layer; golden is uint8 (frames, size), `order` see `Layer`."""
    frames, size = len(golden), len(order)
    lanes = np.arange(writes.data.shape[1])
    valid = lanes < writes.count[:, None]
    actual = writes.data[valid]
    cycles = np.repeat(writes.cycle, valid.sum(axis=1))
    expected = golden[:, order].reshape(-1)
    common = min(len(actual), len(expected))
    wrong = np.flatnonzero(actual[:common] != expected[:common])
    if len(wrong):
        place = int(wrong[0])
        yield Difference(
            place // size,
            index,
            int(cycles[place]),
            "differs first",
            int(order[place % size]),
            int(expected[place]),
            int(actual[place]),
        )
    elif len(actual) > len(expected):
        yield Difference(
            frames - 1, index, int(cycles[len(expected)]), f"has more than its {size} results"
        )


def _output_difference(design: Design, golden: np.ndarray, beats: Trace) -> Iterator[Difference]:
    """First difference of the output stream; golden is uint8 (frames, frame_bytes)."""
    stream = design.output
    order = len(design.layers)
    expected = np.zeros((len(golden), stream.beats * stream.beat_bytes), np.int16)
    expected[:, : golden.shape[1]] = golden
    expected = expected.reshape(-1, stream.beat_bytes)
    last = np.arange(len(expected)) % stream.beats == stream.beats - 1
    common = min(len(beats), len(expected))
    actual = beats.data[:common, : stream.beat_bytes]
    wrong = np.flatnonzero((actual != expected[:common]).any(axis=1))
    wrong_tlast = np.flatnonzero(beats.count[:common] != last[:common])
    if len(wrong) and not (len(wrong_tlast) and wrong_tlast[0] < wrong[0]):
        beat = int(wrong[0])
        lane = int(np.flatnonzero(actual[beat] != expected[beat])[0])
        offset = beat % stream.beats * stream.beat_bytes + lane
        unused = stream.tensor_at(offset) is None
        yield Difference(
            beat // stream.beats,
            order,
            int(beats.cycle[beat]),
            f"is not zero in lane {lane} of beat {beat % stream.beats}, which is not used"
            if unused
            else "differs first",
            None if unused else offset,
            None if unused else int(expected[beat, lane]),
            None if unused else int(actual[beat, lane]),
        )
    elif len(wrong_tlast):
        beat = int(wrong_tlast[0])
        yield Difference(
            beat // stream.beats,
            order,
            int(beats.cycle[beat]),
            f"has tlast = {beats.count[beat]} in beat {beat % stream.beats} of {stream.beats}",
        )
    elif len(beats) > len(expected):
        yield Difference(
            len(golden) - 1,
            order,
            int(beats.cycle[len(expected)]),
            f"has more than its {stream.beats} beats",
        )


def _missing(design: Design, segment: Segment, events: Trace) -> Iterator[Difference]:
    """What is missing at the end of a segment whose events are right as far as they go."""
    frames = len(segment.frames)
    writes = events.only(WRITE_BACK)
    last_cycle = int(events.cycle[-1]) if len(events) else 0
    for index, layer in enumerate(design.layers):
        written = int(writes.count[writes.layer == index].sum())
        results = len(layer.order)
        if written < frames * results:
            done = written % results
            yield Difference(
                written // results,
                index,
                last_cycle,
                f"stops after {done} of {results} results; {_last_write(design, writes)}",
            )
    beats = len(events.only(OUTPUT))
    if beats < frames * design.output.beats:
        done = beats % design.output.beats
        yield Difference(
            beats // design.output.beats,
            len(design.layers),
            last_cycle,
            f"stops after {done} of {design.output.beats} beats; {_last_write(design, writes)}",
        )


def _last_write(design: Design, writes: Trace) -> str:
    if not len(writes):
        return "nothing was written back since the reset"
    index = int(writes.layer[-1])
    return (
        f"the last write-back was to layer {index} '{design.layers[index].name}' "
        f"in cycle {writes.cycle[-1]}"
    )
