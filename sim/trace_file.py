"""Reads the trace that tb.v writes.

The trace is text; every line is one event and has the same length (tb.v documents the fields), so
that NumPy takes it apart without a loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

RESET, INPUT, OUTPUT, WRITE_BACK, FRAME_ERROR, VIOLATION = b"riowfe"
SOURCE_LEVELS, SINK_LEVELS = b"sm"
"""Kinds of events."""

UNKNOWN = -1
"""Stands for a byte with X or Z in it."""

_HEX = np.full(256, 256, np.int32)
_HEX[list(b"0123456789abcdef")] = np.arange(16)
_HEX[list(b"ABCDEF")] = np.arange(10, 16)


@dataclass(frozen=True, eq=False)
class Trace:
    """Events in order of time; arrays of the same length N.

    Parameters
    ----------
    kind
        uint8 (N,): `RESET`, `INPUT`, `OUTPUT`, `WRITE_BACK`,
        `FRAME_ERROR`, `VIOLATION`, `SOURCE_LEVELS` or `SINK_LEVELS`.
    cycle
        int64 (N,): clock cycle since the start of the simulation.
    layer, count
        int64 (N,): see tb.v.
    data
        int16 (N, bytes): the lowest byte first, `UNKNOWN` where not all bits are 0 or 1.
    """

    kind: np.ndarray
    cycle: np.ndarray
    layer: np.ndarray
    count: np.ndarray
    data: np.ndarray

    def __len__(self) -> int:
        return len(self.kind)

    def __getitem__(self, index: slice | np.ndarray) -> Trace:
        """The events that a slice or a boolean array picks."""
        return Trace(
            self.kind[index],
            self.cycle[index],
            self.layer[index],
            self.count[index],
            self.data[index],
        )

    def only(self, kind: int) -> Trace:
        """The events of one kind."""
        return self[self.kind == kind]

    def segments(self) -> list[Trace]:
        """The trace cut at the resets; what comes before the first reset is left out."""
        starts = [*np.flatnonzero(self.kind == RESET), len(self)]
        return [self[a + 1 : b] for a, b in pairwise(starts)]


def read_trace(path: Path) -> Trace:
    """Read a trace; a last line that a killed simulator left incomplete is ignored."""
    text = np.fromfile(path, np.uint8)
    ends = np.flatnonzero(text[:4096] == ord("\n"))
    length = int(ends[0]) + 1 if len(ends) else 1
    lines = text[: len(text) // length * length].reshape(-1, length)
    fields = bytes(lines[0]).split() if len(lines) else [b"", b"", b"", b"", b""]
    stops = np.cumsum([len(field) + 1 for field in fields]) - 1
    starts = stops - [len(field) for field in fields]
    cycle, layer, count = (
        _number(lines[:, a:b]) for a, b in zip(starts[1:4], stops[1:4], strict=True)
    )
    digits = _HEX[lines[:, starts[4] : stops[4]]]
    data = digits[:, 0::2] * 16 + digits[:, 1::2]
    data = np.where(data < 256, data, UNKNOWN).astype(np.int16)[:, ::-1]
    return Trace(lines[:, 0], cycle, layer, count, data)


def _number(digits: np.ndarray) -> np.ndarray:
    """Value of each row of hexadecimal digits; rows with an X give a number out of range."""
    value = np.zeros(len(digits), np.int64)
    for column in digits.T:
        value = value * 16 + _HEX[column]
    return value
