"""The flow of FPGAs: synthesis, simulation of the netlist, place and route."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from ..design import ExportedDesign, sha256_of
from ..errors import OptionError
from ..families import Target
from .advice import advise
from .aim import estimate_frequency
from .floorplan import planned_sites
from .harness import INSTANCE
from .netlist_simulation import simulate_netlist
from .nextpnr import choose_speed_grade, has_nextpnr, nextpnr_version, require_nextpnr
from .options import Progress, SynthesisOptions
from .packing import pack, read_sites
from .placements import Placing, counting_placement, fmax
from .placer import Sites
from .result import SYNTHESIS_FOLDER, NetlistCheck, Speed, SynthesisResult
from .steps import Step, locked
from .synthesize import (
    NETLIST,
    PINNED,
    add_pins,
    pin_commands,
    pin_constraints,
    synthesis_commands,
    synthesize,
)
from .targets import find_target
from .usage import Usage, count_usage
from .yosys import read_cells, require_yosys

OUT_OF_CONTEXT = (
    "placed alone, in a harness that needs three pins (shift register in front, signature register "
    "behind); the harness's few cells are counted"
)
PACKED = "packed into the cells of the device, before place and route"
UNPACKED = "cells of the netlist, which are not packed into those of the device"


def run_fpga(
    design: ExportedDesign, options: SynthesisOptions, *, progress: Progress
) -> SynthesisResult:
    """Take a design to an FPGA, as `run_synthesis` says.

    Raises
    ------
    OptionError
        If an option does not suit the target.
    ToolError
        If a program is missing or fails.
    """
    target = find_target(options.target)
    if options.liberty is not None:
        raise OptionError(f"--liberty goes with silicon; {target.name} is an FPGA")
    _check_technology(design, target)
    require_yosys()
    choose_speed_grade(target, options.speed_grade)
    if options.place:
        require_nextpnr(target)
    folder = design.folder / SYNTHESIS_FOLDER / target.name
    with locked(folder):
        result = _Flow(design, target, options, folder, progress).run()
        result.save(folder)
    return result


def _check_technology(design: ExportedDesign, target: Target) -> None:
    if design.technology not in ("portable", target.family):
        raise OptionError(
            f"'{design.folder}' has cells of {design.technology}, and target {target.name} has "
            f"others; build it again with --technology {target.family}, or without"
        )


@dataclass
class _Flow:
    """One run of the flow in the folder syn/TARGET of a design."""

    design: ExportedDesign
    target: Target
    options: SynthesisOptions
    folder: Path
    progress: Progress
    tools: dict[str, str] = field(default_factory=dict)

    def run(self) -> SynthesisResult:
        self.tools["yosys"] = version("pyosys")
        synthesized = self._synthesize()
        cells = read_cells(synthesized)
        sites = self._pack(synthesized) if has_nextpnr(self.target) else None
        usage = count_usage(cells, self.target, sites)
        remarks = PACKED if sites else UNPACKED
        simulation = self._simulate(synthesized) if self.options.simulate else None
        speed = None
        if self.options.place and all(figures.fits for figures in usage):
            speed, usage = self._place(synthesized, cells)
            remarks = OUT_OF_CONTEXT
        return SynthesisResult(
            design=self.design.top,
            target=self.target.name,
            description=self.target.description,
            tools=self.tools,
            usage=usage,
            cells=cells,
            fits=all(figures.fits for figures in usage),
            advice=advise(self.design.manifest, self.target, usage),
            speed=speed,
            simulation=simulation,
            remarks=(remarks,),
            edited=self.design.edited,
        )

    @property
    def _logs(self) -> Path:
        return self.folder / "logs"

    def _synthesize(self) -> Path:
        inputs = {
            "tools": self.tools,
            "sources": [
                sha256_of(source) for source in (*self.design.sources, *self.design.memory_files)
            ],
            "script": synthesis_commands(self.design, self.target, self.folder / "synthesis"),
        }
        step = Step(self.folder / "synthesis", inputs)
        if not step.done:
            self.progress(f"Synthesize for {self.target.name}", 0)
            log = self._logs / "synthesis.log"
            synthesize(self.design, self.target, out=step.start(), log=log)
            step.finish()
        return step.folder

    def _pack(self, synthesized: Path) -> Sites:
        self.tools["nextpnr"] = nextpnr_version(self.target)
        inputs = {
            "tools": self.tools,
            "netlist": sha256_of(synthesized / NETLIST),
            "target": [self.target.chip, self.target.part],
        }
        step = Step(self.folder / "packing", inputs)
        if not step.done:
            self.progress("Pack", 0)
            log = self._logs / "packing.log"
            pack(synthesized / NETLIST, self.target, out=step.start(), log=log)
            step.finish()
        return read_sites(step.folder)

    def _simulate(self, synthesized: Path) -> NetlistCheck:
        def progress(done: int, total: int) -> None:
            self.progress("Simulate the netlist", done / total)

        progress(0, 1)
        return simulate_netlist(
            self.design,
            self.target,
            synthesized=synthesized,
            out=self.folder / "simulation",
            log=self._logs / "simulation_model.log",
            progress=progress,
        )

    def _place(self, synthesized: Path, cells: dict[str, int]) -> tuple[Speed, tuple[Usage, ...]]:
        options, target = self.options, self.target
        pinned = self._add_pins(synthesized)
        seeds = range(1, options.placements + 1)
        constraints = pin_constraints(target, pinned)
        inputs = {
            "tools": self.tools,
            "netlist": sha256_of(pinned / PINNED),
            "target": [target.chip, target.part, target.pins],
            "speed_grade": choose_speed_grade(target, options.speed_grade),
        }
        goal = options.freq
        if goal is None:
            self.progress("Estimate the clock", 0)
            goal = estimate_frequency(
                pinned / PINNED,
                target,
                out=self.folder / "estimate",
                constraints=constraints,
                speed_grade=options.speed_grade,
                inputs={**inputs, "freq": target.frequency_mhz},
            )
        done = 0

        def finished() -> None:
            nonlocal done
            done += 1
            self.progress("Place and route", done / len(seeds))

        self.progress("Place and route", 0)
        placing = Placing(
            netlist=pinned / PINNED,
            target=target,
            out=self.folder,
            logs=self._logs,
            constraints=constraints,
            speed_grade=options.speed_grade,
            prefix=f"{INSTANCE}.",
            inputs=inputs,
            jobs=options.jobs,
        )
        placements = placing.place(seeds, goal, finished=finished)
        if options.freq is None:
            placements = placing.place_faster(
                placements, goal, begins=lambda: self.progress("Place for a higher clock", 0)
            )
        counting = counting_placement(placements, options.effort)
        frequency = fmax(counting)
        found = {placed.seed: fmax(placed) for placed in placements}
        speed = Speed(
            speed_grade=counting.speed_grade,
            goal_mhz=goal,
            fmax_mhz=frequency,
            seed=counting.seed,
            effort=options.effort,
            seeds=found,
            failed_seeds=tuple(seed for seed in seeds if seed not in found),
            latency_us=round(self.design.latency_cycles / frequency, 3),
            frames_per_second=round(1e6 * frequency / self.design.interval_cycles, 1),
            path=counting.placement.clocks[0].path,
        )
        return speed, count_usage(cells, target, counting.placement.sites)

    def _add_pins(self, synthesized: Path) -> Path:
        inputs = {
            "tools": self.tools,
            "netlist": sha256_of(synthesized / NETLIST),
            "script": pin_commands(self.design, self.target, synthesized, self.folder / "harness"),
            "pins": self.target.pins,
            "floorplan": planned_sites(self.target),
        }
        step = Step(self.folder / "harness", inputs)
        if not step.done:
            self.progress("Add a harness", 0)
            log = self._logs / "harness.log"
            add_pins(self.design, self.target, synthesized=synthesized, out=step.start(), log=log)
            step.finish()
        return step.folder
