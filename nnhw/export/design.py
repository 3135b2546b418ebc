"""Writes a design's folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path

from ..families import DeviceUse
from ..frontend import write_qdq
from ..image import IMAGE_FILE, image_of, write_image
from ..ir import Graph, save_graph
from ..machine import MACHINE_FILE, write_machine
from ..mapping import CycleModel, Program
from ..plugins import Plugin
from ..shell import ShellConfig
from .crossings import constraint_files
from .listing import program_listing
from .manifest import make_manifest
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
    rtl: Mapping[str, str] | None = None,
    networks: Iterable[str] = (),
) -> None:
    """Write rtl/, manifest.json, program.txt, the golden model's graph and model.qdq.onnx; of a
    programmable design its machine and image, too.

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
    rtl
        Text of the Verilog files by name, which are there already; None: they are generated.
    networks
        Folders, in this one, of other networks that the same design runs.
    """
    folder = Path(folder)
    shell = shell or ShellConfig()
    (folder / "rtl").mkdir(exist_ok=True)
    memories = MemoryFiles(program.name)
    if rtl is None:
        verilog = generate_verilog(program, memories if weight_files else None, shell=shell)
        rtl = {f"{program.name}.v": verilog}
    for name, text in (*rtl.items(), *memories.texts.items()):
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
        sources=[f"rtl/{name}" for name in rtl],
        memory_files=[f"rtl/{name}" for name in memories.texts],
        constraint_files=[f"constraints/{name}" for name in constraints],
        plugins=plugins,
        device=device,
        shell=shell,
        networks=networks,
    )
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    (folder / "program.txt").write_text(program_listing(graph, program), encoding="utf-8")
    if program.config.programmable:
        write_machine(program.machine, folder / MACHINE_FILE)
        write_image(image_of(program.machine, program.image), folder / IMAGE_FILE)
    save_graph(graph, folder / "golden.npz")
    write_qdq(graph, folder / "model.qdq.onnx")
