"""manifest.json: the contract between an exported design and the tools that use it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np

from .. import __version__
from ..families import FAMILIES, DeviceUse
from ..image import IMAGE_FILE, LoadRegisters
from ..ir import FrameLayout, Graph, Port, frame_layout, host_rule, origin_of
from ..machine import MACHINE_FILE, LoadMap, Machine, machine_sha256
from ..mapping import CycleModel, Layer, Program
from ..plugins import FAMILIES as GROUP
from ..plugins import Plugin
from ..registers import RegisterMap
from ..shell import ShellConfig, TopPorts

#: Where the write-back stage is in the exported hierarchy, below the instance of the top module.
_WRITE_BACK = "dut.engine.write_back"


def _engine_streams(*, checked: bool) -> dict[str, dict[str, str]]:
    """The engine's own streams in the exported hierarchy, which a simulation looks at where they
    are not those of the top module."""
    streams = {
        side: {
            "valid": f"dut.engine.{name}_valid",
            "ready": f"dut.engine.{name}_ready",
            "data": f"dut.engine.{name}_payload_data",
            "last": f"dut.engine.{name}_payload_last",
        }
        for side, name in (("input", "frames_in"), ("output", "frames_out"))
    }
    if not checked:
        streams["input"] |= {"data": "dut.engine.frames_in_payload", "last": "1'b0"}
    return streams


def _tensor(graph: Graph, port: Port) -> dict[str, Any]:
    tensor = graph.tensors[port.tensor]
    # Of an input that is more than scaled nobody shall take the scale for all there is to do.
    return {
        "name": port.onnx_name,
        "onnx_shape": list(port.onnx_shape),
        "shape": list(tensor.shape),
        "layout": "HWC",
        "dtype": tensor.q.dtype,
        "bits": tensor.q.bits,
        "scale": None if port.host_preprocess else tensor.q.scale,
        "zero_point": tensor.q.zero_point,
    }


def _stream(graph: Graph, port: Port, layout: FrameLayout) -> dict[str, Any]:
    """A stream, and the first tensor of its frames, which mostly is the only one."""
    return {
        **_tensor(graph, port),
        "stream_bytes": layout.beat_bytes,
        "frame_bytes": layout.size,
    }


def _frame_part(graph: Graph, port: Port, layout: FrameLayout) -> dict[str, Any]:
    """A tensor and its place in a frame."""
    return {
        **_tensor(graph, port),
        "offset": layout.offsets[port.tensor],
        "bytes": layout.sizes[port.tensor],
        "beats": layout.beats_of(port.tensor),
    }


def _preprocess(graph: Graph, port: Port) -> dict[str, Any]:
    """The numbers by which the host makes q of an input: steps, offset and scale."""
    rule = host_rule(port.host_preprocess, graph.tensors[port.tensor].q)
    return {
        "steps": [
            {"operator": step.operator, "operand": _numbers(step.operand)} for step in rule.steps
        ],
        "offset": _numbers(rule.offset),
        "scale": _numbers(rule.scale),
        "zero_point": rule.zero_point,
    }


def _numbers(operand: np.ndarray) -> float | list[float]:
    """One number, or a list in channels-last order."""
    return float(operand[0]) if operand.shape == (1,) else [float(n) for n in operand.ravel()]


def _strips(layer: Layer) -> list[int]:
    """Widths in bytes of the strips that a layer's image is written in; empty without strips."""
    rolls, tiles = layer.drain.rolls, layer.drain.tiles
    if not rolls:
        return []
    columns = layer.shape[1] if layer.area is None else layer.area.columns.count
    row = columns * layer.shape[2] // (layer.drain.pixels + 1)
    full = layer.fetch.tile_x if tiles else row
    return [full] * tiles + [row - full * tiles]


def _block(layer: Layer) -> dict[str, int] | None:
    """The part of its tensor that a layer writes; None if it writes all of it."""
    drain, write_back = layer.drain, layer.write_back
    if layer.area is not None:
        _, width, channels = layer.shape
        area, some = layer.area, layer.area.columns
        return {
            "offset": (area.first_row * width + some.first) * channels,
            "rows": area.rows,
            "columns": some.count,
            "run": channels,
            "pixel_gap": (some.step - 1) * channels,
            "row_gap": (width - 1 - (some.count - 1) * some.step) * channels,
        }
    if not (layer.offset or write_back.pixel_gap or write_back.row_gap):
        return None
    columns = drain.row_pixels + 1
    return {
        "offset": layer.offset,
        "rows": (drain.pixels + 1) // columns,
        "columns": columns,
        "run": layer.nest.results_per_pixel,
        "pixel_gap": write_back.pixel_gap,
        "row_gap": write_back.row_gap,
    }


def _byte_lanes(signal: str, lanes: int, width: int) -> str:
    """Verilog expression: lanes of `width` bits, each sign-extended to a byte."""
    if width == 8:
        return signal
    extended = [
        f"{{{8 - width}{{{signal}[{(lane + 1) * width - 1}]}}}},"
        f" {signal}[{(lane + 1) * width - 1}:{lane * width}]"
        for lane in reversed(range(lanes))
    ]
    return "{" + ", ".join(extended) + "}"


def cell_models(technology: str) -> list[str]:
    """Verilog files of the behaviour of vendor's cells, for simulation only."""
    has_models = technology in FAMILIES and FAMILIES[technology].cell_models
    return [f"sim/cells/{technology}.v"] if has_models else []


