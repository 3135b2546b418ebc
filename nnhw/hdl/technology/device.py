"""What the technologies of devices have in common: when a request is worth a vendor's cell."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from amaranth.hdl import Module, Shape, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..arithmetic import delay
from .blocks import (
    Block,
    BlockShape,
    best_shape,
    block_ram,
    block_rom,
    choose_banks,
    count_blocks,
)
from .limbs import limb_product, short_product
from .portable import Technology, product_shape, registered

LEAST_PRODUCT = 9
"""Bits of a product from which on it takes a multiplier: the threshold of Yosys's own mapping."""
_LEAST_ROM = 33
"""Words of a read-only memory from which on it takes blocks: fewer fit into a few look-up tables
a bit."""
_BLOCKS_AN_ADDRESS = 6
"""Blocks of a memory that share an address register."""
_LEAST_RAM = 65
"""Rows of a memory from which on it takes blocks: for fewer, devices have small memories."""
_LEAST_FILLED = 1024
"""Bits that the blocks of a memory of fewer rows have to hold each."""


class MultiplierCell(wiring.Component):
    """The product of two values out of a vendor's cell with `stages` of its registers.

    Parameters
    ----------
    a, b : Shape
        Of at most `DeviceTechnology.limb_width` bits.
    stages : int
        1 to `DeviceTechnology.most_stages`.

    Members
    -------
    a, b : In
    product : Out
        As wide as both together, `stages` cycles later.
    """

    def __init__(self, a: Shape, b: Shape, stages: int):
        self.stages = stages
        super().__init__({"a": In(a), "b": In(b), "product": Out(product_shape(a, b))})


