"""What a build knows, from step to step."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..conversion import Samples
from ..data import DataSource, MetricFunction
from ..estimates import Estimate
from ..export import Exported, Rtl
from ..ir import Graph
from ..machine import Machine
from ..options import BuildOptions
from ..placement import Placement
from ..plugins import Plugin
from ..reference import Answers
from ..report import BuildReport, Equalization, Quality
from ..shell import ShellConfig
from ..simulate import SimulationResult
from ..staging import Stage
from ..synth import HardwareCosts

Progress = Callable[[str, float], None]
"""Told the running step and the share of it that is done, 0 when it begins."""


@dataclass(frozen=True, kw_only=True)
class GivenDesign:
    """A programmable design that a network has to make do with.

    Parameters
    ----------
    machine
        What it is.
    shell
        What surrounds it.
    top
        Name of its top module.
    rtl
        Its Verilog.
    """

    machine: Machine
    shell: ShellConfig
    top: str
    rtl: Rtl


@dataclass(kw_only=True)
class BuildState:
    """The one value that all steps of a build read and complete.

    Parameters
    ----------
    model
        File.
    data
        Where samples come from; None without.
    options
        What was chosen.
    jobs
        Most processes that simulate.
    progress
        Told how far a step is.
    metrics
        The user's own, by name.
    plugins
        Those in use so far.
    given
        The design that the network is to run on; None: one is made for it.
    networks
        Folders of the other networks of a programmable design, relative to its own.
    build_dir
        Where the simulator is compiled, which is kept; None: in the output folder.

    Attributes
    ----------
    network
        Float graph, as it was read.
    samples
        Data, shared out.
    answers
        What onnxruntime makes of the model file.
    simplified
        Float graph that is quantized.
    whole
        Integer graph with all channels.
    graph
        Integer graph that is built.
    equalization
        Whether channels were equalized; None where there was no choice, or none to make.
    quality
        Accuracy, and what is to be warned of.
    placement
        Engine, program and cycles.
    stage
        The output folder in the making.
    exported
        What was exported.
    estimates
        What the design will probably take of devices.
    files
        What was exported, relative to it.
    simulation
        How it ended; None if nothing was simulated.
    costs
        Of optional hardware; None if they were not asked for.
    report
        What there is to say about the design; None before that.
    """

    model: Path
    data: DataSource | None
    options: BuildOptions
    jobs: int | None = None
    progress: Progress = lambda step, share: None
    metrics: Mapping[str, MetricFunction] = field(default_factory=dict)
    given: GivenDesign | None = None
    networks: tuple[str, ...] = ()
    build_dir: Path | None = None

    network: Graph = field(init=False)
    samples: Samples = field(init=False)
    answers: Answers = field(init=False)
    simplified: Graph = field(init=False)
    whole: Graph = field(init=False)
    graph: Graph = field(init=False)
    equalization: Equalization | None = None
    quality: Quality = field(init=False)
    placement: Placement = field(init=False)
    plugins: set[Plugin] = field(default_factory=set)
    stage: Stage = field(init=False)
    exported: Exported = field(init=False)
    estimates: tuple[Estimate, ...] = ()
    files: tuple[str, ...] = ()
    simulation: SimulationResult | None = None
    costs: HardwareCosts | None = None
    report: BuildReport | None = None


def file_name(path: Path) -> str:
    """A file's name as text that every file can hold: bytes that are none become marks."""
    return os.fsencode(path.name).decode("utf-8", "replace")
