"""From an exported design to a bitstream for a board."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from os import PathLike
from pathlib import Path

from ..design import ExportedDesign, read_design, sha256_of
from ..errors import OptionError, ToolError
from ..export import component_verilog
from ..families import Board
from ..link import LinkedDesign, link_design
from ..synth import (
    SYNTHESIS_FOLDER,
    PlacedDesign,
    Placing,
    Step,
    advise,
    count_usage,
    find_placer,
    fix_cells,
    fmax,
    locked,
    nextpnr_version,
    pack,
    pack_bitstream,
    planned_sites,
    read_cells,
    read_commands,
    require_yosys,
    run_yosys,
    target_script,
)
from .constraints import constraints_file
from .result import BoardBuild
from .timing import plan_timing
from .top import BoardTop

TOP = "board"
"""Name of the top module on a board."""

_NETLIST = "netlist.json"


def write_top(top: BoardTop, path: Path) -> None:
    """Write the Verilog of a board's top module, `TOP`; it has the accelerator as an instance."""
    path.write_text(component_verilog(top, TOP), encoding="utf-8")


def build_board(
    design: str | PathLike[str],
    board: Board,
    *,
    clock_hz: int | None = None,
    baud: int = 115_200,
    seeds: int = 4,
    progress: Callable[[str, float], None] = lambda step, share: None,
) -> BoardBuild:
    """Make a bitstream in the folder syn/BOARD of a design.

    Steps that are finished are not repeated as long as sources, options and programs are the same.

    Parameters
    ----------
    design
        Folder that `nnhw build` wrote.
    clock_hz
        Clock of the design; None: the board's own choice.
    baud
        Bits a second on the serial line.
    seeds
        How many placements are tried, one after the other, until one is fast enough.
    progress
        Called with the name of each step and the share of it that is done.

    Raises
    ------
    ExportError
        If the folder holds no design.
    OptionError
        If the board cannot make this clock or baud rate.
    ToolError
        If a tool is missing or fails, if the design does not fit, or if no placement is fast
        enough.
    """
    if seeds < 1:
        raise OptionError(f"--seeds must be at least 1, not {seeds}")
    exported = read_design(design)
    linked = link_design(exported)
    timing = plan_timing(board, clock_hz=clock_hz, baud=baud)
    folder = exported.folder / SYNTHESIS_FOLDER / board.name
    with locked(folder):
        write_top(BoardTop(board=board, design=linked, timing=timing), folder / f"{TOP}.v")
        suffix, text = constraints_file(board)
        constraints = folder / f"{TOP}{suffix}"
        constraints.write_text(text, encoding="utf-8")
        netlist = _synthesize(linked, board, folder, progress)
        _check_size(netlist, constraints, exported, board)
        placed = _place(netlist, board, constraints, timing.clock_hz, seeds, progress)
        progress("Pack the bitstream", 0)
        bitstream = folder / f"{linked.name}{find_placer(board.target).bitstream_suffix}"
        pack_bitstream(placed, bitstream)
        result = BoardBuild(
            board=board,
            bitstream=bitstream,
            clock_hz=timing.clock_hz,
            baud=timing.baud,
            fmax_mhz=fmax(placed),
            seed=placed.seed,
            usage=count_usage(read_cells(netlist.parent), board.target, placed.placement.sites),
            edited=exported.edited,
        )
        result.save(folder)
    return result


def _synthesize(
    design: LinkedDesign, board: Board, folder: Path, progress: Callable[[str, float], None]
) -> Path:
    """The netlist of the board's top module with the design in it."""
    require_yosys()
    sources = [*design.sources, folder / f"{TOP}.v"]
    commands = [
        *read_commands(sources, TOP, folder / "synthesis"),
        *target_script(board.target, TOP, pins=True),
        "tee -q -o statistics.json stat -json",
        f"write_json {_NETLIST}",
    ]
    step = Step(
        folder / "synthesis",
        {
            "tools": {"yosys": version("pyosys")},
            "sources": [sha256_of(source) for source in sources],
            "script": commands,
            "floorplan": planned_sites(board.target),
        },
    )
    if not step.done:
        progress(f"Synthesize for {board.title}", 0)
        out = step.start()
        run_yosys(commands, log=folder / "logs" / "synthesis.log", cwd=out)
        fix_cells(out / _NETLIST, board.target)
        step.finish()
    return step.folder / _NETLIST


def _check_size(netlist: Path, constraints: Path, design: ExportedDesign, board: Board) -> None:
    """Refuse what is too large before it is placed, and say what to do."""
    folder = netlist.parent.parent
    sites = pack(
        netlist,
        board.target,
        out=folder / "packing",
        log=folder / "logs" / "packing.log",
        constraints=constraints,
    )
    usage = count_usage(read_cells(netlist.parent), board.target, sites)
    if any(not figures.fits for figures in usage):
        advice = advise(design.manifest, board.target, usage)
        lines = "\n".join(f"  - {line}" for line in advice)
        raise ToolError(f"The design does not fit on {board.title}:\n{lines}")


def _place(
    netlist: Path,
    board: Board,
    constraints: Path,
    clock_hz: float,
    seeds: int,
    progress: Callable[[str, float], None],
) -> PlacedDesign:
    """The first placement that is fast enough."""
    folder = constraints.parent
    goal = clock_hz / 1e6
    best = 0.0
    placing = Placing(
        netlist=netlist,
        target=board.target,
        out=folder,
        logs=folder / "logs",
        constraints=constraints,
        speed_grade="",
        prefix="",
        inputs={
            "tools": {"nextpnr": nextpnr_version(board.target)},
            "netlist": sha256_of(netlist),
            "constraints": sha256_of(constraints),
            "target": [board.target.chip, board.target.part],
        },
        jobs=1,
    )
    for seed in range(1, seeds + 1):
        progress("Place and route", (seed - 1) / seeds)
        (placed,) = placing.place([seed], goal)
        best = max(best, fmax(placed))
        if best >= goal:
            return placed
    raise ToolError(
        f"The design reaches {best:g} MHz on {board.title} and not {goal:g} MHz; ask for a slower"
        " --freq, or build the design with fewer --macs"
    )
