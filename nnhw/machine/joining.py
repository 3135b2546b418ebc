"""Values that several programs can share: every field says how two of them become one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Self


def joined_by(how: Callable[[Any, Any], Any]) -> Any:
    """A dataclass field, and what takes the place of two of its values."""
    return field(metadata={"join": how})


def same(a: Any, b: Any) -> Any:
    """The value that both must have.

    Raises
    ------
    ValueError
        If they differ.
    """
    if a != b:
        raise ValueError(f"Programs of one machine must agree in this, not {a!r} and {b!r}")
    return a


def either(a: bool, b: bool) -> bool:
    """Whether one of them is true."""
    return a or b


def both(a: bool, b: bool) -> bool:
    """Whether both are true."""
    return a and b


def union(a: frozenset, b: frozenset) -> frozenset:
    """What is in one of them."""
    return a | b


def in_order(a: tuple, b: tuple) -> tuple:
    """All of the first one, and what only the second one has."""
    return tuple(dict.fromkeys((*a, *b)))


def ascending(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """What is in one of them, ascending."""
    return tuple(sorted({*a, *b}))


@dataclass(frozen=True, kw_only=True)
class Joinable:
    """A dataclass of `joined_by` fields, each of which is what programs need at most."""

    def join(self, other: Self) -> Self:
        """The least that is enough for both."""
        return type(self)(
            **{
                f.name: f.metadata["join"](getattr(self, f.name), getattr(other, f.name))
                for f in fields(self)
            }
        )

    def covers(self, other: Self) -> bool:
        """Whether this is enough for the other, too."""
        return self.join(other) == self
