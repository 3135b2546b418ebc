"""Kinds of values that an option can take."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import OptionError


class Kind(Protocol):
    """What values an option can take."""

    @property
    def wanted(self) -> str:
        """The values in words, as in "must be an integer"."""

    def accepts(self, value: Any) -> bool:
        """Whether `value` is one of them."""


@dataclass(frozen=True)
class Integer:
    """Integers from `lo` to `hi`; without a limit if that is None."""

    lo: int
    hi: int | None = None

    @property
    def wanted(self) -> str:
        """The values in words."""
        if self.hi is None:
            return f"an integer of at least {self.lo}"
        return f"an integer from {self.lo} to {self.hi}"

    def accepts(self, value: Any) -> bool:
        """Whether `value` is one of these integers; True and False are none."""
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        return self.lo <= value and (self.hi is None or value <= self.hi)


@dataclass(frozen=True)
class Number:
    """Positive finite numbers."""

    wanted = "a positive number"

    def accepts(self, value: Any) -> bool:
        """Whether `value` is one of them."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and 0 < value < math.inf


@dataclass(frozen=True)
class Flag:
    """True and False."""

    wanted = "true or false"

    def accepts(self, value: Any) -> bool:
        """Whether `value` is one of the two."""
        return isinstance(value, bool)


@dataclass(frozen=True)
class Choice:
    """One of several names."""

    names: tuple[str, ...]

    @property
    def wanted(self) -> str:
        """The values in words."""
        return f"one of {', '.join(self.names)}"

    def accepts(self, value: Any) -> bool:
        """Whether `value` is one of the names."""
        return isinstance(value, str) and value in self.names


@dataclass(frozen=True)
class LayerBits:
    """Mappings of layers' names to integers of a kind."""

    bits: Integer

    @property
    def wanted(self) -> str:
        """The values in words."""
        return f"a table of layers with {self.bits.wanted} each"

    def accepts(self, value: Any) -> bool:
        """Whether `value` is such a mapping."""
        return isinstance(value, Mapping) and all(
            isinstance(layer, str) and self.bits.accepts(bits) for layer, bits in value.items()
        )


def check(name: str, kind: Kind, value: object) -> None:
    """Refuse a value that an option cannot take.

    Raises
    ------
    OptionError
        If `value` is not of the kind.
    """
    if not kind.accepts(value):
        raise OptionError(f"Option {name} must be {kind.wanted}, not {value!r}")
