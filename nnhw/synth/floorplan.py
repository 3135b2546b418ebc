"""Where multipliers and block RAMs go: those of a column side by side, and memories beside what
they feed.

A device has its multipliers in rows from side to side, and an array may need nearly all of them.
nextpnr's placer scatters them then, since it moves each to the nearest place that is free: the
products of a column come from all over the device, and the longest wires are theirs. Of a design it
is known what belongs together: multipliers by the names of their instances, and a block RAM by the
multipliers that its words get to.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ToolError
from ..families import Target
from .placer import Floorplan, Site, find_placer
from .steps import read_json
from .yosys import own_modules

_SITE = "BEL"
"""Attribute of a cell by which nextpnr is told where it goes."""
_MANY = 0.75
"""Share of a device's multipliers from which on nextpnr scatters them. Of digits_cnn, which takes
20 of 28, four placements promised 149 to 159 MHz where it was left alone, and 148 to 151 with 0
here."""
_REGISTERS = 5
"""From a block RAM to a multiplier, at most."""
_FAR = 1.5
"""Power of a distance that memories are placed by: rather several a bit farther than one far."""

Cells = Mapping[str, Mapping[str, Any]]
"""Those of a module of Yosys's JSON, by name."""


def fix_cells(netlist: Path, target: Target) -> None:
    """Write into a flat JSON netlist where multipliers and block RAMs go.

    It is left as it is where the family's placer has no floorplan, and where many multipliers stay
    free: nextpnr does as well then.

    Raises
    ------
    ToolError
        If the netlist cannot be read, or SciPy is not installed.
    """
    floorplan = find_placer(target).floorplan(target)
    if floorplan is None:
        return
    design = read_json(netlist)
    for module in own_modules(design).values():
        cells = module["cells"]
        multipliers = [name for name in cells if cells[name]["type"] == floorplan.multiplier]
        if len(multipliers) <= _MANY * sum(map(len, floorplan.multiplier_rows)):
            continue
        planned = plan_multipliers(multipliers, floorplan.multiplier_rows)
        planned |= plan_memories(cells, planned, floorplan)
        for name, site in planned.items():
            cells[name]["attributes"][_SITE] = site.name
    netlist.write_text(json.dumps(design), encoding="utf-8")


def planned_sites(target: Target) -> list[str]:
    """Sites of a device that `fix_cells` chooses from."""
    floorplan = find_placer(target).floorplan(target)
    return [] if floorplan is None else floorplan.sites


def plan_multipliers(names: Iterable[str], rows: Sequence[Sequence[Site]]) -> dict[str, Site]:
    """Sites of multipliers, by the names of their cells.

    They follow each other in the order of their names, whose numbers count as numbers, along the
    rows: from left to right, back in the next row, and so on. So cells of an instance are side by
    side, and so are instances with successive numbers. Of more sites than cells, those in the
    middle are taken.

    Returns
    -------
    Nothing if there are too few sites.
    """
    sites = [site for number, row in enumerate(rows) for site in (row[::-1] if number % 2 else row)]
    ordered = sorted(names, key=_in_order)
    first = (len(sites) - len(ordered)) // 2
    return dict(zip(ordered, sites[first:], strict=False)) if first >= 0 else {}


def plan_memories(
    cells: Cells, multipliers: Mapping[str, Site], floorplan: Floorplan
) -> dict[str, Site]:
    """Sites of block RAMs, such that all are as near as they can be to the middle of the
    multipliers that they feed.

    Those that feed none are left to nextpnr. It is a linear assignment; see
    `scipy.optimize.linear_sum_assignment`.

    Returns
    -------
    Nothing if there are too few sites.

    Raises
    ------
    ToolError
        If SciPy is not installed.
    """
    try:
        from scipy.optimize import linear_sum_assignment
    except ModuleNotFoundError as error:
        raise ToolError("SciPy is missing; install it with: pip install 'nnhw[synth]'") from error
    sinks = _sinks(cells, floorplan)
    fed = {
        name: reached
        for name, cell in cells.items()
        if cell["type"] == floorplan.memory
        and (reached := _reached(name, cells, sinks, floorplan) & multipliers.keys())
    }
    sites = floorplan.memory_sites
    if not fed or len(fed) > len(sites):
        return {}
    middles = np.array([np.mean([_place(multipliers[m]) for m in fed[name]], 0) for name in fed])
    places = np.array([_place(site) for site in sites])
    distances = np.abs(places[np.newaxis] - middles[:, np.newaxis]).sum(2)
    _, chosen = linear_sum_assignment(distances**_FAR)
    return {name: sites[index] for name, index in zip(fed, chosen, strict=True)}


def _sinks(cells: Cells, floorplan: Floorplan) -> Mapping[int, list[tuple[str, str]]]:
    """By net: cells and ports that it drives, without clocks, enables and resets."""
    sinks = defaultdict(list)
    for name, cell in cells.items():
        for port, nets in cell["connections"].items():
            if cell["port_directions"][port] == "input" and port not in floorplan.controls:
                for net in nets:
                    sinks[net].append((name, port))
    return sinks


def _reached(
    memory: str,
    cells: Cells,
    sinks: Mapping[int, Sequence[tuple[str, str]]],
    floorplan: Floorplan,
) -> set[str]:
    """Multipliers that a memory's words get to, through logic and a few registers."""
    found: set[str] = set()
    registers = {memory: 0}
    waiting = deque([memory])
    while waiting:
        cell = waiting.popleft()
        for net in _outputs(cells[cell]):
            for sink, port in sinks.get(net, ()):
                kind = cells[sink]["type"]
                if kind == floorplan.multiplier:
                    if re.match(floorplan.operands, port):
                        found.add(sink)
                    continue
                passed = registers[cell] + (kind == floorplan.register)
                is_new = passed < registers.get(sink, _REGISTERS + 1)
                if kind != floorplan.memory and is_new:
                    registers[sink] = passed
                    waiting.append(sink)
    return found


def _outputs(cell: Mapping[str, Any]) -> Iterator[int]:
    for port, nets in cell["connections"].items():
        if cell["port_directions"][port] == "output":
            yield from nets


def _place(site: Site) -> tuple[int, int]:
    return site.x, site.y


def _in_order(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
