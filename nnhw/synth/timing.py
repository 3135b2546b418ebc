"""nextpnr's report: how fast each clock may be, what limits it, and what is occupied."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from ..errors import ToolError

# Yosys names what it makes after a signal, the cell's type and its port, over and over:
# "fetch.x_SB_DFFESR_Q_6_D_SB_LUT4_O". Types and ports have capital letters, signals have not.
_MADE_BY_TOOLS = re.compile(r"_[A-Z][A-Z0-9]+(_|$).*|(?<=.)\$.*|\[\d+\]$|(\.\d+)+$")
_GLOBAL_NET = re.compile(r"^\$glbnet\$")


@dataclass(frozen=True, kw_only=True)
class CriticalPath:
    """The slowest path from one register to another.

    Parameters
    ----------
    signals
        Names of the design that it passes, the register it starts from first, the one it ends at
        last.
    logic_ns, routing_ns
        Delays in cells, including those of the registers, and between cells.
    levels
        Cells on the way.
    """

    signals: tuple[str, ...]
    logic_ns: float
    routing_ns: float
    levels: int

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> CriticalPath:
        """The path that was saved as `values`."""
        return cls(**{**values, "signals": tuple(values["signals"])})


@dataclass(frozen=True, kw_only=True)
class ClockTiming:
    """A clock of a placed and routed design.

    Parameters
    ----------
    name
        Of its net.
    fmax_mhz
        Highest frequency at which all paths between its registers are fast enough, in the worst
        case of temperature, voltage and production, as far as nextpnr knows the device.
    aim_mhz
        Frequency that was asked for.
    path
        What limits it; None if nextpnr does not say.
    """

    name: str
    fmax_mhz: float
    aim_mhz: float
    path: CriticalPath | None


@dataclass(frozen=True, kw_only=True)
class Placement:
    """What nextpnr reports.

    Parameters
    ----------
    clocks
        The slowest first; empty for a design without registers.
    sites
        Used and available sites of each kind.
    """

    clocks: tuple[ClockTiming, ...]
    sites: Mapping[str, tuple[int, int]]


def read_report(path: Path, *, prefix: str = "", input_suffix: str = "") -> Placement:
    """Read what nextpnr writes with --report.

    Parameters
    ----------
    prefix
        Left out at the beginning of names, such as "core.".
    input_suffix
        Left out at the end of names of clocks; see `Placer`.

    Raises
    ------
    ToolError
        If the file is missing or not such a report.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        paths = {
            found["from"]: found
            for found in report["critical_paths"]
            if found["from"] == found["to"]
        }
        clocks = [
            ClockTiming(
                name=re.sub(f"(?:{input_suffix})$", "", _GLOBAL_NET.sub("", net)),
                fmax_mhz=round(figures["achieved"], 2),
                aim_mhz=round(figures["constraint"], 2),
                path=_read_path(paths.get(f"posedge {net}"), prefix),
            )
            for net, figures in report["fmax"].items()
        ]
        sites = {
            kind: (figures["used"], figures["available"])
            for kind, figures in report["utilization"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise ToolError(f"'{path}' is not a report of nextpnr ({error!r}); place again") from None
    return Placement(clocks=tuple(sorted(clocks, key=lambda clock: clock.fmax_mhz)), sites=sites)


def _read_path(found: Mapping[str, Any] | None, prefix: str) -> CriticalPath | None:
    if found is None:
        return None
    steps = found["path"]
    names = [steps[0]["from"]["cell"]]
    names += [step["net"] for step in steps if step["type"] == "routing"]
    names.append(steps[-1]["to"]["cell"])
    routing = sum(step["delay"] for step in steps if step["type"] == "routing")
    return CriticalPath(
        signals=without_repeats(shorten_name(name, prefix) for name in names),
        logic_ns=round(sum(step["delay"] for step in steps) - routing, 3),
        routing_ns=round(routing, 3),
        levels=sum(step["type"] == "logic" for step in steps),
    )


def without_repeats(signals: Iterable[str]) -> tuple[str, ...]:
    """Signals along a path, each once where several cells in a row are named after it."""
    return tuple(signal for signal, _ in groupby(filter(None, signals)))


def shorten_name(name: str, prefix: str = "") -> str:
    """The signal of the design that a cell or net of a netlist is named after; "" if none."""
    if name.startswith("$"):
        return ""
    return _MADE_BY_TOOLS.sub("", name).removeprefix(prefix)
