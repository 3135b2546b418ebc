"""Multipliers out of the family's cells."""

from __future__ import annotations

from amaranth.hdl import ClockSignal, Instance, Module, Shape, Signal, Value

from nnhw.hdl.technology import DeviceTechnology, product_shape

WIDTH = 18


class Fabric(DeviceTechnology):
    """The made-up FPGA."""

    limb_width = WIDTH - 1  # of an unsigned factor
    most_stages = 2

    def multiplier(self, m: Module, a: Value, b: Value, stages: int, name: str) -> Value:
        """One FABRIC_MULT with one or two registers."""
        product = Signal(Shape(2 * WIDTH, signed=True), name=name)
        wide = [Signal(Shape(WIDTH, signed=True), name=f"{name}_{side}") for side in "ab"]
        m.d.comb += [signal.eq(factor) for signal, factor in zip(wide, (a, b), strict=True)]
        m.submodules[f"multiply_{name}"] = Instance(
            "FABRIC_MULT",
            p_STAGES=stages,
            i_CLK=ClockSignal(),
            i_A=wide[0],
            i_B=wide[1],
            o_P=product,
        )
        narrow = Signal(product_shape(a.shape(), b.shape()), name=f"{name}_narrow")
        m.d.comb += narrow.eq(product)
        return narrow


TECHNOLOGY = Fabric
