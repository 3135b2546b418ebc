"""The array: columns of multipliers, adder trees and accumulators; and the lane unit."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
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
    """Accumulates each lane's product on its own: sum, maximum, or two terms kept apart.

    Parameters
    ----------
    rows : int
        Number of lanes.
    activation_width, product_width, accumulator_width : int
        Bits of signed values.
    operations : set of Operation
        What it must be able to do.

    Members
    -------
    products : In(rows of signed)
    enable, first : In(1)
        Take the products; `first` starts a new tile.
    operation : In(Operation)
    values : Out(rows of signed)
        Sum, maximum, or first term, a cycle after the products.
    addends : Out(rows of signed)
        Second term of `Operation.LANE_PAIR`, likewise.

    Attributes
    ----------
    latency : int
    """

    latency = 1

    def __init__(
        self,
        *,
        rows: int,
        activation_width: int,
        product_width: int,
        accumulator_width: int,
        operations: frozenset[Operation],
    ):
        self.rows = rows
        self.activation_width = activation_width
        self.accumulator_width = accumulator_width
        self.operations = operations
        super().__init__(
            {
                "products": In(data.ArrayLayout(signed(product_width), rows)),
                "enable": In(1),
                "first": In(1),
                "operation": In(unsigned(2)),
                "values": Out(data.ArrayLayout(signed(accumulator_width), rows)),
                "addends": Out(data.ArrayLayout(signed(activation_width), rows)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        for lane in range(self.rows):
            product = self.products[lane]
            value = Signal(signed(self.accumulator_width), name=f"value_{lane}", reset_less=True)
            m.d.comb += self.values[lane].eq(value)
            with m.If(self.enable), m.If(self.first):
                m.d.sync += value.eq(product)
            more = self.enable & ~self.first
            if Operation.LANE_SUM in self.operations:
                with m.If(more & (self.operation == Operation.LANE_SUM)):
                    m.d.sync += value.eq(value + product)
            if Operation.LANE_MAX in self.operations:
                is_larger = (self.operation == Operation.LANE_MAX) & (product > value)
                with m.If(more & is_larger):
                    m.d.sync += value.eq(product)
            if Operation.LANE_PAIR in self.operations:
                addend = Signal(
                    signed(self.activation_width), name=f"addend_{lane}", reset_less=True
                )
                m.d.comb += self.addends[lane].eq(addend)
                with m.If(more):
                    m.d.sync += addend.eq(product)
        return m


class MacArray(wiring.Component):
    """`rows` x `cols` multipliers: `cols` dot products, or `rows` lanes of the first column.

    Parameters
    ----------
    rows, cols : int
    activation_width, weight_width, accumulator_width : int
        Bits of signed values.
    multiplier_stages, tree_levels_per_stage : int
        See `MacColumn`.
    operations : frozenset of Operation
        What it must be able to do.

    Members
    -------
    activations : In(rows of signed)
        One vector, for all columns.
    weights : In(rows of cols of signed)
    valid : In(1)
        Operands are there.
    first, last : In(1)
        They begin, end a tile.
    operation : In(Operation)
    done : Out(1)
        In this cycle the results of a tile are there, `latency` cycles after its last operands.
    done_lanes : Out(1)
        They are in the lanes, not in the columns.
    columns : Out(cols of signed)
        Dot products.
    lanes, addends : Out(rows of signed)
        See `LaneUnit`.

    Attributes
    ----------
    latency : int
    """

    def __init__(
        self,
        *,
        rows: int,
        cols: int,
        activation_width: int,
        weight_width: int,
        accumulator_width: int,
        multiplier_stages: int,
        tree_levels_per_stage: int,
        operations: frozenset[Operation],
    ):
        self.rows = rows
        self.cols = cols
        self.operations = operations
        self._columns = [
            MacColumn(
                rows=rows,
                activation_width=activation_width,
                weight_width=weight_width,
                accumulator_width=accumulator_width,
                multiplier_stages=multiplier_stages,
                tree_levels_per_stage=tree_levels_per_stage,
            )
            for _ in range(cols if self.has_columns else 1)
        ]
        self._lane_unit = None
        if self.has_lanes:
            self._lane_unit = LaneUnit(
                rows=rows,
                activation_width=activation_width,
                product_width=activation_width + weight_width,
                accumulator_width=accumulator_width,
                operations=operations,
            )
        self._multiplier_stages = multiplier_stages
        self.latency = self._columns[0].latency
        super().__init__(
            {
                "activations": In(data.ArrayLayout(signed(activation_width), rows)),
                "weights": In(data.ArrayLayout(data.ArrayLayout(signed(weight_width), cols), rows)),
                "valid": In(1),
                "first": In(1),
                "last": In(1),
                "operation": In(unsigned(2)),
                "done": Out(1),
                "done_lanes": Out(1),
                "columns": Out(data.ArrayLayout(signed(accumulator_width), cols)),
                "lanes": Out(data.ArrayLayout(signed(accumulator_width), rows)),
                "addends": Out(data.ArrayLayout(signed(activation_width), rows)),
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

    def elaborate(self, platform):
        m = Module()
        wait = self.latency - 1
        valid = delay(m, self.valid, wait, name="valid", reset=True)
        first = delay(m, self.first, wait, name="first")
        last = delay(m, self.last, wait, name="last")
        operation = delay(m, self.operation, wait, name="operation")
        is_dot = operation == Operation.DOT
        done, done_lanes = Signal(), Signal(reset_less=True)
        m.d.sync += [done.eq(valid & last), done_lanes.eq(~is_dot)]
        m.d.comb += [self.done.eq(done), self.done_lanes.eq(done_lanes)]
        for index, column in enumerate(self._columns):
            m.submodules[f"column_{index}"] = column
            m.d.comb += [
                column.activations.eq(self.activations),
                column.enable.eq(valid & is_dot),
                column.first.eq(first),
                self.columns[index].eq(column.accumulator),
            ]
            for row in range(self.rows):
                m.d.comb += column.weights[row].eq(self.weights[row][index])
        if self._lane_unit is not None:
            m.submodules.lane_unit = unit = self._lane_unit
            products = self._columns[0].products
            for row in range(self.rows):
                late = delay(m, products[row], wait - self._multiplier_stages, name=f"lane_{row}")
                m.d.comb += unit.products[row].eq(late)
            m.d.comb += [
                unit.enable.eq(valid & ~is_dot),
                unit.first.eq(first),
                unit.operation.eq(operation),
                self.lanes.eq(unit.values),
                self.addends.eq(unit.addends),
            ]
        return m
