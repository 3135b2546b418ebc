"""Kinds of values that an option can take."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..budget import is_memory
from ..errors import OptionError
from ..families import TARGETS, named_target
from ..plugins import installed_plugins
from .choices import BEAT_BYTES

_LARGEST_INTEGER = (1 << 63) - 1
_DIGITS = 9
"""Of the size of an axis."""

_LONGEST = 100
"""Characters of a value in a message."""


class Kind(Protocol):
    """What values an option can take."""

    @property
    def wanted(self) -> str:
        """The values in words, as in "must be an integer"."""

    def accepts(self, value: Any) -> bool:
        """Whether `value` is one of them."""


@dataclass(frozen=True)
class Integer:
    """Integers from `lo` to `hi`, or to the largest of 64 bits if that is None."""

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
        return self.lo <= value <= (_LARGEST_INTEGER if self.hi is None else self.hi)


@dataclass(frozen=True)
class Number:
    """Positive finite numbers."""

    wanted = "a positive number"

    def accepts(self, value: Any) -> bool:
        """Whether `value` is one of them."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and 0 < value <= sys.float_info.max


@dataclass(frozen=True)
class Between:
    """Numbers from `lo` to `hi`."""

    lo: float
    hi: float

    @property
    def wanted(self) -> str:
        """The values in words."""
        return f"a number from {self.lo:g} to {self.hi:g}"

    def accepts(self, value: Any) -> bool:
        """Whether `value` is one of them."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and self.lo <= value <= self.hi


@dataclass(frozen=True)
class Share:
    """Numbers between 0 and 1."""

    wanted = "a number between 0 and 1"

    def accepts(self, value: Any) -> bool:
        """Whether `value` is one of them."""
        return isinstance(value, float) and 0 < value < 1


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
class PluginChoice:
    """One of several names, nnhw's `own` or those of plug-ins of a `group`."""

    own: tuple[str, ...]
    group: str

    @property
    def names(self) -> tuple[str, ...]:
        """All names there are here."""
        added = (plugin.name for plugin in installed_plugins(self.group))
        return (*self.own, *(n for n in added if n not in self.own and _NAME.fullmatch(n)))

    @property
    def wanted(self) -> str:
        """The values in words."""
        return f"one of {', '.join(self.names)}"

    def accepts(self, value: Any) -> bool:
        """Whether `value` is one of the names."""
        return isinstance(value, str) and value in self.names


@dataclass(frozen=True)
class Device:
    """One of the devices of all families, by the name that `nnhw synth` knows it by."""

    # those of plug-ins would have to be imported, which nothing is unasked
    wanted = f"one of {', '.join(TARGETS)}, or a device of a plug-in's family"

    def accepts(self, value: Any) -> bool:
        """Whether `value` is one of the names."""
        return isinstance(value, str) and named_target(value) is not None


_NAME = re.compile(r"[a-z][a-z0-9_-]*")
"""What can be said on a command line."""


@dataclass(frozen=True)
class Names:
    """Several names."""

    wanted = "a list of different names"

    def accepts(self, value: Any) -> bool:
        """Whether `value` is such a list."""
        return (
            isinstance(value, list | tuple)
            and all(isinstance(name, str) and name for name in value)
            and len(set(value)) == len(value)
        )


@dataclass(frozen=True)
class Text:
    """Any text."""

    wanted = "a text"

    def accepts(self, value: Any) -> bool:
        """Whether `value` is one that says something."""
        return isinstance(value, str) and bool(value.strip())


@dataclass(frozen=True)
class Best:
    """How many of the best; see `read_best`."""

    wanted = "a number of the best, such as top:5"

    def accepts(self, value: Any) -> bool:
        """Whether `value` says how many."""
        return read_best(value) is not None


def read_best(value: Any) -> int | None:
    """N of "top:N"; None if `value` is something else."""
    found = re.fullmatch(r"top:([1-9][0-9]{0,3})", value) if isinstance(value, str) else None
    return int(found[1]) if found else None


@dataclass(frozen=True)
class ValuesToTry:
    """Values to try of options: a table of them, or the name of what has it."""

    wanted = "a table of options with a list of values each, or the name of a file or plug-in"

    def accepts(self, value: Any) -> bool:
        """Whether `value` may be such a table, or is a name; see `nnhw.search.space`."""
        if isinstance(value, Mapping):
            return all(isinstance(name, str) for name in value)
        return isinstance(value, str) and bool(value)


