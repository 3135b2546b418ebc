"""What the registers of a design say about it."""

from __future__ import annotations

from ..errors import MappingError
from ..ir import FrameLayout, Graph, Port, frame_layout, host_rule
from ..machine import machine_sha256
from ..mapping import CycleModel, EngineConfig, Program
from ..registers import (
    ABI_MAJOR,
    ABI_MINOR,
    DMA_CAUSES,
    LOADED_TENSORS,
    MAGIC,
    WINDOW_WORDS,
    RegisterMap,
    TensorEntry,
)
from ..shell import ShellConfig

_WORD = 4


def make_register_map(
    graph: Graph, program: Program, cycles: CycleModel, *, model_sha256: str, shell: ShellConfig
) -> RegisterMap:
    """The register map of a design that has a control bus.

    Parameters
    ----------
    graph
        The integer graph that `program` was mapped from.
    cycles
        Timing of `program`.
    model_sha256
        Digest of the ONNX file, hexadecimal.
    shell
        What surrounds the engine.

    Raises
    ------
    MappingError
        If the design is programmable, and the network has more tensors than its registers.
    """
    config, widths = program.config, program.widths
    frame_in = frame_layout(graph, graph.inputs, config.input_bytes)
    frame_out = frame_layout(graph, graph.outputs, config.output_bytes)
    is_loaded = config.programmable
    tensors = len(graph.inputs) + len(graph.outputs)
    if is_loaded and tensors > LOADED_TENSORS:
        raise MappingError(
            f"Network '{graph.name}' has {tensors} inputs and outputs, and the registers of a "
            f"programmable design have room for {LOADED_TENSORS}; drop bus, or programmable"
        )
    entries = LOADED_TENSORS if is_loaded else tensors
    machine = machine_sha256(program.machine, has_registers=True) if is_loaded else "00" * 32
    has_queue = is_loaded and shell.has_registers_apart
    features = (
        *(config.frame_check, True, shell.bus_errors),
        *(is_loaded, config.parity, has_queue, shell.is_mapped, shell.has_dma),
        config.program_banks > 1,
    )
    return RegisterMap(
        name=program.name,
        constants={
            "magic": MAGIC,
            "abi": ABI_MINOR | ABI_MAJOR << 16,
            "array": config.rows | config.cols << 16,
            "bits": widths.activation | widths.weight << 8,
            "memory_bus": shell.memory_address_bits | entries << 8 if shell.has_dma else 0,
            **_hash("model_hash", model_sha256),
            "features": sum(has << bit for bit, has in enumerate(features)),
            "stream_bytes": config.input_bytes | config.output_bytes << 8,
            "input_beats": frame_in.beats,
            "output_beats": frame_out.beats,
            "latency": cycles.latency_cycles,
            "interval": cycles.interval_cycles,
            "tensor_counts": len(graph.inputs) | len(graph.outputs) << 8,
            "window_words": (WINDOW_WORDS | WINDOW_WORDS << 16) * shell.is_mapped,
            **_hash("machine_hash", machine),
        },
        tensors=(
            *(_entry(graph, port, frame_in, is_output=False) for port in graph.inputs),
            *(_entry(graph, port, frame_out, is_output=True) for port in graph.outputs),
        ),
        absent=_absent(config, shell),
        is_loaded=is_loaded,
    )


def _absent(config: EngineConfig, shell: ShellConfig) -> frozenset[str]:
    """Blocks and fields of what a design does not have."""
    of_parts = (
        (config.programmable, {"load", "error_cause.load_refused"}),
        (config.parity, {"error_cause.parity"}),
        (config.program_banks > 1, {"load_control.bank", "load_status.free"}),
        (shell.is_mapped, {"window", "error_cause.window_full", "error_cause.window_empty"}),
        (shell.has_dma, {"dma", *(f"error_cause.{cause}" for cause in DMA_CAUSES)}),
    )
    return frozenset().union(*(names for is_there, names in of_parts if not is_there))


def _hash(name: str, sha256: str) -> dict[str, int]:
    """The registers of a hash in hexadecimal digits."""
    digest = bytes.fromhex(sha256)
    return {
        f"{name}_{word}": int.from_bytes(digest[_WORD * word :][:_WORD], "little")
        for word in range(8)
    }


def _entry(graph: Graph, port: Port, layout: FrameLayout, *, is_output: bool) -> TensorEntry:
    """A tensor as the table has it."""
    tensor = graph.tensors[port.tensor]
    rule = host_rule(port.host_preprocess, tensor.q)
    is_scalar = rule.offset.size == rule.scale.size == 1 and not rule.steps
    needs_rule = bool(port.host_preprocess)
    return TensorEntry(
        name=port.onnx_name,
        is_output=is_output,
        offset=layout.offsets[port.tensor],
        size=layout.sizes[port.tensor],
        shape=tensor.shape,
        bits=tensor.q.bits,
        is_signed=tensor.q.signed,
        zero_point=tensor.q.zero_point,
        scale=tensor.q.scale,
        host_offset=float(rule.offset[0]) if needs_rule and is_scalar else None,
        host_scale=float(rule.scale[0]) if needs_rule and is_scalar else None,
        host_table=needs_rule and not is_scalar,
        postprocess=port.host_postprocess,
    )
