"""Streams of input frames of which some are damaged, and what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

DAMAGES = ("short", "long", "without tlast")


@dataclass
class DamagedStream:
    """Beats of a stream, built frame by frame.

    What is to come of them is put down while they are added, by what they were meant to be, so that
    nothing here counts beats as hardware does.

    Parameters
    ----------
    rng
        Draws where a frame is damaged.
    frame_beats
        Beats of a frame.

    Attributes
    ----------
    beats
        (payload, tlast) of each.
    good
        Numbers, as they were given, of the frames that pass.
    errors
        Number of each beat that is followed by a frame_error.
    """

    rng: np.random.Generator
    frame_beats: int
    beats: list[tuple[int, bool]] = field(default_factory=list)
    good: list[int] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)
    _lost: bool = False

    def add(self, number: int, payloads: list[int]) -> None:
        """A frame as it should be; it gets lost right behind one without a tlast."""
        assert len(payloads) == self.frame_beats
        self._send(payloads)
        if not self._lost:
            self.good.append(number)
        self._lost = False

    def add_damaged(self, damage: str, payloads: list[int]) -> None:
        """A damaged frame; `damage` is one of `DAMAGES`. One of a single beat is not short."""
        begin, size = len(self.beats), self.frame_beats
        if damage == "without tlast":
            self._send(payloads, marked=False)
            if not self._lost:
                self.errors.append(begin + size - 1)
            self._lost = True
            return
        if damage == "short" and size > 1:
            length = int(self.rng.integers(1, size))
            self._send(payloads[:length])
            error = begin + length - 1
        else:
            more = int(self.rng.integers(1, 2 * size + 2))
            self._send([*payloads, *(payloads * 3)[:more]])
            error = begin + size - 1
        if not self._lost:
            self.errors.append(error)
        self._lost = False

    def _send(self, payloads: list[int], *, marked: bool = True) -> None:
        self.beats += [(payload, False) for payload in payloads]
        if marked:
            self.beats[-1] = (payloads[-1], True)
