"""Operations on single channels: each lane accumulates on its own."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..isa import Operation


class LaneUnit(wiring.Component):
    """Accumulates each lane's products on its own: sums, maximum, or two terms kept apart.

    Each lane has `slots` accumulators. The last one is the lane's result; the ones before it hold
    the sums of later output rows of a rolling convolution, and move on by one with each roll.

    Parameters
    ----------
    lanes, slots : int
    activation_width, product_width, accumulator_width : int
        Bits of signed values.
    operations : frozenset of Operation
        What it must be able to do.

    Members
    -------
    products : In(lanes of slots of signed)
    enable, first, carry : In(1)
        Take the products; `first` starts a tile or, with `carry`, a roll that goes on with the sums
        of the one before.
    operation : In(Operation)
    values : Out(lanes of signed)
        Sum, maximum, or first term, a cycle after the products.
    addends : Out(lanes of signed)
        Second term of `Operation.LANE_PAIR`, likewise.

    Attributes
    ----------
    latency : int
    """

    latency = 1

    def __init__(
        self,
        *,
        lanes: int,
        slots: int,
        activation_width: int,
        product_width: int,
        accumulator_width: int,
        operations: frozenset[Operation],
    ):
        self.lanes = lanes
        self.slots = slots
        self.activation_width = activation_width
        self.accumulator_width = accumulator_width
        self.operations = operations
        product = data.ArrayLayout(signed(product_width), slots)
        super().__init__(
            {
                "products": In(data.ArrayLayout(product, lanes)),
                "enable": In(1),
                "first": In(1),
                "carry": In(1),
                "operation": In(unsigned(2)),
                "values": Out(data.ArrayLayout(signed(accumulator_width), lanes)),
                "addends": Out(data.ArrayLayout(signed(activation_width), lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        for lane in range(self.lanes):
            products = self.products[lane]
            value = Signal(signed(self.accumulator_width), name=f"value_{lane}", reset_less=True)
            m.d.comb += self.values[lane].eq(value)
            before = self._rows_in_the_making(m, lane) if self.slots > 1 else None
            self._take(m, value, products[self.slots - 1], before)
            if Operation.LANE_PAIR in self.operations:
                addend = Signal(
                    signed(self.activation_width), name=f"addend_{lane}", reset_less=True
                )
                m.d.comb += self.addends[lane].eq(addend)
                with m.If(self.enable & ~self.first):
                    m.d.sync += addend.eq(products[self.slots - 1])
        return m

    def _rows_in_the_making(self, m: Module, lane: int) -> Signal:
        """All accumulators but the last; returns the one that is next to finish."""
        before: Value = Const(0)
        for slot in range(self.slots - 1):
            sum_ = Signal(
                signed(self.accumulator_width), name=f"row_{lane}_{slot}", reset_less=True
            )
            with m.If(self.enable):
                m.d.sync += sum_.eq(
                    Mux(self.first, Mux(self.carry, before, 0), sum_) + self.products[lane][slot]
                )
            before = sum_
        return before

    def _take(self, m: Module, value: Signal, product, before) -> None:
        """The last accumulator of a lane."""
        start: Value = Const(0) if before is None else Mux(self.carry, before, 0)
        more = self.enable & ~self.first
        adds = self.first
        if Operation.LANE_SUM in self.operations:
            # one adder for both: what it adds to is chosen before it
            start = Mux(self.first, start, value)
            adds = self.first | (self.operation == Operation.LANE_SUM)
        with m.If(self.enable & adds):
            m.d.sync += value.eq(start + product)
        if Operation.LANE_MAX in self.operations:
            is_larger = (self.operation == Operation.LANE_MAX) & (product > value)
            with m.If(more & is_larger):
                m.d.sync += value.eq(product)
