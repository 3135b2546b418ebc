"""The engine: how the operator is mapped, the component that computes it, and its feature."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed

from nnhw.hdl import Combination, combines
from nnhw.machine import combination_feature, register_feature
from nnhw.mapping import LayerPlan, Setting, maps, paired

from .contract import QDistance

NAME = "distance"


@maps(QDistance)
def plan(node: QDistance, setting: Setting) -> list[LayerPlan]:
    """A layer that reads both tensors, and makes one term of the two of each element."""
    return paired(node, node.requantize, NAME, setting)


@combines(NAME)
class Difference(Combination):
    """The distance of two terms."""

    def elaborate(self, platform: object) -> Module:
        """A subtraction, and its negation where it is negative."""
        m = Module()
        difference = Signal(signed(len(self.first) + 1))
        distance = Signal.like(self.combined, reset_less=True)
        m.d.comb += [difference.eq(self.first - self.second), self.combined.eq(distance)]
        m.d.sync += distance.eq(Mux(difference < 0, -difference, difference))
        return m


register_feature(
    combination_feature(
        NAME,
        name="distances of tensors",
        kept_if="a layer computes how far two tensors are apart",
        left_out="no layer asks for distances",
    )
)