def _plugins(
    graph: Graph, technology: str, plugins: Iterable[Plugin]
) -> list[dict[str, str | bool]]:
    """Plug-ins that a design was made with, and whether it still needs them: for its golden model,
    or as the family of its cells."""
    needed = {origin_of(node) for node in graph.nodes}
    return [
        {
            **asdict(plugin),
            "needed": plugin in needed or (plugin.group, plugin.name) == (GROUP, technology),
        }
        for plugin in sorted(plugins, key=str)
    ]


def _register_values(registers: RegisterMap | None, shell: ShellConfig) -> dict[str, int]:
    """What the shell has of the registers, if there are any."""
    if registers is None:
        return {}
    entries = {"descriptor_entries": registers.tensor_entries} if shell.has_dma else {}
    return {"address_bits": registers.address_bits, **entries}


def _load(machine: Machine, registers: RegisterMap | None) -> dict[str, Any]:
    """How a programmable design is loaded, and with what."""
    load_map = LoadMap.of(machine)
    return {
        "image": IMAGE_FILE,
        "machine": MACHINE_FILE,
        "machine_sha256": machine_sha256(machine, has_registers=registers is not None),
        "address_bits": load_map.address_bits,
        "banks": load_map.banks,
        "control": load_map.address(load_map.sections["control"]),
        "registers": None if registers is None else asdict(LoadRegisters.of(registers)),
    }


def make_manifest(
    graph: Graph,
    program: Program,
    cycles: CycleModel,
    *,
    model_sha256: str,
    sources: list[str],
    memory_files: list[str],
    memories: list[dict[str, Any]],
    constraint_files: list[str],
    plugins: Iterable[Plugin] = (),
    device: DeviceUse | None = None,
    shell: ShellConfig,
    ports: TopPorts,
    packaging: list[str],
    registers: RegisterMap | None = None,
    networks: Iterable[str] = (),
) -> dict[str, Any]:
    """The manifest of a design.

    Parameters
    ----------
    graph
        The integer graph that `program` was mapped from.
    model_sha256
        Digest of the ONNX file.
    sources
        Verilog files, relative to the design's folder.
    memory_files
        Files that the Verilog names in $readmemh, without their folder; relative likewise.
    memories
        All memories; see `ExportedMemory`.
    constraint_files
        Timing constraints of paths between clocks; relative likewise.
    plugins
        Those that it was made with.
    device
        What it takes of the device that it is for; None if it is for none.
    shell
        What surrounds the engine.
    ports
        Of the top module.
    packaging
        Files for other tools, relative likewise.
    registers
        What its control bus reaches, if it has one.
    networks
        Folders, in the design's own, of other networks that it runs.
    """
    config = program.config
    lanes, width = config.lanes, program.widths.activation
    frame_in = frame_layout(graph, graph.inputs, config.input_bytes)
    frame_out = frame_layout(graph, graph.outputs, config.output_bytes)
    return {
        "name": graph.name,
        "top": program.name,
        "sources": sources,
        "memory_files": memory_files,
        "memories": memories,
        "packaging": packaging,
        "ports": ports.to_list(),
        "constraint_files": constraint_files,
        "clock": "clk",
        "stream_clock": shell.stream_clock,
        "reset": shell.reset_port,
        "networks": list(networks),
        "load": _load(program.machine, registers) if config.programmable else None,
        "frame_error": "frame_error" if config.frame_check else None,
        "nnhw_version": __version__,
        "model_sha256": model_sha256,
        "plugins": _plugins(graph, config.technology, plugins),
        "target": config.technology,
        "device": None if device is None else device.to_dict(),
        "cell_models": cell_models(config.technology),
        "input": _stream(graph, graph.inputs[0], frame_in),
        "output": _stream(graph, graph.outputs[0], frame_out),
        "inputs": [
            {
                **_frame_part(graph, port, frame_in),
                "host_preprocess": _preprocess(graph, port),
            }
            for port in graph.inputs
        ],
        "outputs": [
            {
                **_frame_part(graph, port, frame_out),
                "host_postprocess": list(port.host_postprocess),
                "is_operand": port.is_operand,
            }
            for port in graph.outputs
        ],
        "host_postprocess": list(graph.host_postprocess),
        "macs": program.macs,
        "rows": config.rows,
        "cols": config.cols,
        "mac_units": config.mac_units,
        "latency_cycles": cycles.latency_cycles,
        "interval_cycles": cycles.interval_cycles,
        "engine": config.to_dict(),
        "shell": {
            **shell.to_dict(),
            **_register_values(registers, shell),
        },
        "layers": [
            {
                "name": layer.name,
                "tensor": layer.tensor,
                "op": layer.operator,
                "addition": layer.addition,
                "shape": list(layer.shape),
                "size": layer.size,
                "strips": _strips(layer),
                "block": _block(layer),
            }
            for layer in program.layers
        ],
        "trace": {
            "valid": f"{_WRITE_BACK}.valid",
            "layer": f"{_WRITE_BACK}.layer",
            "count": f"{_WRITE_BACK}.count",
            "data": _byte_lanes(f"{_WRITE_BACK}.data", lanes, width),
            "lanes": lanes,
            **(
                _engine_streams(checked=config.frame_check)
                if shell.clocks == "two" or not shell.has_stream_ports
                else {}
            ),
        },
    }
