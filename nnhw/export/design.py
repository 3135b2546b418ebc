"""Writes a design's folder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from .. import __version__
from ..families import DeviceUse
from ..frontend import write_qdq
from ..image import IMAGE_FILE, image_of, write_image
from ..ir import Graph, save_graph
from ..machine import MACHINE_FILE, write_machine
from ..mapping import CycleModel, Program
from ..plugins import Plugin
from ..registers import RegisterMap
from ..shell import ShellConfig, TopPorts, port_members
from .crossings import constraint_files
from .listing import program_listing
from .manifest import cell_models, make_manifest
from .packaging import IpBlock, packaging_files
from .register_files import write_drivers, write_register_files
from .register_map import make_register_map
from .rtl import Rtl, make_rtl
from .verilog import Hierarchy


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A design that was exported.

    Parameters
    ----------
    ports
        Of the top module.
    netlist
        What its Verilog was written from; None if that was read from files.
    registers
        What its control bus reaches, if it has one.
    """

    ports: TopPorts
    netlist: Hierarchy | None
    registers: RegisterMap | None = None


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
    rtl: Rtl | None = None,
    networks: Iterable[str] = (),
    is_further: bool = False,
) -> Exported:
    """Write rtl/, manifest.json, program.txt, the golden model's graph and model.qdq.onnx, and
    what other tools are told of the design (`nnhw.export.packaging`); of a programmable design its
    machine and image, too.

    With a control bus also registers/ and drivers/; see `write_register_files` and
    `write_drivers`. For a further network of a design that is there, they and what other tools are
    told stand in that design's folder only.

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
    rtl
        Verilog that is there already; None: it is generated.
    networks
        Folders, in this one, of other networks that the same design runs.
    is_further
        Whether the design is there, and this is a further network for it.

    Returns
    -------
    Exported
        What it is that was written.
    """
    folder = Path(folder)
    shell = shell or ShellConfig()
    (folder / "rtl").mkdir(exist_ok=True)
    registers = None
    if shell.bus is not None:
        registers = make_register_map(
            graph, program, cycles, model_sha256=model_sha256, shell=shell
        )
    if registers is not None and not is_further:
        write_register_files(registers, folder / "registers")
        write_drivers(registers, folder / "drivers")
    if rtl is None:
        rtl = make_rtl(
            program, weight_files=weight_files, initial=initial, shell=shell, registers=registers
        )
    for name, text in (*rtl.sources.items(), *rtl.contents.items()):
        (folder / "rtl" / name).write_text(text, encoding="utf-8")
    ports = TopPorts(port_members(program.machine, shell, registers))
    block = IpBlock(
        name=program.name,
        version=__version__,
        summary=_summary(program),
        ports=ports,
        clock_mhz=clock_mhz,
        sources=tuple(f"rtl/{name}" for name in rtl.sources),
        memory_files=tuple(f"rtl/{name}" for name in rtl.contents),
        cell_models=tuple(cell_models(program.config.technology)),
        programmable=program.config.programmable,
    )
    packaging = {} if is_further else packaging_files(block)
    crossings = (
        {}
        if is_further
        else constraint_files(
            program.name,
            shell,
            loaded=program.config.programmable,
            parity=program.config.parity,
        )
    )
    for name, text in {**packaging, **crossings}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    manifest = make_manifest(
        graph,
        program,
        cycles,
        model_sha256=model_sha256,
        sources=list(block.sources),
        memory_files=list(block.memory_files),
        memories=list(rtl.memories),
        constraint_files=list(crossings),
        plugins=plugins,
        device=device,
        shell=shell,
        registers=registers,
        ports=ports,
        packaging=list(packaging),
        networks=networks,
    )
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    (folder / "program.txt").write_text(program_listing(graph, program), encoding="utf-8")
    if program.config.programmable:
        write_machine(program.machine, folder / MACHINE_FILE)
        image = image_of(program.machine, program.image, registers)
        write_image(image, folder / IMAGE_FILE)
    save_graph(graph, folder / "golden.npz")
    write_qdq(graph, folder / "model.qdq.onnx")
    return Exported(ports=ports, netlist=rtl.netlist, registers=registers)


def _summary(program: Program) -> str:
    """A sentence about the design, for tools that list blocks."""
    config = program.config
    array = f"{config.rows} x {config.cols} multipliers"
    if config.programmable:  # whatever network it is loaded with
        return f"programmable accelerator of neural networks, {array}"
    return (
        f"accelerator of the neural network {program.name}, {array}, frames of "
        f"{program.input_size} bytes in and {program.output_size} out"
    )
