"""Operations on single channels: each lane accumulates on its own."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..isa import Operation
from ..machine import LANE_LATENCY, SLICE_BITS, is_less
from .arithmetic import delay, named
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
    slices : int
        Products that make one, 1 or 2: see `nnhw.machine.slices`.
    activation_width, product_width, accumulator_width : int
        Bits of signed values.
    operations : frozenset of Operation
        What it must be able to do.
    technology : Technology
        How flags get to all lanes, and what accumulators are built of.

    Members
    -------
    products : In(lanes of slots * slices of signed)
        Lower slices before upper ones. Of a maximum or a pair, they are activations: the weight is
        one, which is a lower slice of one.
    enable : In(1)
        Take the products, which come two cycles later.
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
        slices: int = 1,
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
            slices=slices,
            activation_width=activation_width,
            product_width=product_width,
            accumulator_width=accumulator_width,
        )
        self.lanes = lanes
        self.slots = slots
        self.slices = slices
        self.activation_width = activation_width
        self.accumulator_width = accumulator_width
        self.operations = operations
        self.technology = technology
        product = data.ArrayLayout(signed(product_width), slots * slices)
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
            {
                **{"enable": 1, "first": 1, "take": 1, "compare": 1, "keep": 1},
                **{"clear": 1, "clear_last": 1},
                **({"restart": 1} if Operation.LANE_MAX in self.operations else {}),
            }
        )
        enable = delay(m, self.enable, 1, name="enable", reset=True)
        tags = delay(m, self.tags, 1, name="tags")
        flags = Signal(layout)
        operation = self._operation(tags)
        m.d.comb += [
            flags.enable.eq(enable),
            flags.first.eq(tags.first),
            # a maximum that gives way to a larger product begins anew with it
            flags.take.eq(enable & (tags.first | (operation == Operation.LANE_SUM))),
            flags.compare.eq(enable & (operation == Operation.LANE_MAX)),
            flags.keep.eq(enable & ~tags.first & (operation == Operation.LANE_PAIR)),
        ]
        if Operation.LANE_MAX in self.operations:
            m.d.comb += flags.restart.eq(tags.first | (operation == Operation.LANE_MAX))
        # a step that carries nothing finds sums of zero: they are cleared in the cycle before it,
        # which costs no gate a bit
        goes_on = self.tags.first & (self.tags.carry | self.tags.finishes)
        anew = self.tags.first | (self._operation(self.tags) == Operation.LANE_MAX)
        m.d.comb += [
            flags.clear.eq(self.enable & self.tags.first & ~self.tags.carry),
            flags.clear_last.eq(self.enable & anew & ~goes_on),
        ]
        copies = self.technology.fan_out(
            m, flags, stages=1, leaves=-(-self.lanes // _LANES_A_COPY), name="flags"
        )
        for lane in range(self.lanes):
            f = copies[lane // _LANES_A_COPY]
            # of a maximum and of a pair, the weight is one: the product's lower bits are it
            single = self.products[lane][(self.slots - 1) * self.slices]
            single = single[: self.activation_width].as_signed()
            product, before = None, None
            if Operation.LANE_SUM in self.operations:
                *others, product = self._whole_products(m, lane)
                before = self._rows_in_the_making(m, f, lane, others)
            self._take(m, f, lane, single, product, before)
            if Operation.LANE_PAIR in self.operations:
                addend = Signal(
                    signed(self.activation_width), name=f"addend_{lane}", reset_less=True
                )
                m.d.comb += self.addends[lane].eq(addend)
                with m.If(f.keep):
                    m.d.sync += addend.eq(single)
        return m

    def _operation(self, tags: data.View) -> Value:
        if len(self.operations) == 1:
            return Const(next(iter(self.operations)), 2)
        return tags.operation

    def _whole_products(self, m: Module, lane: int) -> list[Value]:
        """One for each slot."""
        products = list(self.products[lane])
        if self.slices == 1:
            return products
        return [
            named(m, lower + (upper << SLICE_BITS), f"product_{lane}_{slot}")
            for slot, (lower, upper) in enumerate(zip(products[::2], products[1::2], strict=True))
        ]

    def _rows_in_the_making(
        self, m: Module, f: data.View, lane: int, products: list[Value]
    ) -> Value | None:
        """All accumulators but the last; returns the one that is next to finish, if any.

        Each starts with the sum of the one before, which is zero if no roll goes on with it.
        """
        before: Value | None = None
        for slot, product in enumerate(products):
            before = self.technology.accumulate(
                m,
                product,
                enable=f.enable,
                first=f.first,
                start=before,
                clear=f.clear_last if slot == self.slots - 2 else f.clear,
                width=self.accumulator_width,
                name=f"row_{lane}_{slot}",
            )
        return before

    def _take(
        self,
        m: Module,
        f: data.View,
        lane: int,
        single: Value,
        product: Value | None,
        before: Value | None,
    ) -> None:
        """The last accumulator of a lane; `product`: if there are sums."""
        value = self.values[lane]
        take = f.take
        if Operation.LANE_MAX in self.operations:
            largest = value[: self.activation_width].as_signed()
            is_larger = named(m, is_less(largest, single), f"is_larger_{lane}")
            take = named(m, take | (f.compare & is_larger), f"take_{lane}")
        if product is None:  # single products only
            register = Signal(signed(self.activation_width), name=f"value_{lane}", reset_less=True)
            with m.If(take):
                m.d.sync += register.eq(single)
            m.d.comb += value.eq(register)
            return
        total = self.technology.accumulate(
            m,
            product,
            enable=take,
            first=f.restart if Operation.LANE_MAX in self.operations else f.first,
            start=before,
            width=self.accumulator_width,
            name=f"value_{lane}",
        )
        m.d.comb += value.eq(total)
