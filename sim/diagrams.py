"""Excerpts of a simulation for timing diagrams: what was seen on the streams, cycle by cycle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from design import Design
from segments import Segment
from trace_file import INPUT, OUTPUT, SINK_LEVELS, SOURCE_LEVELS, Trace

CYCLES = 12
"""Most clock cycles of a diagram."""


def timing_diagrams(
    design: Design, segments: tuple[Segment, ...], runs: Mapping[int, Trace]
) -> list[dict]:
    """How a frame begins, how its output begins and ends, and back-pressure, as plain values.

    "what" is shown of which "stream"; "start" is the first cycle, counted from the handshake of the
    frame's first input beat. "valid", "ready" and "last" have a digit for each cycle, "data" a
    hexadecimal number, "" where tvalid is low.

    Parameters
    ----------
    runs
        Events of each segment that was run, by its number.
    """
    return list(_diagrams(design, segments, runs))


def _diagrams(
    design: Design, segments: tuple[Segment, ...], runs: Mapping[int, Trace]
) -> Iterator[dict]:
    for number, segment in enumerate(segments):
        events = runs.get(number)
        if events is None or segment.test != "latency":
            continue
        inputs, outputs = events.only(INPUT).cycle, events.only(OUTPUT).cycle
        source = _Levels(events.only(SOURCE_LEVELS), design.input.beat_bytes)
        sink = _Levels(events.only(SINK_LEVELS), design.output.beat_bytes)
        if not len(inputs) or len(outputs) < design.output.beats or not len(source):
            continue
        zero, end = int(inputs[0]), int(outputs[design.output.beats - 1])
        yield from source.window("a frame begins", "s_axis", zero - 1, zero)
        yield from sink.window("the result begins", "m_axis", int(outputs[0]) - 2, zero)
        if end - int(outputs[0]) > CYCLES - 4:
            yield from sink.window("the result ends", "m_axis", end + 2 - CYCLES, zero)
        break
    for number, segment in enumerate(segments):
        events = runs.get(number)
        if events is None or segment.test != "stalls" or not len(events.only(INPUT)):
            continue
        sink = _Levels(events.only(SINK_LEVELS), design.output.beat_bytes)
        zero = int(events.only(INPUT).cycle[0])
        stalled = sink.first(valid=1, ready=0)
        if stalled is not None:
            yield from sink.window("the sink waits", "m_axis", stalled - 2, zero)
            break


class _Levels:
    """What a stream's signals were, as far as it was recorded."""

    def __init__(self, events: Trace, beat_bytes: int):
        self._events = events
        self._beat_bytes = beat_bytes

    def __len__(self) -> int:
        return len(self._events)

    def first(self, *, valid: int, ready: int) -> int | None:
        """The first recorded cycle with these levels."""
        found = np.flatnonzero(self._events.count == 2 * valid + ready)
        return int(self._events.cycle[found[0]]) if len(found) else None

    def window(self, what: str, stream: str, start: int, zero: int) -> Iterator[dict]:
        """A diagram from cycle `start` on; none if that was not recorded."""
        width = self._beat_bytes
        if not len(self):
            return
        # what comes after the last recorded change is not known
        first, last = int(self._events.cycle[0]), int(self._events.cycle[-1])
        start = max(start, first)
        cycles = range(start, min(start + CYCLES, last + 1))
        if not cycles:
            return
        places = np.searchsorted(self._events.cycle, cycles, side="right") - 1
        counts, layers = self._events.count[places], self._events.layer[places]
        data = self._events.data[places]
        yield {
            "what": what,
            "stream": stream,
            "start": start - zero,
            "valid": "".join(str(count >> 1 & 1) for count in counts),
            "ready": "".join(str(count & 1) for count in counts),
            "last": "".join(str(layer & 1) for layer in layers),
            "data": [
                bytes(byte & 255 for byte in beat[:width][::-1]).hex() if count >> 1 & 1 else ""
                for beat, count in zip(data.tolist(), counts, strict=True)
            ],
        }
