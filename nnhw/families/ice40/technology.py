"""Lattice iCE40 UltraPlus: multipliers SB_MAC16 and memory blocks SB_RAM40_4K.

Ports and parameters as in Lattice's "iCE40 Technology Library" and the technical notes TN1295 (DSP)
and FPGA-TN-02002 (memory). SB_SPRAM256KA is of no use here: it has one port, and the memories of an
engine are read and written in the same cycle.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from amaranth.hdl import (
    Cat,
    ClockSignal,
    Const,
    Instance,
    Module,
    Mux,
    Shape,
    Signal,
    Value,
    signed,
)
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...hdl.arithmetic import delay
from ...hdl.technology.blocks import Block, BlockShape
from ...hdl.technology.device import LEAST_PRODUCT, DeviceTechnology, MultiplierCell
from ...hdl.technology.portable import product_shape
from ..target import Resource
from .family import FAMILY


def _mac16(a: Value, b: Value, product: Signal, signs: tuple[bool, bool], **registers: int):
    """An SB_MAC16 that multiplies and does nothing else."""
    return Instance(
        "SB_MAC16",
        p_A_SIGNED=Const(signs[0], 1),
        p_B_SIGNED=Const(signs[1], 1),
        **{f"p_{name}": Const(value) for name, value in registers.items()},
        i_CLK=ClockSignal(),
        i_CE=1,
        i_A=a,
        i_B=b,
        i_AHOLD=0,
        i_BHOLD=0,
        i_IRSTTOP=0,
        i_IRSTBOT=0,
        o_O=product,
    )


class Multiplier(MultiplierCell):
    """The product of two values out of an SB_MAC16 with `stages` of its registers."""

    def elaborate(self, platform):
        m = Module()
        whole = Signal(32)
        inputs, bytes_ = int(self.stages >= 2), int(self.stages == 3)
        m.submodules.dsp = _mac16(
            _extended(self.a, 16),
            _extended(self.b, 16),
            whole,
            (self.a.shape().signed, self.b.shape().signed),
            A_REG=inputs,
            B_REG=inputs,
            TOP_8x8_MULT_REG=bytes_,
            BOT_8x8_MULT_REG=bytes_,
            PIPELINE_16x16_MULT_REG1=bytes_,
            PIPELINE_16x16_MULT_REG2=1,
            TOPOUTPUT_SELECT=3,
            BOTOUTPUT_SELECT=3,
            MODE_8x8=0,
        )
        m.d.comb += self.product.eq(whole)
        return m


class PairMultiplier(wiring.Component):
    """Two products of bytes out of one SB_MAC16 with `stages` of its registers.

    Parameters
    ----------
    a, b : Shape
        Of at most 8 bits, the same for both products.
    stages : int
        1 or 2.

    Members
    -------
    a_0, b_0, a_1, b_1 : In
    product_0, product_1 : Out
        `stages` cycles later.
    """

    def __init__(self, a: Shape, b: Shape, stages: int):
        self.stages = stages
        product = product_shape(a, b)
        super().__init__(
            {
                **{"a_0": In(a), "b_0": In(b), "a_1": In(a), "b_1": In(b)},
                **{"product_0": Out(product), "product_1": Out(product)},
            }
        )

    def elaborate(self, platform):
        m = Module()
        both = Signal(32)
        m.submodules.dsp = _mac16(
            Cat(_extended(self.a_0, 8), _extended(self.a_1, 8)),
            Cat(_extended(self.b_0, 8), _extended(self.b_1, 8)),
            both,
            (self.a_0.shape().signed, self.b_0.shape().signed),
            A_REG=int(self.stages == 2),
            B_REG=int(self.stages == 2),
            TOP_8x8_MULT_REG=1,
            BOT_8x8_MULT_REG=1,
            PIPELINE_16x16_MULT_REG1=0,
            PIPELINE_16x16_MULT_REG2=0,
            TOPOUTPUT_SELECT=2,
            BOTOUTPUT_SELECT=2,
            MODE_8x8=1,
        )
        m.d.comb += [self.product_0.eq(both[:16]), self.product_1.eq(both[16:])]
        return m


def _extended(value: Value, width: int) -> Value:
    sign = value[-1] if value.shape().signed else Const(0)
    return Cat(value, *[sign] * (width - len(value)))


class BlockRam(Block):
    """A memory block SB_RAM40_4K; it has no output register, so that one of logic follows.

    Parameters and members: see `Block`.
    """

    def elaborate(self, platform):
        m = Module()
        mode = {16: 0, 8: 1, 4: 2, 2: 3}[self.shape.width]
        read, write = Signal(16), Signal(16)
        # a narrow word has every so-many-th bit, the address above the eighth bit says which ones
        step = 16 // self.shape.width
        used = range(step // 2 - (step > 1), 16, step)
        writes = self.words is None
        m.submodules.ram = Instance(
            "SB_RAM40_4K",
            p_READ_MODE=mode,
            p_WRITE_MODE=mode,
            **_initial_values(self.words or (), step),
            i_RCLK=ClockSignal(),
            i_RCLKE=1,
            i_RE=self.read_enable if self.holds else 1,
            i_RADDR=_extended(self.read_row, 11),
            i_WCLK=ClockSignal(),
            i_WCLKE=self.write_enable if writes else 0,
            i_WE=1,
            i_WADDR=_extended(self.write_row, 11) if writes else Const(0, 11),
            i_MASK=Const(0, 16),
            i_WDATA=write,
            o_RDATA=read,
        )
        if writes:
            m.d.comb += Cat(write[bit] for bit in used).eq(self.write_data)
        word = Cat(read[bit] for bit in used)
        m.d.comb += self.read_data.eq(delay(m, word, int(self.output_register), name="register"))
        return m


def _initial_values(words: Sequence[int], step: int) -> dict[str, Const]:
    """Parameters for the contents, 16 rows of 16 bits each, as far as they are not zero."""
    contents = 0
    for row, word in enumerate(words):
        for bit in range(16 // step):
            place = row % 256 * 16 + bit * step + row // 256
            contents |= (word >> bit & 1) << place
    parts = {f"p_INIT_{index:X}": contents >> 256 * index & (1 << 256) - 1 for index in range(16)}
    return {name: Const(part, 256) for name, part in parts.items() if part}


class Ice40(DeviceTechnology):
    """Lattice iCE40 UltraPlus. When its multipliers are used up, products are portable."""

    capacity = Fraction(FAMILY.most(Resource.DSPS))
    adds_beyond_capacity = False
    multiplier_cell = Multiplier
    block_cell = BlockRam
    limb_width = 16
    most_stages = 3
    ram_shapes = (
        BlockShape(256, 16),
        BlockShape(512, 8),
        BlockShape(1024, 4),
        BlockShape(2048, 2),
    )
    rom_shapes = ram_shapes

    def products_a_cell(
        self, activation_width: int, weight_width: int, *, symmetric: bool = False
    ) -> int:
        """See `Technology`."""
        return 2 if _fit_in_pair(activation_width, weight_width) else 1

    def multiply_all(
        self, m: Module, factors: Sequence[tuple[Value, Value]], *, stages: int, name: str
    ) -> list[Value]:
        """See `Technology`. Two products of bytes with the same shapes share an SB_MAC16."""
        products: dict[int, Value] = {}
        for first in range(0, len(factors) - 1, 2):
            pair = factors[first : first + 2]
            if _is_pair(*pair) and self.take(Fraction(1)):
                both = self._pair(m, pair, stages, f"{name}_{first}")
                products |= {first: both[0], first + 1: both[1]}
        return [
            products[index]
            if index in products
            else self.multiply(m, a, b, stages=stages, name=f"{name}_{index}")
            for index, (a, b) in enumerate(factors)
        ]

    def _pair(
        self, m: Module, pair: Sequence[tuple[Value, Value]], stages: int, name: str
    ) -> list[Value]:
        (a, b), _ = pair
        inside = min(stages, 2)
        cell = PairMultiplier(a.shape(), b.shape(), inside)
        m.submodules[f"multiply_{name}"] = cell
        for index, (a, b) in enumerate(pair):
            m.d.comb += [getattr(cell, f"a_{index}").eq(a), getattr(cell, f"b_{index}").eq(b)]
        return [
            delay(m, product, stages - inside, name=f"{name}_{index}")
            for index, product in enumerate((cell.product_0, cell.product_1))
        ]

    def accumulate(
        self,
        m: Module,
        term: Value,
        *,
        enable: Value,
        first: Value,
        start: Value | None = None,
        carry: Value | None = None,
        clear: Value | None = None,
        width: int,
        name: str,
    ) -> Value:
        """See `Technology`. Where the start is zero, one look-up table a bit adds and chooses."""
        if start is not None or carry is not None:
            return super().accumulate(
                m,
                term,
                enable=enable,
                first=first,
                start=start,
                carry=carry,
                clear=clear,
                width=width,
                name=name,
            )
        total = Signal(signed(width), name=name, reset_less=True)
        with m.If(enable):
            m.d.sync += total.eq(Mux(first, term, total + term))
        if clear is not None:
            with m.If(clear):
                m.d.sync += total.eq(0)
        return total


def _is_pair(first: tuple[Value, Value], second: tuple[Value, Value]) -> bool:
    shapes = [tuple(factor.shape() for factor in factors) for factors in (first, second)]
    a, b = shapes[0]
    return _fit_in_pair(a.width, b.width) and shapes[0] == shapes[1]


def _fit_in_pair(a_width: int, b_width: int) -> bool:
    return max(a_width, b_width) <= 8 and a_width + b_width >= LEAST_PRODUCT


TECHNOLOGY = Ice40
