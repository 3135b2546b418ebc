"""Operations on single channels: each lane accumulates on its own."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..isa import Operation
from ..machine import LANE_LATENCY
from .arithmetic import named
from .parameters import check_integers
from .tags import FetchTags
from .technology import PORTABLE, Technology

_LANES_A_COPY = 4
"""Lanes that share a copy of the flags."""


class LaneUnit(wiring.Component):
    """Accumulates each lane's products on its own: sums, maximum, or two terms kept apart.

    Each lane has `slots` accumulators. The last one is the lane's result; the ones before it hold
    the sums of later output rows of a rolling convolution, and move on by one with each roll. A
    roll that finishes a strip moves the last sum on, while the others begin anew.

    Parameters
    ----------
    lanes, slots : int
    activation_width, product_width, accumulator_width : int
        Bits of signed values.
    operations : frozenset of Operation
        What it must be able to do.
    technology : Technology
        How flags get to all lanes, and what accumulators of rows in the making are built of.

    Members
    -------
    products : In(lanes of slots of signed)
    enable : In(1)
        Take the products, which come a cycle later.
    tags : In(FetchTags())
        In the cycle of `enable`: `first` starts a tile or, with `carry`, a roll that goes on with
        the sums of the one before, of which the last one does so with `finishes`, too.
    values : Out(lanes of signed)
        Sum, maximum, or first term, a cycle after the products.
    addends : Out(lanes of signed)
        Second term of `Operation.LANE_PAIR`, likewise.

    Attributes
    ----------
    latency : int
    """

    latency = LANE_LATENCY

    def __init__(
        self,
        *,
        lanes: int,
        slots: int,
        activation_width: int,
        product_width: int,
        accumulator_width: int,
        operations: frozenset[Operation],
        technology: Technology = PORTABLE,
    ):
        check_integers(
            self,
            lanes=lanes,
            slots=slots,
            activation_width=activation_width,
            product_width=product_width,
            accumulator_width=accumulator_width,
        )
        self.lanes = lanes
        self.slots = slots
        self.activation_width = activation_width
        self.accumulator_width = accumulator_width
        self.operations = operations
        self.technology = technology
        product = data.ArrayLayout(signed(product_width), slots)
        super().__init__(
            {
                "products": In(data.ArrayLayout(product, lanes)),
                "enable": In(1),
                "tags": In(FetchTags()),
                "values": Out(data.ArrayLayout(signed(accumulator_width), lanes)),
                "addends": Out(data.ArrayLayout(signed(activation_width), lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        layout = data.StructLayout(
            {"enable": 1, "first": 1, "carry": 1, "carry_last": 1, "operation": Operation}
        )
        tags = self.tags
        operation: Value = tags.operation
        if len(self.operations) == 1:
            operation = Const(next(iter(self.operations)), 2)
        flags = Signal(layout)
        m.d.comb += [
            flags.enable.eq(self.enable),
            flags.first.eq(tags.first),
            flags.carry.eq(tags.carry),
            flags.carry_last.eq(tags.carry | tags.finishes),
            flags.operation.eq(operation),
        ]
        copies = self.technology.fan_out(
            m, flags, stages=1, leaves=-(-self.lanes // _LANES_A_COPY), name="flags"
        )
        for lane in range(self.lanes):
            f = copies[lane // _LANES_A_COPY]
            products = self.products[lane]
            value = Signal(signed(self.accumulator_width), name=f"value_{lane}", reset_less=True)
            m.d.comb += self.values[lane].eq(value)
            before = self._rows_in_the_making(m, f, lane) if self.slots > 1 else None
            self._take(m, f, lane, value, products[self.slots - 1], before)
            if Operation.LANE_PAIR in self.operations:
                addend = Signal(
                    signed(self.activation_width), name=f"addend_{lane}", reset_less=True
                )
                m.d.comb += self.addends[lane].eq(addend)
                with m.If(f.enable & ~f.first):
                    m.d.sync += addend.eq(products[self.slots - 1])
        return m

    def _rows_in_the_making(self, m: Module, f: data.View, lane: int) -> Value:
        """All accumulators but the last; returns the one that is next to finish."""
        before: Value = Const(0)
        for slot in range(self.slots - 1):
            before = self.technology.accumulate(
                m,
                self.products[lane][slot],
                enable=f.enable,
                first=f.first,
                start=named(m, Mux(f.carry, before, 0), f"row_{lane}_{slot}_before"),
                width=self.accumulator_width,
                name=f"row_{lane}_{slot}",
            )
        return before

    def _take(
        self, m: Module, f: data.View, lane: int, value: Signal, product: Value, before
    ) -> None:
        """The last accumulator of a lane."""
        start: Value = Const(0) if before is None else Mux(f.carry_last, before, 0)
        adds = f.first
        if Operation.LANE_SUM in self.operations:
            # one adder for both: what it adds to is chosen before it
            start = named(m, Mux(f.first, start, value), f"start_{lane}")
            adds = f.first | (f.operation == Operation.LANE_SUM)
        with m.If(f.enable & adds):
            m.d.sync += value.eq(start + product)
        if Operation.LANE_MAX in self.operations:
            is_larger = named(m, product > value, f"is_larger_{lane}")
            is_larger = (f.operation == Operation.LANE_MAX) & is_larger
            with m.If(f.enable & ~f.first & is_larger):
                m.d.sync += value.eq(product)
