"""What the registers of a design say about it."""

from __future__ import annotations

from ..ir import FrameLayout, Graph, Port, frame_layout, host_rule
from ..mapping import CycleModel, Program
from ..registers import ABI_MAJOR, ABI_MINOR, MAGIC, RegisterMap, TensorEntry
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
    """
    config, widths = program.config, program.widths
    frame_in = frame_layout(graph, graph.inputs, config.input_bytes)
    frame_out = frame_layout(graph, graph.outputs, config.output_bytes)
    digest = bytes.fromhex(model_sha256)
    features = (config.frame_check, True, shell.bus_errors)
    return RegisterMap(
        name=program.name,
        constants={
            "magic": MAGIC,
            "abi": ABI_MINOR | ABI_MAJOR << 16,
            "array": config.rows | config.cols << 16,
            "bits": widths.activation | widths.weight << 8,
            **{
                f"model_hash_{word}": int.from_bytes(digest[_WORD * word :][:_WORD], "little")
                for word in range(8)
            },
            "features": sum(has << bit for bit, has in enumerate(features)),
            "stream_bytes": config.input_bytes | config.output_bytes << 8,
            "input_beats": frame_in.beats,
            "output_beats": frame_out.beats,
            "latency": cycles.latency_cycles,
            "interval": cycles.interval_cycles,
            "tensor_counts": len(graph.inputs) | len(graph.outputs) << 8,
        },
        tensors=(
            *(_entry(graph, port, frame_in, is_output=False) for port in graph.inputs),
            *(_entry(graph, port, frame_out, is_output=True) for port in graph.outputs),
        ),
    )


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
