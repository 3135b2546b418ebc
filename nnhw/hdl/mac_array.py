"""The array: columns of multipliers, adder trees and accumulators; and the lane unit."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..isa import Operation
from ..machine import TAG_LEAD, lane_latency
from .arithmetic import delay, delays, named
from .lane_unit import LaneUnit
from .mac_column import MacColumn
from .parameters import check_at_most, check_integers
from .shared_multipliers import SharedMultipliers
from .tags import FetchTags
from .technology import PORTABLE, Shares, Technology

_COLUMNS_A_COPY = 2
"""Columns that share a copy of the activations."""

_COLUMN_LEAD = 2
"""Cycles from a column's flags, before they are copied, to its sum."""

_LANE_LEAD = 3
"""Cycles from the lane unit's tags to its values."""


class TileSignature(wiring.Signature):
    """Results that leave the array together.

    Parameters
    ----------
    cols, lanes : int
    accumulator_width, activation_width : int
        Bits of results and of second terms, signed.

    Members
    -------
    announced : Out(1)
        The results of a tile are there in a number of cycles that all agree upon.
    arrives_next : Out(1)
        In the next cycle the results of a tile are there.
    in_lanes_next : Out(1)
        They are in the lanes, not in the columns.
    columns : Out(cols of signed)
        Dot products.
    lanes, addends : Out(lanes of signed)
        See `LaneUnit`.
    """

    def __init__(self, *, cols: int, lanes: int, accumulator_width: int, activation_width: int):
        super().__init__(
            {
                "announced": Out(1),
                "arrives_next": Out(1),
                "in_lanes_next": Out(1),
                "columns": Out(data.ArrayLayout(signed(accumulator_width), cols)),
                "lanes": Out(data.ArrayLayout(signed(accumulator_width), lanes)),
                "addends": Out(data.ArrayLayout(signed(activation_width), lanes)),
            }
        )


