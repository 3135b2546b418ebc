"""A table of things with names, which are never cut or broken, so that they can be copied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions
from rich.text import Text

_GAP = "  "
_LEAST = 12
"""Characters of a column of names that is worth having."""


class NamedTable:
    """A name and some figures a row, to be printed with rich and `crop=False`.

    A name for which there is no room beside its figures stands in a line of its own above them,
    even if that is longer than the console.

    Parameters
    ----------
    title
        Of the names.
    columns
        Titles of the figures.
    left
        Titles of the columns that are aligned at their left; figures are at their right.
    """

    def __init__(self, title: str, columns: Sequence[str], *, left: Sequence[str] = ()):
        self._columns = tuple(columns)
        self._is_left = [column in left for column in columns]
        self._rows = [(Text(title, style="bold"), [Text(name, style="bold") for name in columns])]

    def add_row(self, name: str | Text, *figures: str | Text) -> None:
        """A name and a figure for each column."""
        assert len(figures) == len(self._columns)
        self._rows.append((_text(name), [_text(figure) for figure in figures]))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        widths = [max(len(row[i]) for _, row in self._rows) for i in range(len(self._columns))]
        room = options.max_width - sum(widths) - len(_GAP) * len(widths)
        column = min(room, max(len(name) for name, _ in self._rows)) if room >= _LEAST else 0
        for name, figures in self._rows:
            line = Text(_GAP).join(map(self._aligned, range(len(widths)), figures, widths))
            if len(name) <= column:
                yield _unbroken(Text.assemble(name, " " * (column - len(name)), _GAP, line))
            else:
                yield _unbroken(name)
                yield _unbroken(Text.assemble(" " * column, _GAP, line))

    def _aligned(self, column: int, figure: Text, width: int) -> Text:
        padding = " " * (width - len(figure))
        parts = (figure, padding) if self._is_left[column] else (padding, figure)
        return Text.assemble(*parts)


def _text(value: str | Text) -> Text:
    return value if isinstance(value, Text) else Text(value)


def _unbroken(line: Text) -> Text:
    line.rstrip()
    line.no_wrap, line.overflow = True, "ignore"
    return line
