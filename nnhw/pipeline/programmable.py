"""Builds of programmable designs: several networks for one design, and further ones for it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from os import PathLike
from pathlib import Path
from typing import Any

from ..budget import memory_budget
from ..data import Data, data_source
from ..design import read_design, sha256_of
from ..errors import OptionError
from ..export import Rtl, make_register_map, make_rtl
from ..frontend import Model, model_file, verilog_identifier
from ..machine import machine_sha256, read_machine
from ..options import BuildOptions, options_from
from ..placement import place, place_on, programmable_machine
from ..plugins import OPERATORS, chosen_plugins, plugins_in_use
from ..shell import ShellConfig
from ..staging import Stage, staged_folder
from .run import BuildResult, run_steps
from .state import BuildState, GivenDesign, Progress
from .step import Step, find_step, with_plugins
from .steps import STEPS

NETWORKS_FOLDER = "networks"
"""In the folder of a programmable design: a folder for each of its other networks."""

_GIVEN = (
    *("rows", "cols", "requantizers", "lane_groups", "macs", "fps", "latency_us", "target"),
    "technology",
    *("frame_check", "reset", "programmable", "stream_bytes", "keep", "tag_bits", "clocks", "init"),
    *("bus", "bus_errors", "io", "idle", "protect", "banks"),
    *("memory_data_bits", "memory_address_bits", "memory_cache", "memory_prot"),
)
"""Options that a design which is there answers."""


def build_programmable(
    models: Sequence[Model],
    *,
    data: Sequence[Data | None] = (),
    out: str | PathLike[str] | None = None,
    config: BuildOptions | str | PathLike[str] | None = None,
    force: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> tuple[BuildResult, ...]:
    """Build one programmable design for several networks, and prove it right with each.

    The array is chosen for the first network, which gives the design its name; its limits are those
    of all of them, with headroom (`nnhw.machine.Headroom`). The design's folder is that of the
    first network; each other one has a folder of the same form in its folder `networks`.

    Parameters
    ----------
    models
        See `build`; at least one.
    data
        Of each model, in this order; None for a model without. A single one is for all.
    out, config, force, jobs, progress, options
        See `build`.

    Returns
    -------
    tuple of BuildResult
        Of each network.

    Raises
    ------
    NnhwError
        See `build`.
    """
    chosen = options_from(config, {**options, "programmable": True})
    if not models:
        raise OptionError("A programmable design needs at least one model")
    if len(data) not in (0, 1, len(models)):
        raise OptionError(
            f"There are {len(models)} models and data for {len(data)}; give data for each of them, "
            "in the same order, or one that is for all"
        )
    sources = [None if each is None else data_source(each) for each in data]
    sources = sources * len(models) if len(sources) == 1 else sources or [None] * len(models)
    with plugins_in_use() as plugins, ExitStack() as files:
        chosen_plugins(chosen.plugins, OPERATORS)
        steps = with_plugins(STEPS, chosen.plugins)
        states = [
            BuildState(
                model=files.enter_context(model_file(model)),
                data=source,
                options=chosen,
                jobs=jobs,
                progress=progress or (lambda step, share: None),
                plugins=plugins,
            )
            for model, source in zip(models, sources, strict=True)
        ]
        names = [verilog_identifier(state.model.stem) for state in states]
        if twice := [name for name, count in Counter(names).items() if count > 1]:
            raise OptionError(f"Two models are called {twice[0]}; rename one of the files")
        folder = Path("rtl_out", names[0]) if out is None else Path(out)
        with memory_budget(chosen.max_memory):
            _build(states, steps, names, folder, force)
    done = tuple(step.name for step in steps)
    folders = [folder, *(folder / NETWORKS_FOLDER / name for name in names[1:])]
    return tuple(
        BuildResult(folder=where, state=state, steps=done)
        for where, state in zip(folders, states, strict=True)
    )


def _build(
    states: Sequence[BuildState],
    steps: Sequence[Step],
    names: Sequence[str],
    folder: Path,
    force: bool,
) -> None:
    """Run all steps for all networks."""
    place_of_map = find_step(steps, "map")
    for state in states:
        _run(steps[:place_of_map], state)
    first = states[0]
    chosen = place(first.graph, first.options)
    machine = programmable_machine([state.graph for state in states], chosen.engine)
    top = first.graph.name
    placed = place_on(first.graph, machine, first.options, top=top)
    initial = first.options.init == "contents"
    registers = None
    if chosen.shell.bus is not None:  # nothing in the hardware depends on what they say of it
        registers = make_register_map(
            first.graph,
            placed.program,
            placed.cycles,
            model_sha256=sha256_of(first.model),
            shell=chosen.shell,
        )
    rtl = make_rtl(placed.program, initial=initial, shell=chosen.shell, registers=registers)
    given = GivenDesign(machine=machine, shell=chosen.shell, top=top, rtl=rtl)
    first.networks = tuple(f"{NETWORKS_FOLDER}/{name}" for name in names[1:])
    with staged_folder(folder, force=force) as stage:
        for state, name in zip(states, names, strict=True):
            state.given = given
            state.build_dir = stage.folder / "sim" / "sim_build"
            state.stage = stage
            if state is not first:
                state.is_further = True
                inside = Path(NETWORKS_FOLDER, name)
                state.stage = Stage(folder=stage.folder / inside, failed=stage.failed / inside)
                state.stage.folder.mkdir(parents=True)
        for step in steps[place_of_map:]:
            # the first one's checksums are those of all files
            for state in reversed(states):
                _run([step], state)
        shutil.rmtree(stage.folder / "sim" / "sim_build", ignore_errors=True)


def _run(steps: Sequence[Step], state: BuildState) -> None:
    for step in steps:
        if step.applies(state):
            state.progress(step.title, 0)
            step.run(state)


def compile_network(
    model: Model,
    design: str | PathLike[str],
    *,
    data: Data | None = None,
    out: str | PathLike[str] | None = None,
    config: BuildOptions | str | PathLike[str] | None = None,
    force: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> BuildResult:
    """Compile a network for a programmable design that is there, and prove that it runs it.

    The result is a folder like the design's own, with the same Verilog, and image, golden model and
    vectors of the network.

    Parameters
    ----------
    design
        Folder of the programmable design.
    model, data, out, config, force, jobs, progress, options
        See `build`; what the design answers (array, device, shell) cannot be chosen.

    Raises
    ------
    MappingError
        If the design has not all that the network needs; it says what, one line each.
    NnhwError
        See `build`.
    """
    chosen = options_from(config, options)
    plain = BuildOptions()
    for name in _GIVEN:
        if getattr(chosen, name) != getattr(plain, name):
            raise OptionError(f"Option {name} is answered by the design '{design}'; drop it")
    given = _given(Path(design))
    with plugins_in_use() as plugins, model_file(model) as file:
        chosen_plugins(chosen.plugins, OPERATORS)
        state = BuildState(
            model=file,
            data=None if data is None else data_source(data),
            options=chosen,
            jobs=jobs,
            progress=progress or (lambda step, share: None),
            plugins=plugins,
            given=given,
            is_further=True,
        )
        folder = Path("rtl_out", verilog_identifier(file.stem)) if out is None else Path(out)
        return run_steps(state, with_plugins(STEPS, chosen.plugins), 0, folder, force, None)


def _given(folder: Path) -> GivenDesign:
    """A programmable design that is there.

    Raises
    ------
    OptionError
        If it is not programmable.
    ExportError
        If the folder is no design, or its machine is another one than its manifest says.
    """
    exported = read_design(folder)
    load = exported.manifest.get("load")
    if load is None:
        raise OptionError(
            f"'{folder}' is not programmable: what it runs is a part of it; build it again with "
            "--programmable"
        )
    machine = read_machine(exported.folder / load["machine"])
    has_registers = load.get("registers") is not None
    if machine_sha256(machine, has_registers=has_registers) != load["machine_sha256"]:
        raise OptionError(
            f"'{folder}' was built by another version of nnhw, for which the machine is another "
            "one; build it again"
        )
    shell = ShellConfig.from_dict(exported.manifest.get("shell", {}))
    rtl = Rtl(
        sources={path.name: path.read_text(encoding="utf-8") for path in exported.sources},
        memories=exported.manifest["memories"],
    )
    return GivenDesign(machine=machine, shell=shell, top=exported.top, rtl=rtl)
