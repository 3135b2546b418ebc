"""The page of a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from .templates import render_template


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A drawing of a page.

    Parameters
    ----------
    title
        Heading.
    text
        What is to be seen in it.
    drawing
        HTML.
    """

    title: str
    text: str
    drawing: Markup


@dataclass(frozen=True, kw_only=True)
class Found:
    """A design that a search has found.

    Parameters
    ----------
    cells
        By column; the first one is its name.
    command
        That builds it.
    """

    cells: Sequence[str]
    command: str


def render_exploration(
    *,
    title: str,
    facts: Mapping[str, str],
    remarks: Sequence[str],
    heading: str,
    caption: str,
    columns: Sequence[str],
    found: Sequence[Found],
    pictures: Sequence[Picture],
    space: Mapping[str, str],
    script: Markup,
) -> str:
    """The page of a search, which needs nothing from elsewhere.

    Parameters
    ----------
    facts
        Rows of a table.
    remarks
        What a reader has to know about the figures.
    heading, caption
        What the best ones that were found are called, and what is said of their table.
    columns, found
        They: names of what is told of each, and each of them.
    space
        Values by parameter.
    script
        What draws the pictures.
    """
    return render_template(
        "exploration",
        title=title,
        facts=facts,
        remarks=remarks,
        heading=heading,
        caption=caption,
        columns=columns,
        found=found,
        pictures=pictures,
        space=space,
        script=script,
        row_height=0,
    )
