"""Memories of any size, made of a device's memory blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In

from ..arithmetic import delay
from .memory_module import MemoryModule


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


class Block(MemoryModule):
    """One memory block: base of the components that hold a vendor's cell.

    Parameters
    ----------
    shape : BlockShape
    words : sequence of int or None
        See `MemoryModule`, as for members.
    output_register : bool
        Whether the cell's own is used, a cycle more of latency.
    holds : bool
        Whether what was read stays until something else is to be read, and what the output register
        has until it is to take another word.

    Members
    -------
    read_enable, register_enable : In(1)
        If it holds: read; take what was read, if there is an output register.

    The others are those of `MemoryModule`.
    """

    def __init__(
        self,
        shape: BlockShape,
        words: Sequence[int] | None,
        output_register: bool,
        holds: bool = False,
    ):
        self.shape = shape
        self.output_register = output_register
        self.holds = holds
        self.latency = 2 if output_register else 1
        enables = ("read_enable", "register_enable")[: self.latency] if holds else ()
        more = dict.fromkeys(enables, In(1))
        super().__init__(depth=shape.depth, width=shape.width, words=words, more=more)


class Select(Protocol):
    """`Technology.select`."""

    def __call__(self, m: Module, index: Value, values: Sequence[Value], *, name: str) -> Value: ...


MakeBlock = Callable[[BlockShape, Sequence[int] | None, bool, bool], Any]
"""Makes a `Block` of a device from its parameters."""


def best_shape(shapes: Sequence[BlockShape], depth: int, width: int) -> BlockShape:
    """The shape that needs the fewest blocks, and of these the one that needs least selection."""

    def cost(shape: BlockShape) -> tuple[int, int]:
        return shape.blocks(depth, width), -(-depth // shape.depth)

    return min(shapes, key=cost)


@dataclass(frozen=True, slots=True)
class Bank:
    """Blocks of one shape side by side, which hold the words of a memory from `start` on."""

    shape: BlockShape
    start: int


def choose_banks(shapes: Sequence[BlockShape], depth: int, width: int) -> tuple[Bank, ...]:
    """The banks, deep ones first, that need the fewest blocks, and of these the fewest banks.

    A memory that is a little deeper than a block of one shape has its last words in one of another.
    """
    banks = []
    start = 0
    for shape in _bank_shapes(shapes, depth, width):
        banks.append(Bank(shape, start))
        start += shape.depth
    return tuple(banks)


def _bank_shapes(shapes: Sequence[BlockShape], depth: int, width: int) -> list[BlockShape]:
    options = []
    for shape in shapes:
        full, rest = divmod(depth, shape.depth)
        options.append([shape] * (full + bool(rest)))
        smaller = [other for other in shapes if other.depth < shape.depth]
        if full and rest and smaller:
            options.append([shape] * full + _bank_shapes(smaller, rest, width))
    return min(options, key=lambda found: (_count(found, width), len(found)))


def _count(shapes: Sequence[BlockShape], width: int) -> int:
    return sum(-(-width // shape.width) for shape in shapes)


def count_blocks(banks: Sequence[Bank], width: int) -> int:
    """Blocks of all banks, of words of `width` bits."""
    return _count([bank.shape for bank in banks], width)


def block_rom(
    m: Module,
    make: MakeBlock,
    select: Select,
    banks: Sequence[Bank],
    addresses: Sequence[Value],
    *,
    width: int,
    words: Sequence[int],
    output_register: bool,
    name: str,
) -> Value:
    """`Technology.rom` made of blocks, which share out equal `addresses` among them."""
    read = []
    for number, bank in enumerate(banks):
        shape = bank.shape
        held = words[bank.start : bank.start + shape.depth]
        columns: list[Value] = []
        for column, low in enumerate(range(0, width, shape.width)):
            mask = (1 << min(shape.width, width - low)) - 1
            block = make(shape, [(word >> low) & mask for word in held], output_register, False)
            m.submodules[f"{name}_{number}_{column}"] = block
            share = column * len(addresses) // -(-width // shape.width)
            m.d.comb += block.read_row.eq(addresses[share])
            columns.append(block.read_data)
        read.append(Cat(columns)[:width])
    if len(banks) == 1:
        return read[0]
    choices = [
        _chosen_bank(m, address, banks, output_register, f"{name}_{index}")
        for index, address in enumerate(addresses)
    ]
    # what one address reads is chosen by a register of its own
    piece = max(bank.shape.width for bank in banks)
    pieces = []
    for column, low in enumerate(range(0, width, piece)):
        share = column * len(addresses) // -(-width // piece)
        values = [word[low : low + piece] for word in read]
        pieces.append(select(m, choices[share], values, name=f"{name}_word_{column}"))
    return Cat(pieces)


def block_ram(
    m: Module,
    make: MakeBlock,
    select: Select,
    banks: Sequence[Bank],
    *,
    read_row: Value,
    write_enable: Value,
    write_row: Value,
    write_data: Value,
    output_register: bool,
    read_enable: Value | None,
    register_enable: Value | None,
    name: str,
) -> Value:
    """`Technology.ram` made of blocks; of just one bank if it has a `register_enable`."""
    holds = read_enable is not None
    assert len(banks) == 1 or register_enable is None
    width = len(write_data)
    rows: list[Value] = []
    for number, bank in enumerate(banks):
        enable = write_enable
        if len(banks) > 1:
            enable = write_enable & (_bank_of(write_row, banks) == number)
        columns: list[Value] = []
        for low in range(0, width, bank.shape.width):
            block = make(bank.shape, None, output_register, holds)
            m.submodules[f"{name}_{number}_{len(columns)}"] = block
            m.d.comb += [
                block.read_row.eq(read_row),
                block.write_enable.eq(enable),
                block.write_row.eq(write_row),
                block.write_data.eq(write_data[low : low + bank.shape.width]),
            ]
            if read_enable is not None:
                m.d.comb += block.read_enable.eq(read_enable)
                if output_register:
                    takes = Const(1) if register_enable is None else register_enable
                    m.d.comb += block.register_enable.eq(takes)
            columns.append(block.read_data)
        rows.append(Cat(columns)[:width])
    if len(rows) == 1:
        return rows[0]
    bank_read = _chosen_bank(m, read_row, banks, output_register, name, read_enable)
    return select(m, bank_read, rows, name=f"{name}_word")


def _chosen_bank(
    m: Module,
    address: Value,
    banks: Sequence[Bank],
    registered: bool,
    name: str,
    read_enable: Value | None = None,
) -> Value:
    """The bank that the word which is there now has been read from."""
    bank = _bank_of(address, banks)
    if read_enable is not None:
        read = Signal.like(bank, name=f"{name}_bank_read", reset_less=True)
        with m.If(read_enable):
            m.d.sync += read.eq(bank)
        return delay(m, read, int(registered), name=f"{name}_bank")
    return delay(m, bank, 2 if registered else 1, name=f"{name}_bank")


def _bank_of(address: Value, banks: Sequence[Bank]) -> Value:
    """Number of the bank that holds the word of an address."""
    smallest = banks[-1].shape
    high = address[smallest.row_width :]
    if banks[0].shape == smallest:
        return high
    number: Value = Const(0, range(len(banks)))
    for index, bank in enumerate(banks[1:], start=1):
        number = Mux(high >= bank.start // smallest.depth, Const(index, range(len(banks))), number)
    return number