class DeviceTechnology(Technology):
    """A technology whose device has multipliers and memory blocks.

    Attributes
    ----------
    multiplier_cell : type of MultiplierCell
    block_cell : type of Block
        A memory block with the vendor's cell; only where there are `rom_shapes` or `ram_shapes`.
    limb_width : int
        Bits of a factor, signed or unsigned. Wider ones are split, if the stages suffice.
    most_stages : int
        Registers in a multiplier. Further ones follow it.
    rom_shapes, ram_shapes : tuple of BlockShape
        Organizations of a memory block; empty if these memories are left to the synthesizer.
    expected_shapes : tuple of BlockShape
        Organizations that the synthesizer has, if memories are left to it.
    blocks_hold : bool
        Whether output registers of memory blocks have an enable.
    capacity : Fraction or None
        Multipliers that can be had; None if they are not counted.
    adds_beyond_capacity : bool
        Whether products beyond are made by adding; else they are left to the synthesizer.
    is_share : bool
        Whether `capacity` is that of a part of a design; see `share`.
    """

    capacity: Fraction | None = None
    adds_beyond_capacity = True
    is_share = False
    multiplier_cell: type[MultiplierCell]
    block_cell: type[Block]
    limb_width: int
    most_stages: int
    rom_shapes: tuple[BlockShape, ...] = ()
    ram_shapes: tuple[BlockShape, ...] = ()
    expected_shapes: tuple[BlockShape, ...] = ()
    blocks_hold = False

    def __init__(self) -> None:
        super().__init__()
        self._spare = 0

    @property
    def multipliers_left(self) -> Fraction | None:
        """See `Technology`."""
        if self.capacity is None or not self.is_share:
            return None
        return self.capacity - self.cells.multipliers

    def share(self, multipliers: Fraction | None) -> DeviceTechnology:
        """See `Technology`."""
        made = type(self)()
        made.capacity = multipliers
        made.adds_beyond_capacity = made.is_share = True
        return made

    def multiplier_size(self, a: Shape, b: Shape) -> Fraction:
        """How much of a multiplier, as data sheets count them, the product of two shapes takes."""
        return Fraction(1)

    def take(self, size: Fraction) -> bool:
        """Take so much of the multipliers; False if there is not so much left."""
        if self.capacity is not None and self.capacity - self.cells.multipliers < size:
            return False
        self.cells.multipliers += size
        return True

    def multiplier(self, m: Module, a: Value, b: Value, stages: int, name: str) -> Value:
        """The product out of one multiplier, `stages` cycles later.

        Parameters
        ----------
        a, b
            Of at most `limb_width` bits.
        stages
            1 to `most_stages`.
        """
        m.submodules[f"multiply_{name}"] = cell = self.multiplier_cell(a.shape(), b.shape(), stages)
        m.d.comb += [cell.a.eq(a), cell.b.eq(b)]
        return cell.product

    def multipliers_there(self, products: int) -> Fraction | None:
        """Those of the device, or of the part of a design, that is to have so many products; None
        if that is not known."""
        return self.capacity if self.is_share else None

    def reserve(self, products: int) -> None:
        """See `Technology`."""
        there = self.multipliers_there(products)
        self._spare = 0 if there is None else int(there) - products

    def take_spare(self) -> bool:
        """Whether a multiplier is left that no product has to have; it is taken then."""
        self._spare -= 1
        return self._spare >= 0

    def _block(
        self, shape: BlockShape, words: Sequence[int] | None, output_register: bool, holds: bool
    ) -> Block:
        self.cells.blocks += 1
        return self.block_cell(shape, words, output_register, holds)

    def _expect(self, depth: int, width: int) -> None:
        """Count the blocks of a memory that is left to the synthesizer."""
        if self.expected_shapes:
            shape = best_shape(self.expected_shapes, depth, width)
            self.cells.expected_blocks += shape.blocks(depth, width)

    def multiply(self, m: Module, a: Value, b: Value, *, stages: int, name: str) -> Value:
        """See `Technology`. Narrow products, and wide ones of too few stages, are portable."""
        product = None
        if len(a * b) >= LEAST_PRODUCT:
            product = limb_product(
                m,
                a,
                b,
                self._narrow,
                add=self.add,
                add_gated=self.add_gated,
                take_spare=self.take_spare,
                limb_width=self.limb_width,
                stages=stages,
                name=name,
            )
        return super().multiply(m, a, b, stages=stages, name=name) if product is None else product

    def _narrow(self, m: Module, a: Value, b: Value, stages: int, name: str) -> Value:
        if not self.take(self.multiplier_size(a.shape(), b.shape())):
            if not self.adds_beyond_capacity:
                return super().multiply(m, a, b, stages=stages, name=name)
            self.cells.added_products += 1
            return short_product(m, a, b, stages, name, add=self.add, add_gated=self.add_gated)
        inside = min(stages, self.most_stages)
        product = self.multiplier(m, a, b, inside, name)
        return delay(m, product, stages - inside, name=name)

    def rom(
        self,
        m: Module,
        address: Value,
        *,
        width: int,
        words: Sequence[int],
        address_stages: int,
        output_register: bool,
        name: str,
    ) -> Value:
        """See `Technology`. Small memories are portable."""
        if not self.rom_shapes or len(words) < _LEAST_ROM:
            if len(words) >= _LEAST_ROM:
                self._expect(len(words), width)
            return super().rom(
                m,
                address,
                width=width,
                words=words,
                address_stages=address_stages,
                output_register=output_register,
                name=name,
            )
        banks = choose_banks(self.rom_shapes, len(words), width)
        addresses = self.fan_out(
            m,
            address,
            stages=address_stages,
            leaves=-(-count_blocks(banks, width) // _BLOCKS_AN_ADDRESS),
            name=f"{name}_address",
        )
        return block_rom(
            m,
            self._block,
            self.select,
            banks,
            addresses,
            width=width,
            words=words,
            output_register=output_register,
            name=name,
        )

    def ram(
        self,
        m: Module,
        *,
        read_row: Value,
        write_enable: Value,
        write_row: Value,
        write_data: Value,
        depth: int,
        output_register: bool,
        read_enable: Value | None = None,
        register_enable: Value | None = None,
        name: str,
    ) -> Value:
        """See `Technology`. Small memories are portable."""
        ports = {
            "read_row": read_row,
            "write_enable": write_enable,
            "write_row": write_row,
            "write_data": write_data,
        }
        width = len(write_data)
        shapes = self.ram_shapes or self.expected_shapes
        banks = choose_banks(shapes, depth, width) if shapes else ()
        is_small = banks and (
            depth < _LEAST_RAM and depth * width < _LEAST_FILLED * count_blocks(banks, width)
        )
        if not banks or is_small or not self.ram_shapes:
            if not is_small:
                self._expect(depth, width)
            return super().ram(
                m,
                **ports,
                depth=depth,
                output_register=output_register,
                read_enable=read_enable,
                register_enable=register_enable,
                name=name,
            )
        # what several banks have read is chosen before it is held
        is_inside = register_enable is None or (self.blocks_hold and len(banks) == 1)
        read = block_ram(
            m,
            self._block,
            self.select,
            banks,
            **ports,
            output_register=output_register and is_inside,
            read_enable=read_enable,
            register_enable=register_enable if is_inside else None,
            name=name,
        )
        if register_enable is None or is_inside:
            return read
        return registered(m, read, output_register, f"{name}_register", enable=register_enable)
