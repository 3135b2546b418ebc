"""Writes a design's folder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from .. import __version__
from ..families import DeviceUse
from ..frontend import write_qdq
from ..ir import Graph, save_graph
from ..mapping import CycleModel, Program
from ..plugins import Plugin
from ..shell import ShellConfig, TopPorts, port_members
from .crossings import constraint_files
from .listing import program_listing
from .manifest import cell_models, make_manifest
from .packaging import IpBlock, packaging_files
from .register_files import write_drivers, write_register_files
from .register_map import make_register_map
from .verilog import ExportedMemories, generate_verilog


def export_design(
    graph: Graph,
    program: Program,
    cycles: CycleModel,
    folder: str | PathLike[str],
    *,
    model_sha256: str,
    weight_files: bool = False,
    initial: bool = True,
    plugins: Iterable[Plugin] = (),
    device: DeviceUse | None = None,
    shell: ShellConfig | None = None,
    clock_mhz: float = 100,
) -> None:
    """Write rtl/, manifest.json, program.txt, the golden model's graph and model.qdq.onnx, and
    what other tools are told of the design (`nnhw.export.packaging`).

    With a control bus also registers/ and drivers/; see `write_register_files` and
    `write_drivers`.

    Parameters
    ----------
    graph
        The integer graph that `program` was mapped from.
    cycles
        Timing of `program`.
    folder
        Exists; files in it are replaced.
    model_sha256
        Digest of the ONNX file that all of it was made from.
    weight_files
        Whether weights and other large constants stand in .hex files beside the Verilog, not in it.
    initial
        Whether the target has initial contents; see `ExportedMemories`.
    plugins
        Those that it was made with.
    device
        What it takes of the device that it is for; None if it is for none.
    shell
        What surrounds the engine; None: nothing but wires.
    clock_mhz
        What the clock is meant to be.
    """
    folder = Path(folder)
    shell = shell or ShellConfig()
    (folder / "rtl").mkdir(exist_ok=True)
    source = f"rtl/{program.name}.v"
    registers = None
    if shell.bus is not None:
        registers = make_register_map(
            graph, program, cycles, model_sha256=model_sha256, shell=shell
        )
    memories = ExportedMemories(program.name, files=weight_files, initial=initial)
    verilog = generate_verilog(program, memories, shell=shell, registers=registers)
    (folder / source).write_text(verilog, encoding="utf-8")
    if registers is not None:
        write_register_files(registers, folder / "registers")
        write_drivers(registers, folder / "drivers")
    for name, text in memories.texts.items():
        (folder / "rtl" / name).write_text(text, encoding="utf-8")
    memory_files = [f"rtl/{name}" for name in memories.texts]
    ports = TopPorts(port_members(program.machine, shell, registers))
    block = IpBlock(
        name=program.name,
        version=__version__,
        summary=_summary(program),
        ports=ports,
        clock_mhz=clock_mhz,
        sources=(source,),
        memory_files=tuple(memory_files),
        cell_models=tuple(cell_models(program.config.technology)),
    )
    packaging = packaging_files(block)
    crossings = constraint_files(program.name, shell)
    for name, text in {**packaging, **crossings}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    manifest = make_manifest(
        graph,
        program,
        cycles,
        model_sha256=model_sha256,
        sources=[source],
        memory_files=memory_files,
        memories=[memory.to_dict() for memory in memories.memories],
        constraint_files=list(crossings),
        plugins=plugins,
        device=device,
        shell=shell,
        registers=registers,
        ports=ports,
        packaging=list(packaging),
    )
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    (folder / "program.txt").write_text(program_listing(graph, program), encoding="utf-8")
    save_graph(graph, folder / "golden.npz")
    write_qdq(graph, folder / "model.qdq.onnx")


def _summary(program: Program) -> str:
    """A sentence about the design, for tools that list blocks."""
    config = program.config
    return (
        f"accelerator of the neural network {program.name}, {config.rows} x {config.cols} "
        f"multipliers, frames of {program.input_size} bytes in and {program.output_size} out"
    )
