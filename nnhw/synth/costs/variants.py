"""Programs as they never were: the means to ask for hardware with and without a piece.

An engine takes everything from its program, so a changed program gives changed components.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ...mapping import Layer, Program

DERIVED = (
    "operations",
    "output_buffer_depth",
    "output_counts",
    "read_granularity",
    "tiles_in_flight",
    "write_granularity",
)
"""Properties of a program that follow from its instructions and are to stay as they are."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """An optional piece of hardware.

    Parameters
    ----------
    name
        What a reader calls it.
    parts
        The components that have a share in it; see `nnhw.hdl.PARTS`.
    change
        From a program to one whose engine differs by just this piece; None if there is nothing to
        change.
    """

    name: str
    parts: tuple[str, ...]
    change: Callable[[Program], Program | None]


def vary(program: Program, **changes: Any) -> Program:
    """The program with some of its fields or properties replaced by values."""
    names = [field.name for field in fields(program)]
    values = {name: changes.pop(name, getattr(program, name)) for name in names}
    kind = type("Variant", (type(program),), changes) if changes else type(program)
    return kind(**values)


def pin(program: Program) -> Program:
    """The program with its `DERIVED` properties as they are, whatever happens to instructions."""
    return vary(program, **{name: getattr(program, name) for name in DERIVED})


def vary_layers(
    program: Program,
    *,
    fetch: Mapping[str, int] | None = None,
    drain: Mapping[str, int] | None = None,
    write_back: Mapping[str, int] | None = None,
    residual: Mapping[str, int] | None = None,
    only_last: bool = False,
) -> Program:
    """The program with fields of its instructions replaced, in all layers or in the last one."""
    unchanged = program.layers[:-1] if only_last else ()
    changed = tuple(
        replace(
            layer,
            fetch=replace(layer.fetch, **(fetch or {})),
            drain=replace(layer.drain, **(drain or {})),
            write_back=replace(layer.write_back, **(write_back or {})),
            residual=replace(layer.residual, **(residual or {})),
        )
        for layer in program.layers[len(unchanged) :]
    )
    return vary(program, layers=unchanged + changed)


def any_fetch(program: Program, *names: str) -> bool:
    """Whether one of these fields is not zero in any fetch instruction."""
    return any(getattr(layer.fetch, name) for layer in program.layers for name in names)


def largest_fetch(program: Program, name: str) -> int:
    """The largest value of a field of the fetch instructions."""
    return max(getattr(layer.fetch, name) for layer in program.layers)


def map_layers(program: Program, change: Callable[[Layer], Layer]) -> Program:
    """The program with every layer replaced."""
    return vary(program, layers=tuple(map(change, program.layers)))
