"""The cycles of a layer whose results are streamed, tile by tile until they repeat."""

from __future__ import annotations

from collections.abc import Callable

from ..isa import Operation
from ..machine import gates
from ..machine.gates import Frames


class StreamedTiles:
    """Runs the tiles of a layer whose results leave through the output stream.

    Large outputs have millions of tiles, but what one of them meets soon is what an earlier one
    met, in later cycles: all until then goes on to repeat, and is skipped without loss.

    Parameters
    ----------
    layer
        Whose tiles they are.
    first
        Cycle in which its first fetch could be issued.
    frames
        What goes on beside it; stands after the layer in the end.

    Attributes
    ----------
    drain_wait, stream_wait : int
        Cycles spent waiting for the drain, and for the output buffer.
    """

    def __init__(self, layer: gates.Layer, first: int, frames: Frames):
        fetch, drain = layer.fetch, layer.drain
        self._layer, self._frames = layer, frames
        self._a_step = 2 if fetch.operation == Operation.LANE_PAIR else 1
        self._spacing = (fetch.warmup + 1) * fetch.fetches_per_roll
        self._natural = first + self._spacing - 1
        self.drain_wait = self.stream_wait = 0
        self._repeat(drain.pixels, self._run_pixel)
        self._run_pixel(ends_output=True)

    def _run_pixel(self, *, ends_output: bool = False) -> None:
        fetch, drain = self._layer.fetch, self._layer.drain
        self._repeat(drain.tiles, lambda: self._run_tile(fetch.drain_cycles + 1, drain.count))
        self._run_tile(fetch.drain_cycles_last + 1, drain.count_last, ends_output=ends_output)

    def _run_tile(self, cycles: int, tail: int, *, ends_output: bool = False) -> None:
        """Run a tile of so many drain cycles, whose last step has `tail` results."""
        frames, clock, a_step = self._frames, self._frames.clock, self._a_step
        lanes = frames.timing.config.lanes
        steps = cycles // a_step
        drained = gates.DRAIN.opens(self._natural, self._layer, frames)
        issued = gates.ROOM.opens(drained, self._layer, frames)
        self.drain_wait += drained - self._natural
        self.stream_wait += issued - drained
        clock.issued, clock.drain = issued, steps * a_step
        written = issued + clock.latency + a_step - 1
        for step in range(steps):
            ends_tile = step == steps - 1
            frames.output.write(
                written + step * a_step,
                tail if ends_tile else lanes,
                last=ends_output and ends_tile,
            )
        self._natural = issued + self._spacing

    def _repeat(self, times: int, run: Callable[[], None]) -> None:
        """Run something again and again, but for whole periods of what repeats.

        States are compared with one of before, and that one moves on whenever twice as many have
        been seen (Brent, "An improved Monte Carlo factorization algorithm", 1980).
        """
        before: tuple[int, ...] | None = self._state()
        since, seen, most = self._counters(), 0, 1
        while times:
            run()
            times, seen = times - 1, seen + 1
            if before is None:
                continue
            state = self._state()
            if state == before:
                periods, times = divmod(times, seen)
                self._skip(periods, since)
                before = None
            elif seen == most:
                before, since, seen, most = state, self._counters(), 0, 2 * most

    def _state(self) -> tuple[int, ...]:
        """All that decides how it goes on, whenever that is."""
        clock = self._frames.clock
        now = clock.issued + 1
        return self._natural - now, clock.drain, *self._frames.output.state(now)

    def _counters(self) -> tuple[int, int, int]:
        return self._frames.clock.issued, self.drain_wait, self.stream_wait

    def _skip(self, periods: int, since: tuple[int, int, int]) -> None:
        """Let a period that began at `since` and has just ended pass so many times more."""
        issued, drain_wait, stream_wait = (
            periods * (now - then) for now, then in zip(self._counters(), since, strict=True)
        )
        self._frames.clock.issued += issued
        self._natural += issued
        self._frames.output.skip(issued)
        self.drain_wait += drain_wait
        self.stream_wait += stream_wait