@dataclass(frozen=True)
class Memory:
    """Amounts of memory, as numbers of bytes or as texts; see `nnhw.budget.parse_memory`."""

    wanted = "a size of memory of at least 1M, such as 4G, or a number of bytes"

    def accepts(self, value: Any) -> bool:
        """Whether `value` is one of them."""
        return isinstance(value, str | int) and is_memory(value)


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


@dataclass(frozen=True)
class NoiseLevels:
    """Mappings of names to numbers from 0 on."""

    names: tuple[str, ...]

    @property
    def wanted(self) -> str:
        """The values in words."""
        return f"a table of numbers from 0 on, by names such as {', '.join(self.names)}"

    def accepts(self, value: Any) -> bool:
        """Whether `value` is such a mapping."""
        number = Number()
        return isinstance(value, Mapping) and all(
            name in self.names and (level == 0 or number.accepts(level))
            for name, level in value.items()
        )


@dataclass(frozen=True)
class InputShapes:
    """Shapes of inputs by name, and the shape of an only input; see `read_shapes`."""

    wanted = (
        "sizes of all axes of an input, such as 1x3x96x96, with NAME= in front if there are several"
    )

    def accepts(self, value: Any) -> bool:
        """Whether `value` is such a shape, or a mapping of names to shapes."""
        return read_shapes(value) is not None


@dataclass(frozen=True)
class StreamBytes:
    """Bytes of a beat of the input and of the output; see `read_stream_bytes`."""

    wanted = (
        "the bytes of an input and of an output beat, such as 8,4, each one of "
        f"{', '.join(map(str, BEAT_BYTES))}"
    )

    def accepts(self, value: Any) -> bool:
        """Whether `value` is such a pair."""
        return read_stream_bytes(value) is not None


def read_stream_bytes(value: Any) -> tuple[int, int] | None:
    """Bytes of an input and an output beat; None if `value` is neither a pair nor "IN,OUT"."""
    if isinstance(value, str):
        parts = value.split(",")
        if not all(part.isdecimal() and len(part) < _DIGITS for part in parts):
            return None
        value = [int(part) for part in parts]
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    is_pair = all(type(size) is int and size in BEAT_BYTES for size in value)
    return (value[0], value[1]) if is_pair else None


def read_shapes(value: Any) -> dict[str, tuple[int, ...]] | None:
    """Shapes by input's name, "" being the only input; None if `value` is none in any form.

    Forms are "1x3x96x96", "NAME=1x3x96x96", a sequence of integers, and a mapping of names to these
    but for the second.
    """
    if isinstance(value, str):
        name, _, sizes = value.rpartition("=")
        value = {name: sizes}
    if not isinstance(value, Mapping):
        value = {"": value}
    shapes = {name: _shape(sizes) for name, sizes in value.items() if isinstance(name, str)}
    if len(shapes) < len(value):
        return None
    found = {name: shape for name, shape in shapes.items() if shape is not None}
    return found if len(found) == len(value) else None


def _shape(sizes: Any) -> tuple[int, ...] | None:
    if isinstance(sizes, str):
        parts = sizes.split("x")
        if not all(part.isdecimal() and len(part) < _DIGITS for part in parts):
            return None
        sizes = [int(part) for part in parts]
    size = Integer(1, 10**_DIGITS)
    is_shape = isinstance(sizes, list | tuple) and len(sizes) > 0 and all(map(size.accepts, sizes))
    return tuple(sizes) if is_shape else None


def check(name: str, kind: Kind, value: object) -> None:
    """Refuse a value that an option cannot take.

    Raises
    ------
    OptionError
        If `value` is not of the kind.
    """
    if not kind.accepts(value):
        raise OptionError(f"Option {name} must be {kind.wanted}, not {_shown(value)}")


def _shown(value: object) -> str:
    """A value for a message: Python refuses to print very large integers."""
    if isinstance(value, int) and value.bit_length() > 64:
        return f"an integer of {value.bit_length()} bits"
    try:
        text = repr(value)
    except ValueError:
        return f"a {type(value).__name__} with an integer of too many digits"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
