"""Values that several programs can share: every field says how two of them become one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Self


@dataclass(frozen=True)
class Shortfall:
    """Something that a program needs and a machine has not.

    Parameters
    ----------
    what
        In the user's words.
    needed, available
        How much of it, as text.
    """

    what: str
    needed: str
    available: str

    def __str__(self) -> str:
        return f"{self.what}: {self.needed} needed, {self.available} available"


def joined_by(how: Callable[[Any, Any], Any], what: str = "") -> Any:
    """A dataclass field, what takes the place of two of its values, and what it is to a user.

    Values that say their own shortfalls (`Joinable`, instruction layouts) need no words here.
    """
    return field(metadata={"join": how, "what": what})


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

    def shortfalls(self, other: Self) -> Iterator[Shortfall]:
        """What the other needs more than this; nothing if this covers it."""
        for f in fields(self):
            own, needed = getattr(self, f.name), getattr(other, f.name)
            if f.metadata["join"](own, needed) == own:
                continue
            if isinstance(own, Joinable):
                yield from own.shortfalls(needed)
            elif f.metadata["what"]:
                yield Shortfall(f.metadata["what"], _text(needed, own), _text(own, needed))


def _text(value: Any, beside: Any) -> str:
    """A limit as text; of sets, what the other one has not, if anything."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset | tuple):
        own = [item for item in value if item not in beside] or list(value)
        names = [getattr(item, "name", str(item)) for item in own]
        return ", ".join(sorted(names) if isinstance(value, frozenset) else names) or "none"
    return str(value)
