"""program.txt: the program as an engineer reads it."""

from __future__ import annotations

from ..isa import InstructionLayout, disassemble
from ..mapping import Program


def program_listing(program: Program) -> str:
    """Instruction layouts as fitted to the network, and the disassembled program."""
    lines = [f"Program of {program.name}: {len(program.layers)} layers", ""]
    for title, instructions in (
        ("Fetch", program.fetch),
        ("Drain", program.drain),
        ("Write-back", program.write_back),
    ):
        layout = InstructionLayout(instructions)
        lines.append(f"{title} instruction, {layout.width} bits")
        lines += [f"  {name:18} {layout.values(name)}" for name in layout.fields]
        lines.append("")
    for index, layer in enumerate(program.layers):
        lines.append(f"{index}: {layer.name} ({layer.operator}) -> {layer.tensor} {layer.shape}")
        for title, instruction in (
            ("fetch", layer.fetch),
            ("drain", layer.drain),
            ("write-back", layer.write_back),
        ):
            lines.append(f"  {title:10} {disassemble(instruction)}")
    return "\n".join(lines) + "\n"
