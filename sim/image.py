"""Reads image files: what a programmable design is loaded with to run a network.

docs/architecture.md has the format.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_HEADER = struct.Struct("<8sII32sI")
_SECTION = struct.Struct("<6I")
_CRC = struct.Struct("<I")
_BANK = 4
"""In the register load_control: frames begin in the second bank."""
_BANK_BIT = 30
"""Of an address that is loaded: it is in the second bank."""


class ImageError(Exception):
    """An image file is damaged."""


@dataclass(frozen=True)
class LoadImage:
    """What a design is loaded with.

    Parameters
    ----------
    control
        Address of the load port's control register: 0 stops the design, 1 lets it run.
    sections
        Address of the first word, columns of a word, distance of two words, 32-bit words.
    registers
        Addresses on the control bus of the registers by which it is loaded, by their names in the
        manifest; None: it has a load port.
    banks
        Networks that the design holds.
    """

    control: int
    sections: tuple[tuple[int, int, int, np.ndarray], ...]
    registers: Mapping[str, int] | None = None
    banks: int = 1

    def start(self, bank: int = 0) -> tuple[int, int]:
        """Address and data of the write that lets the design run what was loaded."""
        if self.registers:
            return self.registers["control"], 3 | bank * _BANK
        return self.control, 1

    def writes(self, bank: int = 0) -> Iterator[tuple[int, int]]:
        """Address and data of every write of a word."""
        for address, word in self._words():
            if self.registers:
                yield self.registers["address"], address | bank << _BANK_BIT
                yield self.registers["data"], word
            else:
                yield address, word

    def _words(self) -> Iterator[tuple[int, int]]:
        for address, columns, distance, words in self.sections:
            for index, word in enumerate(words.tolist()):
                row, column = divmod(index, columns)
                yield address + row * distance + column, word


def load_image(path: Path, registers: Mapping[str, int] | None = None, banks: int = 1) -> LoadImage:
    """Read an image file; `registers` and `banks` as in `LoadImage`.

    Raises
    ------
    ImageError
        If it is none, or damaged.
    """
    content = path.read_bytes()
    try:
        magic, version, count, _, control = _HEADER.unpack_from(content)
        if magic != b"NNHWIMG\0" or version != 1:
            raise ImageError(f"'{path}' is no image file of version 1")
        end = _HEADER.size + count * _SECTION.size
        if _CRC.unpack_from(content, end)[0] != zlib.crc32(content[:end]):
            raise ImageError(f"'{path}' is damaged: its header has another CRC-32")
        sections, at = [], end + _CRC.size
        for index in range(count):
            place = _HEADER.size + index * _SECTION.size
            number, address, columns, distance, words, crc = _SECTION.unpack_from(content, place)
            data = content[at : at + 4 * words]
            at += 4 * words
            if len(data) != 4 * words or zlib.crc32(data) != crc:
                raise ImageError(f"'{path}' is damaged: section {number} has another CRC-32")
            sections.append((address, columns, distance, np.frombuffer(data, "<u4")))
    except struct.error:
        raise ImageError(f"'{path}' is damaged: it ends early") from None
    return LoadImage(control, tuple(sections), registers, banks)
