"""Synthesis of a component to what every FPGA has, and the count of its cells.

The target is no device: 4-input LUTs with a carry chain, flip-flops with enable and synchronous
reset, multipliers and memories as they are written. Modules are kept apart, so that what many
instances share is synthesized once. Counts are kept in the user's cache folder: the same Verilog
has the same cells as long as Yosys and the script stay the same.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from ...errors import ToolError
from ..steps import read_json
from ..yosys import cell_counts, quote, require_yosys, run_yosys
from .cache import Cached

_CARRY = Path(__file__).with_name("carry.v")
_FLIP_FLOP = re.compile(r"\$_S?DFFC?E?_\w+_")
_LUTS = ("$lut", "$__CARRY_LUT")
_MULTIPLIER = "$__multiplier"
_MEMORY = ("$meminit", "$meminit_v2", "$memrd_v2", "$memwr_v2")

Netlist = tuple[str, str]
"""Name of the top module, and Verilog text."""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """An amount of hardware; a difference of two may be negative.

    Parameters
    ----------
    flip_flops
        Registers, in bits.
    luts
        Look-up tables of up to 4 inputs; each bit of a carry chain is one.
    memory_bits
        Contents of memories, read-only ones included.
    multipliers
        Of any width.
    """

    flip_flops: int = 0
    luts: int = 0
    memory_bits: int = 0
    multipliers: int = 0

    def __add__(self, other: Cells) -> Cells:
        return Cells(**{name: n + getattr(other, name) for name, n in asdict(self).items()})

    def __sub__(self, other: Cells) -> Cells:
        return self + other * -1

    def __mul__(self, count: int) -> Cells:
        return Cells(**{name: n * count for name, n in asdict(self).items()})


def count_cells(
    netlists: Iterable[Netlist], *, progress: Callable[[float], None] | None = None
) -> dict[Netlist, Cells]:
    """The cells of each design, submodules included.

    Several are synthesized at a time; what was synthesized before is taken from the cache.

    Parameters
    ----------
    netlists
        Designs in Verilog.
    progress
        Called with the share of them that is done, in (0, 1].

    Raises
    ------
    ToolError
        If Yosys is not installed or fails.
    """
    require_yosys()
    unique = list(dict.fromkeys(netlists))
    counts: dict[Netlist, Cells] = {}
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        jobs = {pool.submit(_count, netlist): netlist for netlist in unique}
        try:
            for job in as_completed(jobs):
                counts[jobs[job]] = job.result()
                if progress is not None:
                    progress(len(counts) / len(jobs))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return counts


def _script(source: Path, top: str, statistics: Path) -> list[str]:
    """Yosys's generic `synth -lut 4` with a carry chain, and without taking apart multipliers,
    memories and the tables of `case` statements."""
    return [
        f"read_verilog {quote(source)}",
        f"hierarchy -check -top {top}",
        # small read-only memories of the instructions are LUTs, whatever their size
        "proc -norom",
        "opt",
        "wreduce",
        "peepopt",
        "opt_clean",
        "techmap -map +/cmp2lut.v -D LUT_WIDTH=4",
        f"chtype -set {_MULTIPLIER} t:$mul",
        "alumacc",
        "opt",
        "memory_dff",
        "memory_collect",
        "opt -fast -full",
        f"techmap -map +/techmap.v -map {quote(_CARRY)}",
        "opt -fast",
        "abc -lut 4",
        "opt -fast -full",
        "memory_unpack",
        f"tee -q -o {quote(statistics)} stat -json",
    ]


def _count(netlist: Netlist) -> Cells:
    top, text = netlist
    cached = Cached("cells", _facts(netlist))
    if known := cached.load():
        return Cells(**known)
    folder = Path(tempfile.mkdtemp(prefix="nnhw-cells-"))
    source, statistics = folder / f"{top}.v", folder / "statistics.json"
    source.write_text(text, encoding="utf-8")
    run_yosys(
        _script(Path(source.name), top, Path(statistics.name)), log=folder / "yosys.log", cwd=folder
    )
    cells = _cells(read_json(statistics))
    shutil.rmtree(folder)  # a log that somebody has to read stays
    cached.store(asdict(cells))
    return cells


def _facts(netlist: Netlist) -> list[str]:
    """All that a count depends on."""
    script = _script(Path("source"), netlist[0], Path("statistics"))
    return [*netlist, *script, _CARRY.read_text(encoding="utf-8"), version("pyosys")]


def _cells(statistics: dict) -> Cells:
    """Cells of a hierarchy; every instance counts."""
    found = dict.fromkeys(("flip_flops", "luts", "multipliers"), 0)
    for kind, count in cell_counts(statistics).items():
        if kind in _LUTS:
            found["luts"] += count
        elif kind == _MULTIPLIER:
            found["multipliers"] += count
        elif _FLIP_FLOP.fullmatch(kind):
            found["flip_flops"] += count
        elif kind.startswith("$") and kind not in _MEMORY:
            raise ToolError(f"Yosys left a cell of type {kind}, which is nothing that an FPGA has")
    return Cells(memory_bits=statistics["design"]["num_memory_bits"], **found)
