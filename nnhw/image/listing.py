"""Image files as an engineer reads them, and as programs do."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..errors import ExportError
from ..isa import Instruction, disassemble
from ..machine import GEOMETRY, LOAD_BITS, LoadMap, Machine, machine_sha256
from .file import DESCRIPTION_SECTION, ImageFile, LoadedSection


def image_contents(image: ImageFile, machine: Machine) -> dict[str, Any]:
    """What is in an image, as plain values for JSON: machine, sections, geometry, instructions.

    Raises
    ------
    ExportError
        If it is for another machine.
    """
    sections = _sections(image, machine)
    instructions = _instructions(sections, machine)
    return {
        "machine_sha256": image.machine_sha256,
        "control": image.control,
        "sections": [
            {
                "name": name,
                "address": section.address,
                "columns": section.columns,
                "distance": section.distance,
                "words": len(section.words),
            }
            for name, section in sections.items()
        ],
        "geometry": _geometry(sections),
        "instructions": {
            kind: [asdict(instruction) for instruction in some]
            for kind, some in instructions.items()
        },
    }


def image_listing(image: ImageFile, machine: Machine) -> str:
    """Sections, geometry and disassembled program of an image.

    Raises
    ------
    ExportError
        If it is for another machine.
    """
    sections = _sections(image, machine)
    lines = [
        f"Image for the machine {image.machine_sha256}",
        "",
        f"{'section':12} {'address':>10} {'words':>8} {'bytes':>8}",
    ]
    for name, section in sections.items():
        rows = len(section.words) // section.columns
        lines.append(f"{name:12} {section.address:#10x} {rows:8} {4 * len(section.words):8}")
    lines += ["", *(f"{what}: {value}" for what, value in _geometry(sections).items()), ""]
    instructions = _instructions(sections, machine)
    for index in range(max(map(len, instructions.values()), default=0)):
        lines.append(f"{index}:")
        lines += [
            f"  {kind:10} {disassemble(some[index])}"
            for kind, some in instructions.items()
            if index < len(some)
        ]
    return "\n".join(lines) + "\n"


def _sections(image: ImageFile, machine: Machine) -> dict[str, LoadedSection]:
    """Sections by name."""
    has_registers = any(section.number == DESCRIPTION_SECTION for section in image.sections)
    own = machine_sha256(machine, has_registers=has_registers)
    if image.machine_sha256 != own:
        raise ExportError(
            f"The image is for the machine {image.machine_sha256[:16]}, and this one is "
            f"{own[:16]}; compile the network for this design"
        )
    names = {section.number: name for name, section in LoadMap.of(machine).sections.items()}
    names[DESCRIPTION_SECTION] = "registers"
    return {names.get(section.number, "unknown"): section for section in image.sections}


def _geometry(sections: dict[str, LoadedSection]) -> dict[str, int]:
    words = sections["geometry"].words.tolist() if "geometry" in sections else []
    return dict(zip(GEOMETRY, words, strict=False))


def _instructions(
    sections: dict[str, LoadedSection], machine: Machine
) -> dict[str, list[Instruction]]:
    """Instructions by kind."""
    return {
        kind: [layout.decode(word) for word in _words(sections[kind])]
        for kind, layout in machine.limits.layouts.items()
        if kind in sections
    }


def _words(section: LoadedSection) -> list[int]:
    """The words of a section, each of all its columns."""
    columns = section.words.reshape(-1, section.columns).tolist()
    return [
        sum(value << (LOAD_BITS * place) for place, value in enumerate(word)) for word in columns
    ]
