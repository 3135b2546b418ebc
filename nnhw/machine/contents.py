"""What memories hold to make a machine run a program, word by word."""

from __future__ import annotations

from collections.abc import Iterable

from .load_map import LOAD_BITS, LoadMap
from .machine import Image, Machine


def pack(values: Iterable[int], width: int) -> int:
    """Integers as one unsigned word of `width` bits each, the first one lowest."""
    word = 0
    for index, value in enumerate(values):
        word |= (int(value) & ((1 << width) - 1)) << (index * width)
    return word


def weight_words(machine: Machine, image: Image) -> list[int]:
    """Words of the weight memory, column after column."""
    width = machine.datapath.widths.weight
    return [pack(word.T.ravel().tolist(), width) for word in image.weights]


def parameter_words(machine: Machine, image: Image) -> list[int]:
    """Words of the memory of requantization constants, lane after lane."""
    fields = machine.datapath.parameter_fields
    words = []
    for lanes in image.parameters.tolist():
        word = offset = 0
        for lane in lanes:
            for value, width in zip(lane, fields, strict=True):
                word |= pack([value], width) << offset
                offset += width
        words.append(word)
    return words


def section_words(machine: Machine, image: Image) -> dict[str, list[int]]:
    """By section: what it is loaded with, from its first row on; see `LoadMap`.

    Of sections with parity that is all rows, those that nothing needs with zeros.
    """
    beats = -(-image.frame_bytes // machine.config.input_bytes)
    mask = (1 << machine.datapath.widths.activation) - 1
    words = {
        "geometry": [len(image.instructions["fetch"]) - 1, beats - 1, image.outputs - 1],
        "weights": weight_words(machine, image),
        "parameters": parameter_words(machine, image),
        "tables": [int(value) & mask for table in image.tables for value in table.tolist()],
    }
    for kind, layout in machine.limits.layouts.items():
        words[kind] = [layout.encode(instruction) for instruction in image.instructions[kind]]
    sections = LoadMap.of(machine).sections
    for name, section in sections.items():
        if section.parity:
            words[name] += [0] * (section.rows - len(words[name]))
    return {name: words[name] for name in sections if sections[name].width and words.get(name)}


def columns_of(words: Iterable[int], columns: int) -> list[int]:
    """Words as the load port takes them: `columns` of `LOAD_BITS` each, the lowest bits first."""
    mask = (1 << LOAD_BITS) - 1
    return [word >> (LOAD_BITS * column) & mask for word in words for column in range(columns)]


def load_writes(machine: Machine, image: Image, *, bank: int = 0) -> list[tuple[int, int]]:
    """Address and data of all writes that load an image into a bank that does not run meanwhile."""
    load_map = LoadMap.of(machine)
    writes = []
    for name, words in section_words(machine, image).items():
        section = load_map.sections[name]
        for index, data in enumerate(columns_of(words, section.columns)):
            row, column = divmod(index, section.columns)
            writes.append((load_map.address(section, row, column, bank=bank), data))
    return writes