class MacArray(wiring.Component):
    """`rows` x `cols` multipliers: `cols` dot products, or single products of many lanes.

    For operations on lanes, the columns are shared out: the first `slots` * `lane_slices` of them
    belong to the first `rows` lanes, the next ones to the next `rows` lanes, and so on.

    Parameters
    ----------
    rows, cols : int
    lane_groups, slots : int
        `lane_groups` * `rows` lanes with `slots` products each.
    lane_slices : int
        Columns side by side that each of these products takes, 1 or 2.
    activation_width, weight_width, accumulator_width : int
        Bits of signed values.
    symmetric_weights : bool
        Whether no weight is the least number of its width.
    multiplier_stages, tree_levels_per_stage : int
        See `MacColumn`.
    operations : frozenset of Operation
        What it must be able to do.
    announcement : int
        Cycles from `tile.announced` to the tile.
    technology : Technology
        What multipliers, adders and accumulators are built of. If it has too few multipliers, whole
        columns, the last ones, do without.

    Members
    -------
    activations : In(lanes of signed)
        They go to columns all over the device. For dot products, each group of `rows` lanes must
        hold the same vector.
    valid : In(1)
        Operands are there: `TAG_LEAD` cycles before activations, as `tags`.
    tags : In(FetchTags())
    weights : In(cols of rows of signed)
        A cycle after activations.
    tile : Out(TileSignature(...))
        Results, `latency` or, for lanes, `lane_latency` cycles after the last weights.

    Attributes
    ----------
    latency, lane_latency : int
    lane_unit : LaneUnit or None
    """

    def __init__(
        self,
        *,
        rows: int,
        cols: int,
        lane_groups: int,
        slots: int,
        lane_slices: int = 1,
        activation_width: int,
        weight_width: int,
        symmetric_weights: bool = False,
        accumulator_width: int,
        multiplier_stages: int,
        tree_levels_per_stage: int,
        operations: frozenset[Operation],
        announcement: int,
        technology: Technology = PORTABLE,
    ):
        check_integers(self, announcement=announcement)
        check_integers(self, rows=rows, cols=cols, lane_groups=lane_groups, slots=slots)
        check_integers(self, lane_slices=lane_slices)
        most = cols // (lane_groups * lane_slices)
        check_at_most(self, most, "products that a group has columns for", slots=slots)
        self.rows = rows
        self.cols = cols
        self.lane_groups = lane_groups
        self.slots = slots
        self.lane_slices = lane_slices
        self.operations = operations
        self.announcement = announcement
        self._technology = technology
        lanes = lane_groups * rows
        count = cols if self.has_columns else lane_groups * self._group_columns
        widths = activation_width, weight_width
        are_shared = technology.shares_factors(*widths, symmetric=symmetric_weights)
        self._pairs = self._find_pairs(count) if are_shared else []
        self._borrows = technology.borrows(*widths, symmetric=symmetric_weights)
        paired = {first + offset: offset for first in self._pairs for offset in range(2)}

        def multipliers(technology: Technology) -> SharedMultipliers:
            return SharedMultipliers(
                rows=rows,
                columns=2,
                activation_width=activation_width,
                weight_width=weight_width,
                symmetric_weights=symmetric_weights,
                stages=multiplier_stages,
                technology=technology,
            )

        def column(technology: Technology, place: int | None = None) -> MacColumn:
            return MacColumn(
                rows=rows,
                activation_width=activation_width,
                weight_width=weight_width,
                accumulator_width=accumulator_width,
                multiplier_stages=multiplier_stages,
                tree_levels_per_stage=tree_levels_per_stage,
                technology=technology,
                given_products=place is not None,
                borrowed=self._borrows and place == 1,
            )

        shares = Shares(technology)
        self._multipliers = [shares.build(multipliers) for _ in self._pairs]
        self._columns = [
            column(technology, paired[index]) if index in paired else shares.build(column)
            for index in range(count)
        ]
        self.lane_unit: LaneUnit | None = None
        if self.has_lanes:
            self.lane_unit = LaneUnit(
                lanes=lanes,
                slots=slots,
                slices=lane_slices,
                activation_width=activation_width,
                product_width=activation_width + weight_width,
                accumulator_width=accumulator_width,
                operations=operations,
                technology=technology,
            )
        self.latency = self._columns[0].latency
        self.lane_latency = lane_latency(multiplier_stages=multiplier_stages)
        check_at_most(
            self,
            min(self.latency, self.lane_latency) + 1 + TAG_LEAD,
            "cycles from tags to results",
            announcement=announcement,
        )
        super().__init__(
            {
                "activations": In(data.ArrayLayout(signed(activation_width), lanes)),
                "weights": In(data.ArrayLayout(data.ArrayLayout(signed(weight_width), rows), cols)),
                "valid": In(1),
                "tags": In(FetchTags()),
                "tile": Out(
                    TileSignature(
                        cols=cols,
                        lanes=lanes,
                        accumulator_width=accumulator_width,
                        activation_width=activation_width,
                    )
                ),
            }
        )

    @property
    def has_columns(self) -> bool:
        """Whether any dot product is needed."""
        return Operation.DOT in self.operations

    @property
    def alike(self) -> list[list[MacColumn | SharedMultipliers]]:
        """Columns, and multipliers that two of them share: those that are alike together."""
        groups: dict[tuple, list[MacColumn | SharedMultipliers]] = {}
        for column in self._columns:
            key = id(column.technology), column.given_products, column.borrowed
            groups.setdefault(key, []).append(column)
        for multipliers in self._multipliers:
            groups.setdefault((id(multipliers.technology),), []).append(multipliers)
        return list(groups.values())

    @property
    def has_lanes(self) -> bool:
        """Whether any operation on single lanes is needed."""
        return bool(self.operations - {Operation.DOT})

    @property
    def _group_columns(self) -> int:
        """Columns that a group of lanes takes."""
        return self.slots * self.lane_slices

    def _group(self, index: int) -> int:
        """The group of lanes whose activations a column takes."""
        cols = self._group_columns
        return index // cols if index < self.lane_groups * cols else 0

    def _find_pairs(self, count: int) -> list[int]:
        """The first one of every two columns side by side that take the same activations."""
        pairs: list[int] = []
        for index in range(count - 1):
            is_free = not pairs or pairs[-1] < index - 1
            if is_free and self._group(index) == self._group(index + 1):
                pairs.append(index)
        return pairs

    @property
    def _announced_stages(self) -> int:
        """Registers behind those of columns and lanes: one, unless a tile of theirs is announced
        at once, since who is told is far away."""
        latencies = [
            *([self.latency] if self.has_columns else []),
            *([self.lane_latency] if self.has_lanes else []),
        ]
        return int(min(map(_whole_latency, latencies)) > self.announcement)

    def _control(self, m: Module, latency: int, wait: int, enable, last, prefix: str):
        """Validity `wait` cycles later, the end of a tile a cycle before results, and when it is
        announced; `last`: of the tags, `wait` cycles later."""
        whole = _whole_latency(latency)
        starts = named(m, self.valid & enable, f"{prefix}_valid")
        ends = named(m, starts & self.tags.last, f"{prefix}_ends")
        wait_announced = whole - self.announcement - self._announced_stages
        announced = delay(m, ends, wait_announced, name=f"{prefix}_announced", reset=True)
        valid = delay(m, starts, wait, name=f"{prefix}_valid", reset=True)
        finishes = named(m, valid & last, f"{prefix}_last")
        done = delay(m, finishes, whole - wait - 1, name=f"{prefix}_done", reset=True)
        return valid, done, announced

    def elaborate(self, platform):
        m = Module()
        is_dot: Value = self.tags.operation == Operation.DOT
        if len(self.operations) == 1:
            is_dot = Const(self.has_columns)
        copies = self._technology.fan_out(
            m,
            self.activations,
            stages=1,
            leaves=-(-len(self._columns) // _COLUMNS_A_COPY),
            name="activations",
        )
        for index, column in enumerate(self._columns):
            m.submodules[f"column_{index}"] = column
            if not column.given_products:
                self._connect_factors(m, copies, column.activations, column.weights, index)
        for first, multipliers in zip(self._pairs, self._multipliers, strict=True):
            m.submodules[f"multipliers_{first}"] = multipliers
            factors = multipliers.activations, multipliers.weights[0]
            self._connect_factors(m, copies, *factors, first)
            for offset in range(2):
                column = self._columns[first + offset]
                m.d.comb += column.given.eq(multipliers.products[offset])
            m.d.comb += multipliers.weights[1].eq(self.weights[first + 1])
            if self._borrows:
                signs = [multipliers.products[0][row][-1] for row in range(self.rows)]
                m.d.comb += self._columns[first + 1].carries.eq(Cat(signs))
        column_wait = _whole_latency(self.latency) - _COLUMN_LEAD if self.has_columns else 0
        lane_wait = _whole_latency(self.lane_latency) - _LANE_LEAD if self.has_lanes else 0
        tags = delays(m, self.tags, max(column_wait, lane_wait), name="tags")
        arrives: list[Value] = []
        announcements: list[Value] = []
        if self.has_columns:
            tag = tags[column_wait]
            valid, done, announced = self._control(
                m, self.latency, column_wait, is_dot, tag.last, "column"
            )
            arrives.append(done)
            announcements.append(announced)
            flags = Signal(data.StructLayout({"enable": 1, "first": 1}))
            m.d.comb += [flags.enable.eq(valid), flags.first.eq(tag.first)]
            # every column has a copy: it drives each bit of the accumulator
            copies = self._technology.fan_out(
                m, flags, stages=1, leaves=len(self._columns), name="flags"
            )
            for index, (column, own) in enumerate(zip(self._columns, copies, strict=True)):
                m.d.comb += [
                    column.enable.eq(own.enable),
                    column.first.eq(own.first),
                    self.tile.columns[index].eq(column.accumulator),
                ]
        if self.lane_unit is not None:
            tag = tags[lane_wait]
            valid, done, announced = self._control(
                m, self.lane_latency, lane_wait, ~is_dot, tag.last, "lane"
            )
            m.d.comb += self.tile.in_lanes_next.eq(done)
            arrives.append(done)
            announcements.append(announced)
            self._connect_lanes(m, self.lane_unit, valid, tag)
        m.d.comb += [
            self.tile.arrives_next.eq(Cat(arrives).any()),
        ]
        announced = named(m, Cat(announcements).any(), "announced_next")
        m.d.comb += self.tile.announced.eq(
            delay(m, announced, self._announced_stages, name="announced", reset=True)
        )
        return m

    def _connect_factors(self, m: Module, copies, activations, weights, index: int) -> None:
        """The operands of a column."""
        copy = copies[index // _COLUMNS_A_COPY]
        first = self._group(index) * self.rows
        m.d.comb += weights.eq(self.weights[index])
        for row in range(self.rows):
            m.d.comb += activations[row].eq(copy[first + row])

    def _connect_lanes(self, m: Module, unit: LaneUnit, valid, tags) -> None:
        m.submodules.lane_unit = unit
        m.d.comb += [
            unit.enable.eq(valid),
            unit.tags.eq(tags),
            self.tile.lanes.eq(unit.values),
            self.tile.addends.eq(unit.addends),
        ]
        for lane in range(self.lane_groups * self.rows):
            group, row = divmod(lane, self.rows)
            for number in range(self._group_columns):
                column = self._columns[group * self._group_columns + number]
                m.d.comb += unit.products[lane][number].eq(column.products[row])


def _whole_latency(latency: int) -> int:
    """Cycles from the tags of operands, whose results are there `latency` cycles after them, to a
    tile of these results."""
    return TAG_LEAD + 1 + latency
