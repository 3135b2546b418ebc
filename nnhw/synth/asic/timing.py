"""Static timing analysis of the netlist of cells, with OpenSTA."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import ToolError
from ..child import Run, error_lines, run_logged
from ..timing import CriticalPath, shorten_name, without_repeats
from . import macros
from .liberty import Library
from .netlist import Netlist, is_output
from .synthesis import CELLS_LIBERTY, NETLIST_VERILOG, OUTPUT_LOAD_PF

CLOCK_SLEW_NS = 0.1
"""Assumed transition time of the clock at every register: the clock is ideal else."""
INPUT_DELAY_NS = 0.5
"""Assumed arrival of inputs after the clock's edge, and time that outputs need before it."""
_SCRIPT, _PATH, _NETS, _SLEWS = "timing.tcl", "path.txt", "nets.txt", "slews.txt"
_STAGE = re.compile(r"\s*([\d.-]+)\s+[\d.-]+ [v^] (\S+) \(\S+\)$")
_SLACK = re.compile(r"\s*(-?[\d.]+)\s+slack \(\w+\)$")
_SHORT_NAME = re.compile(r"n\d+")
"""What `synthesis` calls nets that the design has no name for."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What limits the clock, and how steep the signals are.

    Parameters
    ----------
    fmax_mhz
        Highest frequency at which all paths are fast enough.
    path
        What limits it.
    slews
        Transition time in ns of each net, the mean of rising and falling; 0 of the ideal clock.
    """

    fmax_mhz: float
    path: CriticalPath
    slews: Mapping[str, float]


def opensta_version() -> str:
    """Version of OpenSTA.

    Raises
    ------
    ToolError
        If it is not installed; says how to.
    """
    if shutil.which("sta") is None:
        raise ToolError(
            "OpenSTA is missing: there is no program 'sta'; install it, on Debian and Ubuntu with: "
            "apt-get install opensta"
        )
    done = subprocess.run(
        ["sta", "-version"], capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    return done.stdout.strip() or "unknown"


def timing_script(top: str, clock: str, goal_mhz: float, driver: str) -> str:
    """The Tcl script of `analyse`, for a folder beside that of the netlist."""
    return f"""\
read_liberty ../synthesis/{CELLS_LIBERTY}
read_liberty ../synthesis/{macros.LIBERTY}
read_verilog ../synthesis/{NETLIST_VERILOG}
link_design {top}
create_clock -name {clock} -period {1000 / goal_mhz:.6g} [get_ports {clock}]
set_clock_transition {CLOCK_SLEW_NS} [get_clocks {clock}]
foreach port [all_inputs] {{
  if {{[get_name $port] != "{clock}"}} {{
    set_input_delay {INPUT_DELAY_NS} -clock {clock} $port
    set_driving_cell -lib_cell {driver} $port
  }}
}}
set_output_delay {INPUT_DELAY_NS} -clock {clock} [all_outputs]
set_load {OUTPUT_LOAD_PF} [all_outputs]
report_checks -path_delay max -format full -digits 4 > {_PATH}
set pins [open {_NETS} r]
set slews [open {_SLEWS} w]
while {{[gets $pins name] >= 0}} {{
  set pin [get_pins $name]
  puts $slews "[get_property $pin actual_rise_transition_max]\\
    [get_property $pin actual_fall_transition_max]"
}}
close $slews
"""


def analyse(script: str, netlist: Netlist, library: Library, *, out: Path, log: Path) -> None:
    """Run OpenSTA in the folder `out`, beside that of the netlist.

    Raises
    ------
    ToolError
        If it is not installed or fails.
    """
    (out / _SCRIPT).write_text(script, encoding="utf-8")
    pins = _observed_pins(netlist, library).values()
    (out / _NETS).write_text("".join(f"{pin}\n" for pin in pins), encoding="utf-8")
    command = ["sta", "-no_init", "-no_splash", "-exit", _SCRIPT]
    status = run_logged(Run(command=command, log=log, cwd=out))
    if status or "Error" in log.read_text(encoding="utf-8", errors="replace"):
        raise ToolError(f"OpenSTA failed:\n{error_lines(log, marks=('Error',))}")


def read_timing(folder: Path, netlist: Netlist, library: Library, goal_mhz: float) -> Timing:
    """Read what `analyse` left in a folder.

    Raises
    ------
    ToolError
        If there is no path from register to register, or the files are damaged.
    """
    lines = (folder / _PATH).read_text(encoding="utf-8").splitlines()
    slack = next((found[1] for found in map(_SLACK.match, lines) if found), None)
    if slack is None:
        raise ToolError(f"OpenSTA found no path between registers: see '{folder / _PATH}'")
    nets = list(_observed_pins(netlist, library))
    slews = [
        sum(map(float, line.split())) / 2
        for line in (folder / _SLEWS).read_text(encoding="utf-8").splitlines()
    ]
    if len(slews) != len(nets):
        raise ToolError(f"'{folder / _SLEWS}' is damaged; remove '{folder}' and run it again")
    return Timing(
        fmax_mhz=round(1000 / (1000 / goal_mhz - float(slack)), 2),
        path=_read_path(lines, netlist, library),
        slews=dict(zip(nets, slews, strict=True)),
    )


def _observed_pins(netlist: Netlist, library: Library) -> dict[str, str]:
    """For each net with cells, a pin on it: what drives it, or, at an input, any other."""
    pins: dict[str, str] = {}
    for name, instance in netlist.instances.items():
        for pin, net in instance.nets.items():
            if net not in pins or is_output(pin, instance, library):
                pins[net] = f"{name}/{pin}"
    return pins


def _read_path(lines: list[str], netlist: Netlist, library: Library) -> CriticalPath:
    """The critical path in a report of OpenSTA: a line for each pin that drives, and the end."""
    end = next(index for index, line in enumerate(lines) if "data arrival time" in line)
    stages = [found for found in map(_STAGE.match, lines[:end]) if found]
    delays = [float(stage[1]) for stage in stages]
    return CriticalPath(
        signals=without_repeats(
            _signal(stage[2], netlist, library, is_end=stage is stages[-1]) for stage in stages
        ),
        logic_ns=round(sum(delays), 3),
        routing_ns=0.0,
        levels=sum(delay != 0 for delay in delays),
    )


def _signal(pin: str, netlist: Netlist, library: Library, *, is_end: bool) -> str:
    """The design's name of what a pin drives, or, at a path's end, of the register; "" if none."""
    name, _, port = pin.rpartition("/")
    instance = netlist.instances.get(name)
    if instance is None:
        return shorten_name(pin)  # a port of the design
    if instance.is_macro:
        return shorten_name(name)
    if is_end:
        port = next(other for other in instance.nets if is_output(other, instance, library))
    elif not is_output(port, instance, library):
        return ""
    net = instance.nets[port]
    return "" if _SHORT_NAME.fullmatch(net) else shorten_name(net)
