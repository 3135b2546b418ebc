"""Hypothesis strategies for programs."""

from __future__ import annotations

from hypothesis import strategies as st

from nnhw.isa import (
    DrainInstruction,
    FetchInstruction,
    Instruction,
    WriteBackInstruction,
    field_docs,
)

KINDS = (FetchInstruction, DrainInstruction, WriteBackInstruction)


@st.composite
def programs(draw: st.DrawFn) -> list[Instruction]:
    """1 to 5 instructions of one kind; about half of the fields never change.

    Fields hold any numbers, but for those that are enumerations.
    """
    kind = draw(st.sampled_from(KINDS))
    count = draw(st.integers(1, 5))
    columns = {}
    for name, (_, signed) in field_docs(kind).items():
        is_enumeration = name in ("operation", "parameter_mode")
        values = st.integers(-5000 if signed else 0, 3 if is_enumeration else 5000)
        small = st.integers(-1 if signed else 0, 1)
        columns[name] = draw(
            st.one_of(
                values.map(lambda value: [value] * count),
                st.lists(values, min_size=count, max_size=count),
                st.lists(small, min_size=count, max_size=count),
            )
        )
    return [kind(**{name: columns[name][i] for name in columns}) for i in range(count)]
