"""The array: columns of multipliers, adder trees and accumulators; and the lane unit."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..isa import Operation
from .arithmetic import adder_tree, delay


class MacColumn(wiring.Component):
    """One column: the dot product of a vector of activations and weights, accumulated.

    Parameters
    ----------
    rows : int
        Length of the dot product.
    activation_width, weight_width, accumulator_width : int
        Bits of signed operands and of the accumulator.
    multiplier_stages : int
        Registers behind each multiplier, at least 1.
    tree_levels_per_stage : int
        Adder tree levels between two registers.

    Members
    -------
    activations : In(rows of signed)
    weights : In(rows of signed)
    enable, first : In(1)
        Add the dot product to the accumulator; `first` clears it before. Both belong to the sum,
        and come `latency` - 1 cycles after its operands.
    products : Out(rows of signed)
        The single products, `multiplier_stages` cycles after the operands.
    accumulator : Out(signed)
        `latency` cycles after the operands.

    Attributes
    ----------
    latency : int
    """

    def __init__(
        self,
        *,
        rows: int,
        activation_width: int,
        weight_width: int,
        accumulator_width: int,
        multiplier_stages: int,
        tree_levels_per_stage: int,
    ):
        self.rows = rows
        self.product_width = activation_width + weight_width
        self.accumulator_width = accumulator_width
        self.multiplier_stages = multiplier_stages
        self.tree_levels_per_stage = tree_levels_per_stage
        levels = (rows - 1).bit_length()
        self.latency = multiplier_stages + -(-levels // tree_levels_per_stage) + 1
        super().__init__(
            {
                "activations": In(data.ArrayLayout(signed(activation_width), rows)),
                "weights": In(data.ArrayLayout(signed(weight_width), rows)),
                "enable": In(1),
                "first": In(1),
                "products": Out(data.ArrayLayout(signed(self.product_width), rows)),
                "accumulator": Out(signed(accumulator_width)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        products = []
        for row in range(self.rows):
            product = Signal(signed(self.product_width), name=f"product_{row}")
            m.d.comb += product.eq(self.activations[row] * self.weights[row])
            registered = delay(m, product, self.multiplier_stages, name=f"product_{row}")
            m.d.comb += self.products[row].eq(registered)
            products.append(registered)
        dot, _ = adder_tree(m, products, levels_per_stage=self.tree_levels_per_stage, name="sum")
        accumulator = Signal(signed(self.accumulator_width), reset_less=True)
        with m.If(self.enable):
            m.d.sync += accumulator.eq(Mux(self.first, 0, accumulator) + dot)
        m.d.comb += self.accumulator.eq(accumulator)
        return m


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
        start = product if before is None else product + Mux(self.carry, before, 0)
        more = self.enable & ~self.first
        with m.If(self.enable & self.first):
            m.d.sync += value.eq(start)
        if Operation.LANE_SUM in self.operations:
            with m.If(more & (self.operation == Operation.LANE_SUM)):
                m.d.sync += value.eq(value + product)
        if Operation.LANE_MAX in self.operations:
            is_larger = (self.operation == Operation.LANE_MAX) & (product > value)
            with m.If(more & is_larger):
                m.d.sync += value.eq(product)


class MacArray(wiring.Component):
    """`rows` x `cols` multipliers: `cols` dot products, or single products of many lanes.

    For operations on lanes, the columns are shared out: the first `slots` of them belong to the
    first `rows` lanes, the next `slots` to the next `rows` lanes, and so on.

    Parameters
    ----------
    rows, cols : int
    lane_groups, slots : int
        `lane_groups` * `rows` lanes with `slots` products each.
    activation_width, weight_width, accumulator_width : int
        Bits of signed values.
    multiplier_stages, tree_levels_per_stage : int
        See `MacColumn`.
    operations : frozenset of Operation
        What it must be able to do.

    Members
    -------
    activations : In(lanes of signed)
        For dot products, each group of `rows` lanes must hold the same vector.
    weights : In(rows of cols of signed)
    valid : In(1)
        Operands are there.
    first, last, carry : In(1)
        They begin, end a tile; with `carry`, `first` goes on with the sums of the roll before.
    operation : In(Operation)
    done : Out(1)
        In this cycle the results of a tile are there, `latency` or, for lanes, `lane_latency`
        cycles after its last operands.
    done_lanes : Out(1)
        They are in the lanes, not in the columns.
    columns : Out(cols of signed)
        Dot products.
    lanes, addends : Out(lanes of signed)
        See `LaneUnit`.

    Attributes
    ----------
    latency, lane_latency : int
    """

    def __init__(
        self,
        *,
        rows: int,
        cols: int,
        lane_groups: int,
        slots: int,
        activation_width: int,
        weight_width: int,
        accumulator_width: int,
        multiplier_stages: int,
        tree_levels_per_stage: int,
        operations: frozenset[Operation],
    ):
        self.rows = rows
        self.cols = cols
        self.lane_groups = lane_groups
        self.slots = slots
        self.operations = operations
        lanes = lane_groups * rows
        self._columns = [
            MacColumn(
                rows=rows,
                activation_width=activation_width,
                weight_width=weight_width,
                accumulator_width=accumulator_width,
                multiplier_stages=multiplier_stages,
                tree_levels_per_stage=tree_levels_per_stage,
            )
            for _ in range(cols if self.has_columns else lane_groups * slots)
        ]
        self._lane_unit = None
        if self.has_lanes:
            self._lane_unit = LaneUnit(
                lanes=lanes,
                slots=slots,
                activation_width=activation_width,
                product_width=activation_width + weight_width,
                accumulator_width=accumulator_width,
                operations=operations,
            )
        self.latency = self._columns[0].latency
        self.lane_latency = multiplier_stages + LaneUnit.latency
        super().__init__(
            {
                "activations": In(data.ArrayLayout(signed(activation_width), lanes)),
                "weights": In(data.ArrayLayout(data.ArrayLayout(signed(weight_width), cols), rows)),
                "valid": In(1),
                "first": In(1),
                "last": In(1),
                "carry": In(1),
                "operation": In(unsigned(2)),
                "done": Out(1),
                "done_lanes": Out(1),
                "columns": Out(data.ArrayLayout(signed(accumulator_width), cols)),
                "lanes": Out(data.ArrayLayout(signed(accumulator_width), lanes)),
                "addends": Out(data.ArrayLayout(signed(activation_width), lanes)),
            }
        )

    @property
    def has_columns(self) -> bool:
        """Whether any dot product is needed."""
        return Operation.DOT in self.operations

    @property
    def has_lanes(self) -> bool:
        """Whether any operation on single lanes is needed."""
        return bool(self.operations - {Operation.DOT})

    def _control(self, m: Module, latency: int, enable, prefix: str):
        """valid, first, operation and end of tile as they belong to the last but one stage."""
        wait = latency - 1
        valid = delay(m, self.valid & enable, wait, name=f"{prefix}_valid", reset=True)
        first = delay(m, self.first, wait, name=f"{prefix}_first")
        last = delay(m, self.last, wait, name=f"{prefix}_last")
        done = Signal(name=f"{prefix}_done")
        m.d.sync += done.eq(valid & last)
        return valid, first, done

    def elaborate(self, platform):
        m = Module()
        is_dot = self.operation == Operation.DOT
        for index, column in enumerate(self._columns):
            m.submodules[f"column_{index}"] = column
            group = index // self.slots if index < self.lane_groups * self.slots else 0
            for row in range(self.rows):
                m.d.comb += [
                    column.activations[row].eq(self.activations[group * self.rows + row]),
                    column.weights[row].eq(self.weights[row][index]),
                ]
        if self.has_columns:
            valid, first, columns_done = self._control(m, self.latency, is_dot, "column")
            m.d.comb += self.done.eq(columns_done)
            for index, column in enumerate(self._columns):
                m.d.comb += [
                    column.enable.eq(valid),
                    column.first.eq(first),
                    self.columns[index].eq(column.accumulator),
                ]
        if self._lane_unit is not None:
            valid, first, lanes_done = self._control(m, self.lane_latency, ~is_dot, "lane")
            m.d.comb += self.done_lanes.eq(lanes_done)
            if self.has_columns:
                m.d.comb += self.done.eq(columns_done | lanes_done)
            else:
                m.d.comb += self.done.eq(lanes_done)
            self._connect_lanes(m, self._lane_unit, valid, first)
        return m

    def _connect_lanes(self, m: Module, unit: LaneUnit, valid, first) -> None:
        m.submodules.lane_unit = unit
        m.d.comb += [
            unit.enable.eq(valid),
            unit.first.eq(first),
            unit.carry.eq(delay(m, self.carry, self.lane_latency - 1, name="lane_carry")),
            unit.operation.eq(
                delay(m, self.operation, self.lane_latency - 1, name="lane_operation")
            ),
            self.lanes.eq(unit.values),
            self.addends.eq(unit.addends),
        ]
        for lane in range(self.lane_groups * self.rows):
            group, row = divmod(lane, self.rows)
            for slot in range(self.slots):
                column = self._columns[group * self.slots + slot]
                m.d.comb += unit.products[lane][slot].eq(column.products[row])
