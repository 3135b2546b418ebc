"""How fetches follow each other: what they wait for, and the loops that they are in."""

from __future__ import annotations

from ...isa import LOOPS, ROW, X, Y
from ..variant import Variant
from .feature import Feature

TRIPS = 16
"""Of a loop that a network without it is spared."""


def _wait(name: str, kept_if: str, left_out: str, components: tuple[str, ...]) -> Feature:
    return Feature(
        name=name,
        kept_if=kept_if,
        left_out=left_out,
        components=components,
        fields={"fetch": (name,)},
        add=lambda variant: variant.with_fields({"fetch": {name: 1}}, only_last=True),
    )


CHASE = _wait(
    "chase",
    "a dense layer reads a vector while it is written",
    "no layer follows another one",
    ("fetch", "write_back"),
)

FENCE = _wait(
    "fence",
    "a layer would read too early what those before it write",
    "no layer would read too early",
    ("fetch",),
)


def _loop(loop: str) -> Feature:
    """A loop, and what it moves. Left out are the step of single fetches, which is the same
    everywhere, and the one that belongs to columns by parity."""
    steps = {
        coordinate.steps[loop]: coordinate
        for coordinate in (X, ROW, Y)
        if coordinate.steps.get(loop) not in (None, "chunk_x", "tap_x_pitch")
    }

    def add(variant: Variant) -> Variant:
        """Enough trips to walk along an image row, or down a column of `TRIPS` pixels."""
        row = variant.largest("fetch", "row_length")
        step = {X: max(1, row // TRIPS), ROW: row, Y: 1}
        fields = {field: step[coordinate] for field, coordinate in steps.items()}
        return variant.with_fields({"fetch": {loop: TRIPS - 1, **fields}}, only_last=True)

    return Feature(
        name=f"loop {loop}",
        kept_if="any layer makes more than one trip",
        left_out="no layer makes a second trip",
        components=("fetch",),
        is_in=lambda machine: machine.limits.asks("fetch", loop),
        remove=lambda variant: variant.with_fields({"fetch": dict.fromkeys((loop, *steps), 0)}),
        add=add,
        kept=lambda machine: f"{machine.limits.layouts['fetch'].fields[loop].width} bits",
        listed_as="loops",
    )


LOOP_FEATURES = tuple(_loop(loop) for loop in reversed(LOOPS) if loop != "rolls")
"""All loops but the one over rolls, which is a feature of its own; innermost first."""
