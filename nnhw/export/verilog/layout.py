"""Line breaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_STRING = re.compile(r'"[^"]*"')
COLUMNS = 100
"""Longest line, where there is a blank to break it at."""


def wrapped(lines: Iterable[str]) -> Iterator[str]:
    """Lines, those that are too long broken and continued four columns further in."""
    for line in lines:
        further = " " * (len(line) - len(line.lstrip()) + 4)
        while len(line) > COLUMNS:
            end = _break(line, len(further))
            if end < 0:
                break
            yield line[:end]
            line = further + line[end + 1 :]
        yield line


def _break(line: str, start: int) -> int:
    """The best blank to break a line at, behind column `start` and in no string; -1 if there is
    none."""
    line = _STRING.sub(lambda string: '"' * len(string[0]), line)
    for mark, offset in ((", ", 1), (" : ", 0), (" || ", 0), (" && ", 0), (" ", 0)):
        place = line.rfind(mark, max(start, COLUMNS // 2), COLUMNS + 1 - offset)
        if place >= 0:
            return place + offset
    return line.find(" ", max(start, COLUMNS // 2))


def assignment(start: str, text: str) -> Iterator[str]:
    """`start` text; in one line if it fits, with the lines of a text of several indented if not."""
    line = f"{start} {text};".replace("\n", " ")
    if "\n" not in text or len(line) <= COLUMNS - 2:
        yield line
        return
    yield start
    yield from (f"  {part}" for part in f"{text};".split("\n"))
