"""Where multipliers go: those of a column of the array side by side, column by column.

A device has its multipliers in rows from side to side, and an array may need all of them. nextpnr's
placer scatters them then, since it moves each to the nearest place that is free: the products of a
column come from all over the device, and the longest wires are theirs. Of a design's instances it
is known what belongs together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..families import Target
from .placer import SiteRows, find_placer
from .steps import read_json
from .yosys import own_modules

_SITE = "BEL"
"""Attribute of a cell by which nextpnr is told where it goes."""

_MANY = 0.75
"""Share of a device's multipliers from which on nextpnr scatters them. Of digits_cnn, which takes
20 of 28, placements promise 149 to 159 MHz if it is left alone, and 148 to 151 if not."""


def fix_multipliers(netlist: Path, target: Target) -> None:
    """Write into a flat JSON netlist where its multipliers go; see `plan_multipliers`.

    It is left as it is where the family's placer says nothing of their sites, and where many stay
    free: nextpnr does as well then.

    Raises
    ------
    ToolError
        If the netlist cannot be read.
    """
    placer = find_placer(target)
    rows = placer.multiplier_rows(target)
    if not rows:
        return
    design = read_json(netlist)
    for module in own_modules(design).values():
        cells = module["cells"]
        multipliers = [name for name in cells if cells[name]["type"] == placer.multiplier]
        if len(multipliers) > _MANY * sum(map(len, rows)):
            for name, site in plan_multipliers(multipliers, rows).items():
                cells[name]["attributes"][_SITE] = site
    netlist.write_text(json.dumps(design), encoding="utf-8")


def plan_multipliers(cells: Iterable[str], rows: SiteRows) -> Mapping[str, str]:
    """Sites of multipliers, by the names of their cells in a flat netlist.

    They follow each other in the order of their names, whose numbers count as numbers, along the
    rows: from left to right, back in the next row, and so on. So cells of an instance are side by
    side, and so are instances with successive numbers. Of more sites than cells, those in the
    middle are taken.

    Returns
    -------
    Nothing if there are no rows, or too few sites.
    """
    sites = [site for number, row in enumerate(rows) for site in (row[::-1] if number % 2 else row)]
    names = sorted(cells, key=_in_order)
    first = (len(sites) - len(names)) // 2
    return dict(zip(names, sites[first:], strict=False)) if first >= 0 else {}


def _in_order(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
