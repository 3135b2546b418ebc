"""Writes a design's folder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from ..families import DeviceUse
from ..frontend import write_qdq
from ..ir import Graph, save_graph
from ..mapping import CycleModel, Program
from ..plugins import Plugin
from ..shell import ShellConfig
from .crossings import constraint_files
from .listing import program_listing
from .manifest import make_manifest
from .register_files import write_drivers, write_register_files
from .register_map import make_register_map
from .verilog import MemoryFiles, generate_verilog


def export_design(
    graph: Graph,
    program: Program,
    cycles: CycleModel,
    folder: str | PathLike[str],
    *,
    model_sha256: str,
    weight_files: bool = False,
    plugins: Iterable[Plugin] = (),
    device: DeviceUse | None = None,
    shell: ShellConfig | None = None,
) -> None:
    """Write rtl/, manifest.json, program.txt, the golden model's graph and model.qdq.onnx.

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
    plugins
        Those that it was made with.
    device
        What it takes of the device that it is for; None if it is for none.
    shell
        What surrounds the engine; None: nothing but wires.
    """
    folder = Path(folder)
    shell = shell or ShellConfig()
    (folder / "rtl").mkdir(exist_ok=True)
    source = f"rtl/{program.name}.v"
    memories = MemoryFiles(program.name)
    registers = None
    if shell.bus is not None:
        registers = make_register_map(
            graph, program, cycles, model_sha256=model_sha256, shell=shell
        )
    verilog = generate_verilog(
        program, memories if weight_files else None, shell=shell, registers=registers
    )
    (folder / source).write_text(verilog, encoding="utf-8")
    if registers is not None:
        write_register_files(registers, folder / "registers")
        write_drivers(registers, folder / "drivers")
    for name, text in memories.texts.items():
        (folder / "rtl" / name).write_text(text, encoding="utf-8")
    constraints = constraint_files(program.name, shell)
    if constraints:
        (folder / "constraints").mkdir(exist_ok=True)
    for name, text in constraints.items():
        (folder / "constraints" / name).write_text(text, encoding="utf-8")
    manifest = make_manifest(
        graph,
        program,
        cycles,
        model_sha256=model_sha256,
        sources=[source],
        memory_files=[f"rtl/{name}" for name in memories.texts],
        constraint_files=[f"constraints/{name}" for name in constraints],
        plugins=plugins,
        device=device,
        shell=shell,
        registers=registers,
    )
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    (folder / "program.txt").write_text(program_listing(graph, program), encoding="utf-8")
    save_graph(graph, folder / "golden.npz")
    write_qdq(graph, folder / "model.qdq.onnx")
