"""When fetches are issued at the earliest, and when what they make can be read."""

from __future__ import annotations

import numpy as np

from nnhw.mapping import Layer, Program


class ProgramClock:
    """Follows a program fetch by fetch, frame after frame, never waiting more than it must.

    Parameters
    ----------
    space
        Number of addresses.
    """

    def __init__(self, program: Program, space: int) -> None:
        self.program = program
        #: cycle of the next fetch
        self.now = 0
        #: first cycle in which a byte can be fetched
        self.readable = np.zeros(space, int)
        #: layer that wrote a byte in this frame, and how many bytes it wrote before that
        self.author = np.full(space, -1)
        self.order = np.zeros(space, int)
        self._issued = self._arrived = -1
        self._drain_cycles = self._complete = 0

    def begin_layer(self, number: int) -> None:
        """The next fetch is the first one of a layer."""
        if number == 0:
            self.author[:] = -1
        if self.program.fetch[number].fence:
            self.now = max(self.now, self._complete)

    def fetch(self, number: int, addresses: np.ndarray, end: int) -> None:
        """Issue a fetch; `end`: how many bytes of the layer before one that chases waits for.

        Raises
        ------
        AssertionError
            If anything at `addresses` is not in memory yet.
        """
        if self.program.fetch[number].chase:
            before = (self.author >= 0) & (self.author < number - 1)
            chased = (self.author == number - 1) & (self.order < end)
            self.now = max(self.now, self.readable[before | chased].max(initial=0))
        late = self.readable[addresses] > self.now
        assert not late.any(), f"layer {number} does not wait for what it reads"
        self.now += 1

    def end_tile(self, layer: Layer, *, last: bool) -> int:
        """The fetch before ended a tile, `last` one of a pixel.

        Returns the first cycle in which its results can be read.

        Raises
        ------
        AssertionError
            If the tile reaches the drain before the one ahead of it has left.
        """
        issued = max(self.now - 1, self._issued + self._drain_cycles)
        arrived = issued + self.program.timing.array_latency(dense=layer.is_dense)
        assert arrived >= self._arrived + self._drain_cycles, "a tile overtakes another one"
        self._issued, self._arrived = issued, arrived
        i = layer.fetch
        self._drain_cycles = (i.drain_cycles_last if last else i.drain_cycles) + 1
        self.now = issued + 1
        timing = self.program.timing
        latency = timing.result_latency(dense=layer.is_dense) + timing.memory_delay
        self._complete = issued + latency + self._drain_cycles - 1
        return self._complete

    def write(self, number: int, address: int, count: int, order: int, readable: int) -> None:
        """A layer's results from number `order` on go to `address`."""
        self.author[address : address + count] = number
        self.order[address : address + count] = order + np.arange(count)
        self.readable[address : address + count] = readable
