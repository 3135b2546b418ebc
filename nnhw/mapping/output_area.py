"""Which pixels of its output a layer computes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class OutputColumns:
    """The columns of its output that a layer computes: `count` of them from `first` on, every
    `step`-th."""

    first: int = 0
    step: int = 1
    count: int


@dataclass(frozen=True, kw_only=True)
class OutputArea:
    """The pixels of its output that a layer computes: `rows` image rows from `first_row` on, and
    of these some columns."""

    first_row: int = 0
    rows: int
    columns: OutputColumns
