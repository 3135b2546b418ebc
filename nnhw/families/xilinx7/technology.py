"""AMD Xilinx 7 series: two products with a common factor out of one DSP48E1.

Ports and parameters as in the "7 Series DSP48E1 Slice User Guide" (UG479). All else is left to the
synthesizer: for this family, Yosys and Vivado move registers into multipliers and memory blocks
by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Shape, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...hdl.arithmetic import delay
from ...hdl.technology.blocks import BlockShape
from ...hdl.technology.device import LEAST_PRODUCT, DeviceTechnology
from ...hdl.technology.limbs import short_product
from ...hdl.technology.portable import Technology, product_shape

_PRE_ADDER_WIDTH = 25
_MULTIPLICAND_WIDTH = 18

#: Registers in use, by the number of stages.
_REGISTERS: dict[int, dict[str, int]] = {
    1: {"PREG": 1},
    2: {"MREG": 1, "PREG": 1},
    3: {"AREG": 1, "DREG": 1, "BREG": 1, "MREG": 1, "PREG": 1},
    4: {"AREG": 1, "DREG": 1, "ADREG": 1, "BREG": 2, "MREG": 1, "PREG": 1},
}


def can_pair(a: Shape, b: Shape) -> bool:
    """Whether two products of signed factors of these shapes fit into one multiplier."""
    fits = a.width + 2 * b.width + 1 <= _PRE_ADDER_WIDTH and a.width <= _MULTIPLICAND_WIDTH
    return a.signed and b.signed and fits


class PairMultiplier(wiring.Component):
    """Two products with a common factor out of one DSP48E1 with `stages` of its registers.

    Of a * (b_1 * 2**k + b_0), with k the width of a product, the lower k bits are a * b_0; they
    borrow from the upper ones, a * b_1, if they are negative. The DSP's own adders make the sum of
    the second factors and add 2**(k - 1) to the product. With that, the lower half is never
    negative, so that nothing is borrowed, and needs no more than its highest bit inverted. The
    packing is that of Xilinx's WP486, the constant spares its correction in logic.

    Parameters
    ----------
    a, b : Shape
        See `can_pair`.
    stages : int
        1 to 4.

    Members
    -------
    a, b_0, b_1 : In
    product_0, product_1 : Out
        `stages` cycles later.
    """

    def __init__(self, a: Shape, b: Shape, stages: int):
        self.stages = stages
        product = product_shape(a, b)
        self.product_width = product.width
        super().__init__(
            {
                **{"a": In(a), "b_0": In(b), "b_1": In(b)},
                **{"product_0": Out(product), "product_1": Out(product)},
            }
        )

    def elaborate(self, platform):
        m = Module()
        k = self.product_width
        # assignments extend by the sign
        upper = Signal(signed(30))
        lower = Signal(signed(_PRE_ADDER_WIDTH))
        factor = Signal(signed(_MULTIPLICAND_WIDTH))
        sums = Signal(48)
        m.d.comb += [
            upper.eq(Cat(Const(0, k), self.b_1).as_signed()),
            lower.eq(self.b_0),
            factor.eq(self.a),
            self.product_0.eq(Cat(sums[: k - 1], ~sums[k - 1])),
            self.product_1.eq(sums[k : 2 * k]),
        ]
        kinds = ("AREG", "BREG", "DREG", "ADREG", "MREG", "PREG")
        registers = {kind: _REGISTERS[self.stages].get(kind, 0) for kind in kinds}
        unused = ("CREG", "INMODEREG", "OPMODEREG", "ALUMODEREG", "CARRYINREG", "CARRYINSELREG")
        enables = ("CEA1", "CEA2", "CEB1", "CEB2", "CED", "CEAD", "CEM", "CEP")
        resets = ("RSTA", "RSTB", "RSTD", "RSTM", "RSTP")
        m.submodules.dsp = Instance(
            "DSP48E1",
            p_USE_DPORT="TRUE",
            **{f"p_{kind}": count for kind, count in registers.items()},
            p_ACASCREG=registers["AREG"],
            p_BCASCREG=registers["BREG"],
            **{f"p_{kind}": 0 for kind in unused},
            i_CLK=ClockSignal(),
            i_A=upper,
            i_B=factor,
            i_C=Const(1 << (k - 1), 48),
            i_D=lower,
            i_INMODE=Const(0b00100, 5),  # (D + A) * B
            i_OPMODE=Const(0b0110101, 7),  # product + C
            i_ALUMODE=Const(0, 4),
            i_CARRYIN=0,
            i_CARRYINSEL=Const(0, 3),
            **{f"i_{enable}": 1 for enable in enables},
            **{f"i_{reset}": 0 for reset in resets},
            o_P=sums,
        )
        return m


class Xilinx7(DeviceTechnology):
    """AMD Xilinx 7 series. Single products and memories are left to the synthesizer."""

    expected_shapes = (
        BlockShape(512, 72),
        BlockShape(1024, 36),
        BlockShape(2048, 18),
        BlockShape(4096, 9),
        BlockShape(8192, 4),
        BlockShape(16384, 2),
        BlockShape(32768, 1),
    )

    def multiplier_size(self, a: Shape, b: Shape) -> Fraction:
        """See `DeviceTechnology`. As many as long multiplication takes."""
        wide, narrow = max(a.width, b.width), min(a.width, b.width)
        limbs = -(-wide // (_PRE_ADDER_WIDTH - 1)) * -(-narrow // (_MULTIPLICAND_WIDTH - 1))
        return Fraction(limbs)

    def multiply(self, m: Module, a: Value, b: Value, *, stages: int, name: str) -> Value:
        """See `Technology`. Portable, or adders if there are no multipliers left."""
        is_wide = len(a * b) >= LEAST_PRODUCT
        if is_wide and not self.take(self.multiplier_size(a.shape(), b.shape())):
            return short_product(m, a, b, stages, name, add=self.add, add_gated=self.add_gated)
        return Technology.multiply(self, m, a, b, stages=stages, name=name)

    def shares_factors(
        self, activation_width: int, weight_width: int, *, symmetric: bool = False
    ) -> bool:
        """See `Technology`."""
        return can_pair(signed(activation_width), signed(weight_width))

    def products_a_cell(
        self, activation_width: int, weight_width: int, *, symmetric: bool = False
    ) -> int:
        """See `Technology`."""
        return 1 + self.shares_factors(activation_width, weight_width, symmetric=symmetric)

    def multiply_shared(
        self,
        m: Module,
        a: Value,
        others: Sequence[Value],
        *,
        symmetric: bool = False,
        stages: int,
        name: str,
    ) -> list[Value]:
        """See `Technology`. Two factors of the same shape share a DSP48E1, if they fit."""
        shapes = [b.shape() for b in others]
        is_pair = len(others) == 2 and shapes[0] == shapes[1] and can_pair(a.shape(), shapes[0])
        if not (is_pair and self.take(Fraction(1))):
            return super().multiply_shared(m, a, others, stages=stages, name=name)
        inside = min(stages, max(_REGISTERS))
        pair = PairMultiplier(a.shape(), shapes[0], inside)
        m.submodules[f"multiply_{name}"] = pair
        m.d.comb += [pair.a.eq(a), pair.b_0.eq(others[0]), pair.b_1.eq(others[1])]
        return [
            delay(m, product, stages - inside, name=f"{name}_{index}")
            for index, product in enumerate((pair.product_0, pair.product_1))
        ]


TECHNOLOGY = Xilinx7
