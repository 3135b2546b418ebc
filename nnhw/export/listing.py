"""program.txt: the program as an engineer reads it."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir import Graph, Port, frame_layout
from ..isa import InstructionLayout, disassemble
from ..mapping import Program


def program_listing(graph: Graph, program: Program) -> str:
    """Frames, instruction layouts as fitted to the network, and the disassembled program."""
    config = program.config
    lines = [
        f"Program of {graph.name}: {len(program.layers)} layers",
        "",
        *_frame("Input", graph, graph.inputs, config.input_bytes),
        *_frame("Output", graph, graph.outputs, config.output_bytes),
        "",
    ]
    for title, instructions in program.instructions.items():
        layout = InstructionLayout.fit(instructions)
        lines.append(f"{title.capitalize()} instruction, {layout.width} bits")
        lines += [
            f"  {name:20} {layout.values(name):16} {place.bits}".rstrip()
            for name, place in layout.fields.items()
        ]
        lines.append("")
    for index, layer in enumerate(program.layers):
        operator = layer.operator + (f" + {layer.addition}" if layer.addition else "")
        lines.append(f"{index}: {layer.name} ({operator}) -> {layer.tensor} {layer.shape}")
        for title, instructions in program.instructions.items():
            lines.append(f"  {title:10} {disassemble(instructions[index])}")
    return "\n".join(lines) + "\n"


def _frame(title: str, graph: Graph, ports: Sequence[Port], beat_bytes: int) -> list[str]:
    """What a frame is made of."""
    layout = frame_layout(graph, ports, beat_bytes)
    lines = [f"{title} frame, {layout.beats} beats of {beat_bytes} bytes"]
    for port in ports:
        size, offset = layout.sizes[port.tensor], layout.offsets[port.tensor]
        shape = graph.tensors[port.tensor].shape
        lines.append(f"  byte {offset}: {port.onnx_name} {shape}, {size} bytes")
    return lines
