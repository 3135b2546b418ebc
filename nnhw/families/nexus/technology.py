"""Lattice Nexus: multipliers MULT9X9 and MULT18X18, memory blocks PDPSC16K, with their registers.

Ports and parameters as in Lattice's "FPGA Libraries Reference Guide" for Nexus and the technical
notes FPGA-TN-02094 (memory) and FPGA-TN-02096 (sysDSP), and as Yosys and nextpnr use them.
"""

from __future__ import annotations

from fractions import Fraction

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Shape, Signal

from ...hdl.technology.blocks import Block, BlockShape
from ...hdl.technology.device import DeviceTechnology, MultiplierCell
from ..lattice import block_contents


class Multiplier(MultiplierCell):
    """The product of two values out of a MULT9X9 or MULT18X18 with `stages` of its registers."""

    def elaborate(self, platform):
        m = Module()
        width = 9 if max(len(self.a), len(self.b)) <= 9 else 18
        whole = Signal(2 * width)
        # an assignment extends by the sign
        a = Signal(Shape(width, self.a.shape().signed), name="extended_a")
        b = Signal(Shape(width, self.b.shape().signed), name="extended_b")
        m.d.comb += [a.eq(self.a), b.eq(self.b), self.product.eq(whole)]
        inputs = "REGISTER" if self.stages == 2 else "BYPASS"
        m.submodules.dsp = Instance(
            f"MULT{width}X{width}",
            p_REGINPUTA=inputs,
            p_REGINPUTB=inputs,
            p_REGOUTPUT="REGISTER",
            p_GSR="DISABLED",
            p_RESETMODE="SYNC",
            i_CLK=ClockSignal(),
            **{f"i_CE{register}": 1 for register in ("A", "B", "OUT")},
            **{f"i_RST{register}": 0 for register in ("A", "B", "OUT")},
            i_A=a,
            i_B=b,
            i_SIGNEDA=int(self.a.shape().signed),
            i_SIGNEDB=int(self.b.shape().signed),
            o_Z=whole,
        )
        return m


_ADDRESS_BITS = {1: 0, 2: 1, 4: 2, 9: 3, 18: 4, 36: 5}
"""Address bits below the row number, by the width of a word: of single bits, without parity. In a
write they enable the bytes of the word."""


class BlockRam(Block):
    """A memory block PDPSC16K, with a port that writes and one that reads.

    Parameters and members: see `Block`.
    """

    def elaborate(self, platform):
        m = Module()
        lowest = _ADDRESS_BITS[self.shape.width]
        writes = self.words is None
        value, whole = Signal(36, name="extended_value"), Signal(36)
        if writes:
            m.d.comb += value.eq(self.write_data)
        enables = Const((1 << lowest) - 1, lowest)
        m.submodules.ram = Instance(
            "PDPSC16K",
            p_DATA_WIDTH_W=f"X{self.shape.width}",
            p_DATA_WIDTH_R=f"X{self.shape.width}",
            p_OUTREG="USED" if self.output_register else "BYPASSED",
            p_RESETMODE="SYNC",
            p_ASYNC_RST_RELEASE="SYNC",
            p_CSDECODE_W="111",
            p_CSDECODE_R="111",
            p_ECC="DISABLED",
            p_GSR="DISABLED",
            **{
                f"p_{name}": Const(value, 320)
                for name, value in block_contents(self.words or (), self.shape.width, piece=9)
            },
            i_CLK=ClockSignal(),
            i_CEW=self.write_enable if writes else 0,
            i_CSW=Const(0b111, 3),
            i_ADW=Cat(enables, self.write_row) if writes else Const(0, 14),
            i_DI=value,
            i_CER=self.read_enable if self.holds else 1,
            i_CSR=Const(0b111, 3),
            i_RST=0,
            i_ADR=Cat(enables, self.read_row),
            o_DO=whole,
        )
        m.d.comb += self.read_data.eq(whole)
        return m


class Nexus(DeviceTechnology):
    """Lattice Nexus."""

    multiplier_cell = Multiplier
    block_cell = BlockRam
    limb_width = 18
    most_stages = 2
    ram_shapes = (
        BlockShape(512, 36),
        BlockShape(1024, 18),
        BlockShape(2048, 9),
        BlockShape(4096, 4),
        BlockShape(8192, 2),
        BlockShape(16384, 1),
    )
    rom_shapes = ram_shapes

    def multiplier_size(self, a: Shape, b: Shape) -> Fraction:
        """See `DeviceTechnology`. Two multipliers of 9 bits are one of 18."""
        return Fraction(1, 2) if max(a.width, b.width) <= 9 else Fraction(1)


TECHNOLOGY = Nexus
