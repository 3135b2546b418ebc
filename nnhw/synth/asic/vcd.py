"""Counts the transitions of signals in a file of recorded waves (VCD, IEEE 1364, clause 18)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import ToolError


@dataclass
class Transitions:
    """How often a signal rose and fell."""

    rises: int = 0
    falls: int = 0

    @property
    def total(self) -> int:
        """Both."""
        return self.rises + self.falls


def count_transitions(
    path: Path, *, scope: tuple[str, ...], clock: str, cycles: int
) -> dict[str, Transitions]:
    """Transitions of all signals of one scope in a number of clock cycles.

    The file is read once, from its beginning to the end of the last cycle. It begins at a rising
    edge of the clock, and the cycles are those from there; what that edge itself brings does not
    count, and what the last one brings does. Of several values at the same time only the last
    counts: the simulation has no delays, and a signal that an evaluation changes twice has no
    glitch. Changes from and to X or Z are none.

    Parameters
    ----------
    scope
        Names of the scopes from the outermost to the wanted one.
    clock
        Name of the clock in it.
    cycles
        How many, at least 1.

    Returns
    -------
    dict
        By name of the signal; bits of a vector are "name[bit]".

    Raises
    ------
    ToolError
        If the file is no VCD file, ends before the last cycle, or lacks the scope or the clock.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        lines = (line.rstrip("\n") for line in file)
        codes = _read_header(lines, scope)
        bits = {code: [Transitions() for _ in names] for code, names in codes.values()}
        if clock not in codes:
            raise ToolError(f"'{path}' has no clock {clock!r} in {'.'.join(scope)}")
        edges = bits[codes[clock][0]][0]
        old: dict[str, str] = {}
        for new in _steps(lines, bits):
            for code, value in new.items():
                if code in old and old[code] != value:
                    _count(bits[code], old[code], value)
                old[code] = value
            if edges.rises == cycles:
                break
        else:
            raise ToolError(f"'{path}' has {edges.rises} clock cycles, {cycles} are needed")
    return {
        bit: bits[code][index] for code, names in codes.values() for index, bit in enumerate(names)
    }


def _read_header(lines: Iterator[str], scope: tuple[str, ...]) -> dict[str, tuple[str, list[str]]]:
    """Code and names of the bits (highest first) of each signal of a scope, by its name."""
    codes: dict[str, tuple[str, list[str]]] = {}
    place: list[str] = []
    for line in lines:
        words = line.split()
        if not words:
            continue
        if words[0] == "$scope":
            place.append(words[2])
        elif words[0] == "$upscope":
            place.pop()
        elif words[0] == "$var" and tuple(place) == scope:
            width, code, name = int(words[2]), words[3], words[4]
            names = [name]
            if words[5] != "$end":
                high, _, low = words[5].strip("[]").partition(":")
                first, last = int(high), int(low or high)
                names = [f"{name}[{bit}]" for bit in range(first, last - 1, -1)]
            if len(names) == width:
                codes[name] = (code, names)
        elif words[0] == "$enddefinitions":
            break
    if not codes:
        raise ToolError(f"The recorded waves have no signals of {'.'.join(scope)}")
    return codes


def _steps(lines: Iterable[str], wanted: Iterable[str]) -> Iterator[dict[str, str]]:
    """The last value of every wanted code that a time step mentions, step by step."""
    new: dict[str, str] = {}
    known, time = set(wanted), ""
    for line in lines:
        first = line[:1]
        if first in "01xXzZ" and first:
            code, value = line[1:], first
        elif first in "bB" and first:
            value, _, code = line[1:].partition(" ")
        elif first == "#":
            if new and line != time:  # a time may come several times
                yield new
                new = {}
            time = line
            continue
        else:
            continue
        if code in known:
            new[code] = value
    if new:
        yield new


def _count(bits: list[Transitions], old: str, new: str) -> None:
    width = len(bits)
    for bit, before, after in zip(bits, _extend(old, width), _extend(new, width), strict=True):
        if before == "0" and after == "1":
            bit.rises += 1
        elif before == "1" and after == "0":
            bit.falls += 1


def _extend(value: str, width: int) -> str:
    """A vector in full: leading zeros may be left out, and a leading X or Z stands for all."""
    return value.rjust(width, value[0] if value[0] in "xXzZ" else "0")
