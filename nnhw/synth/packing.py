"""What a netlist takes of a device when nextpnr packs it: as much as when it is placed."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import ToolError
from ..families import Target
from .child import error_lines, run_logged
from .nextpnr import Until, placing_run
from .placer import Sites, find_placer
from .steps import read_json
from .timing import read_report
from .yosys import own_modules

SITES = "sites.json"
"""What `pack` leaves in its folder, and returns: kinds of sites, and how many are occupied."""
_BARE = "bare.json"


def pack(
    netlist: Path, target: Target, *, out: Path, log: Path, constraints: Path | None = None
) -> Sites:
    """Occupied sites of each kind, as they are after placing.

    A look-up table of a netlist is not yet a place in a device: carry chains have ends, and a
    flip-flop may share a place with one look-up table alone, or take that of another. Whether the
    device has as many is not asked.

    Parameters
    ----------
    netlist
        JSON of Yosys, synthesized for the target's family.
    out
        Folder to write to; it is made.
    log
        File for what nextpnr prints.
    constraints
        Pins, in the format of the family. None: it is packed without, since most designs have more
        ports than packages have pins.

    Raises
    ------
    ToolError
        If nextpnr is not installed or fails.
    """
    out.mkdir(parents=True, exist_ok=True)
    design = read_json(netlist)
    placer = find_placer(target)
    if constraints is None:
        (name,) = own_modules(design)
        modules = {**design["modules"], name: placer.without_pins(design["modules"][name])}
        netlist = out / _BARE
        netlist.write_text(json.dumps({**design, "modules": modules}), encoding="utf-8")
        if placer.needs_constraints:
            constraints = out / f"no_pins{placer.constraints_suffix}"
            constraints.write_text(placer.constraints([]), encoding="utf-8")
    run = placing_run(
        netlist,
        target,
        out=out,
        freq=target.frequency_mhz,
        seed=1,
        constraints=constraints,
        speed_grade="",
        log=log,
        until=Until.PACKED,
    )
    if run_logged(run) != 0:
        raise ToolError(f"Packing for {target.name} failed:\n{error_lines(log)}")
    cells = [cell for module in own_modules(design).values() for cell in module["cells"].values()]
    sites = placer.placed_sites(read_report(out / "report.json").sites, cells)
    (out / SITES).write_text(json.dumps(sites, indent=2) + "\n", encoding="utf-8")
    return sites


def read_sites(folder: Path) -> Sites:
    """What `pack` has written to a folder.

    Raises
    ------
    ToolError
        If it is missing or damaged.
    """
    sites: dict[str, list[int]] = read_json(folder / SITES)
    return {kind: (used, available) for kind, (used, available) in sites.items()}
