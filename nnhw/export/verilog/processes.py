"""Processes: assignments under conditions, as they are in the netlist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from .signals import Sig, Slice


@dataclass(frozen=True, slots=True)
class Assign:
    """Sets bits of a process's target."""

    target: Slice
    value: Sig


@dataclass(frozen=True, slots=True)
class Switch:
    """Runs the body of the first case one of whose patterns fits; no pattern fits always.

    A pattern is a string of 0, 1 and - (any), the highest bit first.
    """

    select: Sig
    cases: tuple[tuple[tuple[str, ...], Body], ...]


Body = tuple[Assign | Switch, ...]
"""Statements in order; a later assignment wins."""


def map_body(body: Body, change: Callable[[Sig], Sig]) -> Body:
    """Statements with everything that they read replaced by what `change` makes of it."""
    return tuple(
        Assign(statement.target, change(statement.value))
        if isinstance(statement, Assign)
        else Switch(
            change(statement.select),
            tuple((patterns, map_body(inner, change)) for patterns, inner in statement.cases),
        )
        for statement in body
    )


def retarget(body: Body, wire: str) -> Body:
    """The same statements for another target."""
    return tuple(
        Assign(replace(statement.target, wire=wire), statement.value)
        if isinstance(statement, Assign)
        else Switch(
            statement.select,
            tuple((patterns, retarget(inner, wire)) for patterns, inner in statement.cases),
        )
        for statement in body
    )


def sigs_of_body(body: Body) -> Iterator[Sig]:
    """Everything that statements read."""
    for statement in body:
        if isinstance(statement, Assign):
            yield statement.value
        else:
            yield statement.select
            for _, inner in statement.cases:
                yield from sigs_of_body(inner)


def targets(body: Body) -> set[str]:
    """The wires that statements assign to."""
    found = set()
    for statement in body:
        if isinstance(statement, Assign):
            found.add(statement.target.wire)
        else:
            for _, inner in statement.cases:
                found |= targets(inner)
    return found
