"""The flow of silicon: synthesis, timing, simulation of the netlist, energy."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from ...design import ExportedDesign, sha256_of, write_checksums
from ...errors import OptionError
from ...options import Effort
from ..options import Progress, SynthesisOptions
from ..processes import PROCESSES, Process, find_liberty
from ..result import SYNTHESIS_FOLDER
from ..steps import Step, locked
from ..yosys import read_cells, require_yosys
from . import macros
from .activity import (
    Activity,
    prepare_simulation,
    read_activity,
    simulate,
)
from .figures import measure_area, measure_power
from .liberty import Library, read_library
from .memories import Memory, count_memories
from .netlist import Netlist, read_netlist
from .power import estimate_energy, leakage_nw
from .result import AsicResult, AsicSpeed, Power
from .synthesis import (
    CELLS_LIBERTY,
    NETLIST_JSON,
    NETLIST_VERILOG,
    elaborate,
    elaboration_commands,
    map_to_cells,
    mapping_commands,
    read_memories,
    write_cell_functions,
)
from .timing import Timing, analyse, opensta_version, read_timing, timing_script

LOGIC_ONLY = "cells only: no memory macros, no wires, no clock tree; the macros' timing is assumed"
ENERGY = "transitions of the simulated netlist while real frames follow one another, no glitches"


def run_asic(
    design: ExportedDesign, options: SynthesisOptions, *, progress: Progress
) -> AsicResult:
    """Take a design to the cells of a process, as `run_synthesis` says.

    Raises
    ------
    OptionError
        If an option does not suit the target.
    ToolError
        If a program or the library of cells is missing, or a program fails.
    """
    process = PROCESSES[options.target]
    _check_options(design, options, process)
    liberty = find_liberty(process, options.liberty)
    tools = {"opensta": opensta_version()}
    require_yosys()
    tools = {"yosys": version("pyosys"), **tools}
    design.vectors  # noqa: B018
    folder = design.folder / SYNTHESIS_FOLDER / process.name
    with locked(folder):
        result = _Flow(design, process, options, liberty, folder, progress, tools).run()
        result.save(folder)
    return result


def _check_options(design: ExportedDesign, options: SynthesisOptions, process: Process) -> None:
    if design.technology != "portable":
        raise OptionError(
            f"'{design.folder}' has cells of {design.technology}, and target {process.name} has "
            "others; build it again without --technology"
        )
    given = {
        "--pnr": options.place,
        "--seeds": options.seeds is not None,
        "--effort": options.effort is not Effort.NORMAL,
        "--jobs": options.jobs != 1,
        "--speed-grade": bool(options.speed_grade),
    }
    if unsuitable := [name for name, is_given in given.items() if is_given]:
        raise OptionError(
            f"{', '.join(unsuitable)}: there is no place and route for {process.name}; leave it out"
        )


@dataclass
class _Flow:
    """One run of the flow in the folder syn/TARGET of a design."""

    design: ExportedDesign
    process: Process
    options: SynthesisOptions
    liberty: Path
    folder: Path
    progress: Progress
    tools: dict[str, str] = field(default_factory=dict)

    def run(self) -> AsicResult:
        elaborated = self._elaborate()
        memories = read_memories(elaborated, self.design.top)
        synthesized = self._map(elaborated, memories)
        cells = read_cells(synthesized)
        path = synthesized / CELLS_LIBERTY
        library = read_library(path.read_text(encoding="utf-8"), str(path))
        netlist = read_netlist(synthesized / NETLIST_JSON, self.design.top)
        timing = self._analyse(synthesized, netlist, library)
        activity = self._simulate(synthesized, cells, memories)
        return AsicResult(
            design=self.design.top,
            target=self.process.name,
            description=self.process.description,
            tools=self.tools,
            cells=cells,
            area=measure_area(cells, library, self.process),
            memories=count_memories(memories),
            speed=AsicSpeed(
                goal_mhz=self._goal,
                fmax_mhz=timing.fmax_mhz,
                latency_us=round(self.design.latency_cycles / timing.fmax_mhz, 3),
                frames_per_second=round(1e6 * timing.fmax_mhz / self.design.interval_cycles, 1),
                path=timing.path,
            ),
            power=self._power(netlist, library, timing, activity),
            simulation=activity.check,
            remarks=self._remarks(activity.cycles),
            edited=self.design.edited,
        )

    @property
    def _goal(self) -> float:
        return self.options.freq or self.process.frequency_mhz

    @property
    def _logs(self) -> Path:
        return self.folder / "logs"

    def _remarks(self, cycles: int) -> tuple[str, ...]:
        interval = self.design.interval_cycles
        if not 0 < cycles < interval:
            return LOGIC_ONLY, ENERGY
        scaled = f"energy is scaled up from {cycles:,} of the {interval:,} cycles of an interval"
        return LOGIC_ONLY, ENERGY, scaled

    def _power(
        self, netlist: Netlist, library: Library, timing: Timing, activity: Activity
    ) -> Power | None:
        if not activity.cycles:
            return None
        energy = estimate_energy(
            netlist,
            library,
            clock=self.design.clock,
            transitions=activity.transitions,
            slews=timing.slews,
        )
        return measure_power(
            energy,
            leakage_nw(netlist, library),
            cycles=activity.cycles,
            interval_cycles=self.design.interval_cycles,
            goal_mhz=self._goal,
            fmax_mhz=timing.fmax_mhz,
        )

    def _elaborate(self) -> Path:
        sources = (*self.design.sources, *self.design.memory_files)
        inputs = {
            "tools": self.tools,
            "sources": [sha256_of(source) for source in sources],
            "script": elaboration_commands(self.design, self.folder / "elaboration"),
        }
        step = Step(self.folder / "elaboration", inputs)
        if not step.done:
            self.progress(f"Synthesize for {self.process.name}", 0)
            elaborate(self.design, out=step.start(), log=self._logs / "elaboration.log")
            step.finish()
        return step.folder

    def _map(self, elaborated: Path, memories: tuple[Memory, ...]) -> Path:
        has_macros = bool(memories)
        inputs = {
            "elaborated": _stamp(elaborated),
            "liberty": sha256_of(self.liberty),
            "areas": self.process.areas,
            "script": mapping_commands(
                self.process,
                self.design.top,
                elaborated,
                has_macros,
                self.folder / "synthesis",
            ),
        }
        step = Step(self.folder / "synthesis", inputs)
        if not step.done:
            self.progress(f"Synthesize for {self.process.name}", 0.2)
            map_to_cells(
                self.process,
                self.design.top,
                memories,
                self.liberty,
                elaborated=elaborated,
                out=step.start(),
                log=self._logs / "synthesis.log",
            )
            step.finish()
        return step.folder

    def _analyse(self, synthesized: Path, netlist: Netlist, library: Library) -> Timing:
        script = timing_script(self.design.top, self.design.clock, self._goal, self.process.driver)
        inputs = {
            "synthesized": _stamp(synthesized),
            "memories": sha256_of(synthesized / macros.LIBERTY),
            "script": script,
        }
        step = Step(self.folder / "timing", inputs)
        if not step.done:
            self.progress("Analyse timing", 0)
            analyse(script, netlist, library, out=step.start(), log=self._logs / "timing.log")
            step.finish()
        return read_timing(step.folder, netlist, library, self._goal)

    def _simulate(
        self, synthesized: Path, cells: dict[str, int], memories: tuple[Memory, ...]
    ) -> Activity:
        def progress(done: int, total: int) -> None:
            self.progress("Simulate the netlist", done / total)

        inputs = {
            "synthesized": _stamp(synthesized),
            "netlist": sha256_of(synthesized / NETLIST_VERILOG),
            "memories": sha256_of(synthesized / macros.VERILOG),
            "manifest": dict(self.design.manifest),
            "vectors": sha256_of(self.design.vectors),
        }
        step = Step(self.folder / "simulation", inputs)
        if not step.done:
            partial = step.start()
            prepare_simulation(self.design, memories, synthesized=synthesized, out=partial)
            write_cell_functions(
                [cell for cell in cells if not cell.startswith("nnhw_")],
                synthesized=synthesized,
                out=partial,
                log=self._logs / "cells.log",
            )
            write_checksums(partial)
            step.finish()
        activity = read_activity(step.folder)
        if activity is None:
            progress(0, 1)
            simulate(step.folder, self.design.top, self.design.clock, progress=progress)
            activity = read_activity(step.folder)
            assert activity is not None
        return activity


def _stamp(step: Path) -> str:
    """What a finished step depends on, in short."""
    return sha256_of(step / "step.json")
