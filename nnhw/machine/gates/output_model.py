"""When results leave the output stream: the exact timing of its buffer and gearbox."""

from __future__ import annotations

import math
from collections import deque

from ..latency import GEARBOX_LATENCY, RESULT_BUFFER_LATENCY
from ..timing import Timing


class OutputModel:
    """Follows groups of results through the output stream, with a sink that is always ready.

    Times are cycle numbers. Groups must be written in order, those of a tile before room is asked
    for the next one.

    Parameters
    ----------
    timing
        Gives the depth of the buffer and the sizes of groups and beats.
    outputs
        Of a frame.

    Attributes
    ----------
    first_beat, last_beat : int
        Cycle of the latest handshake of a frame's first and of an output's last beat.
    """

    def __init__(self, timing: Timing, outputs: int):
        self._depth = timing.output_buffer_depth
        unit = math.gcd(timing.config.output_bytes, *timing.limits.output_counts)
        self._unit = unit
        self._beat_units = timing.config.output_bytes // unit
        # of the last groups that the buffer could hold together
        self._freed: deque[int] = deque(maxlen=self._depth)
        self._fill = 0
        self._taken = -1
        self._not_before = 0
        self._outputs = outputs
        self._complete = 0
        self._sending = False
        self.first_beat = 0
        self.last_beat = 0

    def reserve(self, time: int, entries: int) -> int:
        """Earliest cycle from `time` on in which a tile of `entries` groups may be issued."""
        # as many groups back, the one whose entry is the last that the tile needs
        back = self._depth + 1 - entries
        return max(time, self._freed[-back] + 1) if back <= len(self._freed) else time

    def write(self, time: int, count: int, *, last: bool) -> None:
        """A group of `count` results is written in cycle `time`; `last` ends an output."""
        offered = time + RESULT_BUFFER_LATENCY
        taken = max(offered, self._not_before)
        self._freed.append(max(offered, self._taken + 1))
        self._taken = taken
        fill = self._fill % self._beat_units + count // self._unit
        if not self._sending and (last or fill >= self._beat_units):
            self.first_beat = taken + GEARBOX_LATENCY
        self._complete = (self._complete + last) % self._outputs
        ends_frame = last and not self._complete
        self._sending = not ends_frame and (self._sending or last or fill >= self._beat_units)
        if last:
            beats = -(-fill // self._beat_units)
            # nothing is taken until all of the output's beats have left
            self.last_beat = self._not_before = taken + GEARBOX_LATENCY + beats - 1
            self._fill = 0
        else:
            # every full beat held takes a cycle before there is room for another group
            self._not_before = taken + max(1, fill // self._beat_units)
            self._fill = fill

    def state(self, now: int) -> tuple[int, ...]:
        """All that decides how it goes on, counted from `now`: no later tile is issued before."""
        return (
            self._sending,
            self._fill % self._beat_units,
            self._taken - now,
            self._not_before - now,
            # what is free by then makes nobody wait
            *(freed - now for freed in self._freed if freed >= now),
        )

    def skip(self, cycles: int) -> None:
        """Let `cycles` pass in which everything repeats: a multiple of the time between two equal
        states."""
        self._taken += cycles
        self._not_before += cycles
        self._freed = deque((freed + cycles for freed in self._freed), maxlen=self._depth)
