"""The format of image files: little-endian, a CRC-32 for each part.

    offset  bytes
         0      8  magic, "NNHWIMG" and a zero
         8      4  version of the format, 1
        12      4  number of sections
        16     32  SHA-256 of the machine that it is for
        48      4  address of the control register
        52     24  of each section: number, address of its first word, columns of a word, distance
                   of the addresses of two words, number of 32-bit words, CRC-32 of these
         n      4  CRC-32 of all before
       n+4      4  of each 32-bit word, section by section

The w-th word of a section is written to address + (w / columns) * distance + w % columns. CRC-32 is
that of zlib and IEEE 802.3. Of a design with a control bus, section 15 has what registers say about
the network; its addresses have bit 31 set.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from ..budget import need_memory
from ..errors import ExportError
from ..machine import Image, LoadMap, Machine, columns_of, machine_sha256, section_words
from ..registers import DESCRIPTION_BIT, RegisterMap

IMAGE_FILE = "image.bin"
"""The image of an exported programmable design."""
IMAGE_VERSION = 1
CONTROL_RUN = 1
"""What is written to the control register so that the engine runs; 0 stops it."""
REGISTERS_RUN = 3
"""What is written to the register load_control: all is loaded, and is to run."""
DESCRIPTION_SECTION = 15
"""Number of the section that registers are loaded with."""

_MAGIC = b"NNHWIMG\0"
_HEADER = struct.Struct("<8sII32sI")
_SECTION = struct.Struct("<IIIIII")
_CRC = struct.Struct("<I")
_MOST_SECTIONS = 16
_MOST_BYTES = 1 << 30


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedSection:
    """A section of an image file.

    Parameters
    ----------
    number
        See `Section`.
    address, columns, distance
        Of the first word; writes of a word; of the addresses of two words.
    words
        uint32: what is written, in order.
    """

    number: int
    address: int
    columns: int
    distance: int
    words: np.ndarray


@dataclass(frozen=True, kw_only=True)
class LoadRegisters:
    """Where the registers of the block `load` are, in bytes."""

    control: int
    address: int
    data: int

    @classmethod
    def of(cls, registers: RegisterMap) -> LoadRegisters:
        """Those of a design."""
        places = {placed.register.name: placed.address for placed in registers}
        names = {name: places[f"load_{name}"] for name in ("control", "address", "data")}
        return cls(**names)


@dataclass(frozen=True, kw_only=True)
class ImageFile:
    """What is in an image file.

    Parameters
    ----------
    machine_sha256
        Of the machine that it is for, in hexadecimal digits.
    control
        Address of the control register.
    sections
        In the order of loading.
    """

    machine_sha256: str
    control: int
    sections: tuple[LoadedSection, ...]

    def writes(self) -> Iterator[tuple[int, int]]:
        """Address and data of every write, in order."""
        for section in self.sections:
            for index, word in enumerate(section.words.tolist()):
                row, column = divmod(index, section.columns)
                yield section.address + row * section.distance + column, word

    def port_writes(self) -> Iterator[tuple[int, int]]:
        """Those of a load port; the last one lets the engine run."""
        yield from self.writes()
        yield self.control, CONTROL_RUN

    def register_writes(self, registers: LoadRegisters) -> Iterator[tuple[int, int]]:
        """Those of a control bus; the last one lets the engine run."""
        following = None
        yield registers.control, 0
        for address, word in self.writes():
            if address != following:
                yield registers.address, address
            yield registers.data, word
            following = address + 1
        yield registers.control, REGISTERS_RUN


def image_of(machine: Machine, image: Image, registers: RegisterMap | None = None) -> ImageFile:
    """The image file of what a machine's memories are to hold, and its registers if it has any."""
    load_map = LoadMap.of(machine)
    sections = []
    for name, words in section_words(machine, image).items():
        section = load_map.sections[name]
        sections.append(
            LoadedSection(
                number=section.number,
                address=load_map.address(section),
                columns=section.columns,
                distance=1 << section.column_bits,
                words=np.array(columns_of(words, section.columns), np.uint32),
            )
        )
    if registers is not None:
        sections.append(
            LoadedSection(
                number=DESCRIPTION_SECTION,
                address=1 << DESCRIPTION_BIT,
                columns=1,
                distance=1,
                words=np.array(registers.description, np.uint32),
            )
        )
    return ImageFile(
        machine_sha256=machine_sha256(machine, has_registers=registers is not None),
        control=load_map.address(load_map.sections["control"]),
        sections=tuple(sections),
    )


def write_image(image: ImageFile, path: str | PathLike[str]) -> None:
    """Write an image file."""
    head = _HEADER.pack(
        _MAGIC,
        IMAGE_VERSION,
        len(image.sections),
        bytes.fromhex(image.machine_sha256),
        image.control,
    )
    data = [section.words.astype("<u4").tobytes() for section in image.sections]
    for section, words in zip(image.sections, data, strict=True):
        head += _SECTION.pack(
            section.number,
            section.address,
            section.columns,
            section.distance,
            len(section.words),
            zlib.crc32(words),
        )
    Path(path).write_bytes(b"".join([head, _CRC.pack(zlib.crc32(head)), *data]))


def read_image(path: str | PathLike[str]) -> ImageFile:
    """Read an image file.

    Raises
    ------
    ExportError
        If it is missing, no image file, of another version, damaged or cut off; names the part.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise _damaged(path, f"it has more than {_MOST_BYTES >> 20} MiB")
        need_memory(f"Image file '{path}'", 2 * size)
        content = path.read_bytes()
    except OSError as error:
        raise ExportError(f"Image file '{path}' cannot be read: {error.strerror}") from None
    if not content.startswith(_MAGIC):
        raise ExportError(f"'{path}' is no image file: it does not begin with NNHWIMG")
    if len(content) < _HEADER.size:
        raise _damaged(path, "it ends within its header")
    _, version, count, machine, control = _HEADER.unpack_from(content)
    if version != IMAGE_VERSION:
        raise ExportError(
            f"Image file '{path}' has version {version} of the format, and this nnhw reads "
            f"{IMAGE_VERSION}; compile the network again"
        )
    end = _HEADER.size + count * _SECTION.size
    if count > _MOST_SECTIONS or len(content) < end + _CRC.size:
        raise _damaged(path, "it ends within its header")
    if _CRC.unpack_from(content, end)[0] != zlib.crc32(content[:end]):
        raise _damaged(path, "the CRC-32 of its header is another one")
    sections = []
    at = end + _CRC.size
    for index in range(count):
        number, address, columns, distance, words, crc = _SECTION.unpack_from(
            content, _HEADER.size + index * _SECTION.size
        )
        data = content[at : at + 4 * words]
        at += 4 * words
        if len(data) != 4 * words:
            raise _damaged(path, f"it ends within section {number}")
        if zlib.crc32(data) != crc:
            raise _damaged(path, f"the CRC-32 of section {number} is another one")
        if columns < 1 or distance < columns or words % columns:
            raise _damaged(path, f"section {number} is not made of whole words")
        sections.append(
            LoadedSection(
                number=number,
                address=address,
                columns=columns,
                distance=distance,
                words=np.frombuffer(data, "<u4"),
            )
        )
    if at != len(content):
        raise _damaged(path, "there is something behind its last section")
    return ImageFile(machine_sha256=machine.hex(), control=control, sections=tuple(sections))


def _damaged(path: Path, problem: str) -> ExportError:
    return ExportError(
        f"Image file '{path}' is damaged: {problem}; copy it again, or compile the network again"
    )
