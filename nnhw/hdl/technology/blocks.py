"""Memories of any size, made of a device's memory blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..arithmetic import delay


@dataclass(frozen=True, slots=True)
class BlockShape:
    """One way to use a memory block: `depth`, a power of two, words of `width` bits each."""

    depth: int
    width: int

    @property
    def row_width(self) -> int:
        """Bits of a row number."""
        return (self.depth - 1).bit_length()

    def blocks(self, depth: int, width: int) -> int:
        """How many blocks a memory of `depth` words of `width` bits takes."""
        return -(-depth // self.depth) * -(-width // self.width)


class Block(wiring.Component):
    """One memory block: base of the components that hold a vendor's cell.

    Parameters
    ----------
    shape : BlockShape
    words : sequence of int or None
        Contents of a read-only memory, at most `depth`, the others being zero; None: it is written
        and has no contents at first.
    output_register : bool

    Members
    -------
    read_row : In
    read_data : Out
        A cycle later, or two with `output_register`.
    write_enable, write_row, write_data : In
        Unless it is read-only. What a read of the same row in that cycle gives is open.
    """

    def __init__(self, shape: BlockShape, words: Sequence[int] | None, output_register: bool):
        self.shape = shape
        self.words = words
        self.output_register = output_register
        write = {
            "write_enable": In(1),
            "write_row": In(shape.row_width),
            "write_data": In(shape.width),
        }
        super().__init__(
            {
                "read_row": In(shape.row_width),
                "read_data": Out(shape.width),
                **(write if words is None else {}),
            }
        )


class Select(Protocol):
    """`Technology.select`."""

    def __call__(self, m: Module, index: Value, values: Sequence[Value], *, name: str) -> Value: ...


MakeBlock = Callable[[BlockShape, Sequence[int] | None, bool], Any]
"""Makes a `Block` of a device from its three parameters."""


def best_shape(shapes: Sequence[BlockShape], depth: int, width: int) -> BlockShape:
    """The shape that needs the fewest blocks, and of these the one that needs least selection."""

    def cost(shape: BlockShape) -> tuple[int, int]:
        return shape.blocks(depth, width), -(-depth // shape.depth)

    return min(shapes, key=cost)


def block_rom(
    m: Module,
    make: MakeBlock,
    select: Select,
    shape: BlockShape,
    addresses: Sequence[Value],
    *,
    width: int,
    words: Sequence[int],
    output_register: bool,
    name: str,
) -> Value:
    """`Technology.rom` made of blocks, which share out equal `addresses` among them."""
    count = -(-width // shape.width)
    choices = [
        _bank(m, address, shape, output_register, f"{name}_{index}")
        for index, address in enumerate(addresses)
    ]
    columns: list[Value] = []
    for column, low in enumerate(range(0, width, shape.width)):
        mask = (1 << min(shape.width, width - low)) - 1
        share = column * len(addresses) // count
        rows: list[Value] = []
        for start in range(0, len(words), shape.depth):
            bank = words[start : start + shape.depth]
            block = make(shape, [(word >> low) & mask for word in bank], output_register)
            m.submodules[f"{name}_{len(rows)}_{column}"] = block
            m.d.comb += block.read_row.eq(addresses[share])
            rows.append(block.read_data)
        word = f"{name}_word_{column}"
        columns.append(rows[0] if len(rows) == 1 else select(m, choices[share], rows, name=word))
    return Cat(columns)[:width]


def block_ram(
    m: Module,
    make: MakeBlock,
    select: Select,
    shape: BlockShape,
    *,
    read_row: Value,
    write_enable: Value,
    write_row: Value,
    write_data: Value,
    depth: int,
    output_register: bool,
    name: str,
) -> Value:
    """`Technology.ram` made of blocks."""
    width = len(write_data)
    rows: list[Value] = []
    for bank in range(-(-depth // shape.depth)):
        columns: list[Value] = []
        for low in range(0, width, shape.width):
            block = make(shape, None, output_register)
            m.submodules[f"{name}_{bank}_{len(columns)}"] = block
            enable = write_enable
            if depth > shape.depth:
                enable = write_enable & (write_row[shape.row_width :] == bank)
            m.d.comb += [
                block.read_row.eq(read_row),
                block.write_enable.eq(enable),
                block.write_row.eq(write_row),
                block.write_data.eq(write_data[low : low + shape.width]),
            ]
            columns.append(block.read_data)
        rows.append(Cat(columns)[:width])
    if len(rows) == 1:
        return rows[0]
    bank_read = _bank(m, read_row, shape, output_register, name)
    return select(m, bank_read, rows, name=f"{name}_word")


def _bank(m: Module, address: Value, shape: BlockShape, registered: bool, name: str) -> Value:
    """The bank that the word which is there now has been read from."""
    return delay(m, address[shape.row_width :], 2 if registered else 1, name=f"{name}_bank")
