"""Components with everything that technologies implement, to compare one with another."""

from __future__ import annotations

import random
from collections.abc import Mapping
from fractions import Fraction

from amaranth.hdl import Array, Cat, Const, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from nnhw.hdl.mac_array import MacArray
from nnhw.hdl.technology import Technology, technology
from nnhw.isa import Operation

#: Shapes of two factors, and stages.
FACTORS = tuple(
    (a, b, stages)
    for a, b, most in (
        (signed(8), signed(8), 4),
        (signed(8), signed(4), 2),
        (signed(4), signed(4), 1),
        (unsigned(8), signed(8), 2),
        (signed(16), unsigned(16), 3),
        (unsigned(18), signed(17), 2),
        (signed(23), unsigned(24), 4),
        (unsigned(20), unsigned(9), 3),
        (signed(40), signed(7), 3),
        (signed(8), signed(9), 4),
    )
    for stages in range(1, most + 1)
)

#: Bits and number of words, registers of the address, and whether there is an output register.
ROMS = (
    (3, 20, 1, 1),
    (37, 40, 0, 1),
    (20, 530, 2, 0),
    (300, 40, 3, 1),
    (36, 1030, 0, 1),
    (9, 2500, 1, 1),
    (5, 5000, 0, 0),
    (1, 10_000, 2, 1),
    (45, 2070, 1, 1),
)
#: Bits of terms and of accumulators, and whether they start with anything but zero.
ACCUMULATORS = ((8, 8, 0), (15, 24, 0), (16, 17, 1), (7, 22, 1))

#: Shapes of two values that count if a bit is set, and whether the second one is subtracted.
GATED = (
    (unsigned(17), unsigned(18), False),
    (signed(17), signed(18), True),
    (unsigned(4), signed(9), True),
    (signed(3), unsigned(3), False),
)

#: Bits and number of words, whether there is an output register, and whether it has an enable.
RAMS = (
    (8, 3, 1, 0),
    (8, 3, 1, 1),
    (8, 70, 0, 0),
    (20, 900, 1, 0),
    (5, 3000, 0, 0),
    (9, 2048, 1, 0),
    (9, 2048, 1, 1),
    (2, 8000, 1, 0),
    (36, 600, 1, 1),
    (36, 2060, 1, 0),
    (36, 2060, 1, 1),
)


class SideBySide(wiring.Component):
    """Several components with the same inputs, as far as these have the same names."""

    def __init__(self, parts: Mapping[str, wiring.Component]):
        self.parts = dict(parts)
        ports = {}
        for title, part in self.parts.items():
            for (name,), member, _ in part.signature.flatten(part):
                ports[name if member.flow is In else f"{title}_{name}"] = member
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        for title, part in self.parts.items():
            m.submodules[title] = part
            for (name,), member, value in part.signature.flatten(part):
                if member.flow is In:
                    m.d.comb += value.eq(getattr(self, name))
                else:
                    m.d.comb += getattr(self, f"{title}_{name}").eq(value)
        return m


class Primitives(wiring.Component):
    """Multipliers, accumulators and memories side by side, with the same random inputs."""

    def __init__(
        self, name: str, *, factors=FACTORS, sums=ACCUMULATORS, gated=GATED, roms=ROMS, rams=RAMS
    ):
        self.technology = technology(name)
        self.factors, self.sums, self.gated, self.roms, self.rams = factors, sums, gated, roms, rams
        products = {f"product_{i}": Out(len(_product(a, b))) for i, (a, b, _) in enumerate(factors)}
        totals = {f"total_{i}": Out(width) for i, (_, width, _) in enumerate(sums)}
        totals |= {f"gated_{i}": Out(20) for i in range(len(gated))}
        memories = {
            f"{kind}_{i}": Out(memory[0])
            for kind, all_ in (("rom", roms), ("ram", rams))
            for i, memory in enumerate(all_)
        }
        inputs = {"a": In(40), "b": In(40), "address": In(16), "row": In(16), "enable": In(1)}
        super().__init__({**inputs, **products, **totals, **memories})

    def elaborate(self, platform):
        m = Module()
        self._multiply(m)
        for index, (term_width, width, has_start) in enumerate(self.sums):
            total = self.technology.accumulate(
                m,
                self.a[:term_width].as_signed(),
                enable=self.enable,
                first=self.row[0],
                start=self.b[:width].as_signed() if has_start else None,
                clear=None if index % 2 else self.row[1:4].all(),
                width=width,
                name=f"accumulator_{index}",
            )
            m.d.comb += getattr(self, f"total_{index}").eq(total)
        for index, (a, b, subtract) in enumerate(self.gated):
            total = self.technology.add_gated(
                m,
                _cast(self.a, a),
                self.row[1],
                _cast(self.b, b),
                self.row[2],
                subtract=subtract,
                registered=bool(index % 2),
                name=f"gated_adder_{index}",
            )
            m.d.comb += getattr(self, f"gated_{index}").eq(total)
        for index, (width, depth, stages, register) in enumerate(self.roms):
            words = [random.Random(row).getrandbits(width) for row in range(depth)]
            word = self.technology.rom(
                m,
                _limited(m, self.address, depth, f"rom_address_{index}"),
                width=width,
                words=words,
                address_stages=stages,
                output_register=bool(register),
                name=f"rom_block_{index}",
            )
            m.d.comb += getattr(self, f"rom_{index}").eq(word)
        for index, (width, depth, register, holds) in enumerate(self.rams):
            read, read_key = _one_of_few(m, self.address, depth, f"read_{index}")
            write, write_key = _one_of_few(m, self.row, depth, f"write_{index}")
            # what a read gives of a row that is written in that cycle is open, and what it gives of
            # one that was never written
            write_enable = self.enable & (read != write)
            written = Array(Signal(name=f"written_{index}_{i}") for i in range(16))
            with m.If(write_enable):
                m.d.sync += written[write_key].eq(1)
            # the register takes nothing without reading
            read_enable = self.b[0] | self.b[1] if holds else None
            register_enable = self.b[0] if holds else None
            known = written[read_key]
            for stage in range(1 + register):
                later = Signal(name=f"known_{index}_{stage}")
                enable = register_enable if stage else read_enable
                with m.If(Const(1) if enable is None else enable):
                    m.d.sync += later.eq(known)
                known = later
            word = self.technology.ram(
                m,
                read_row=read,
                write_enable=write_enable,
                write_row=write,
                write_data=self.a[:width],
                depth=depth,
                output_register=bool(register),
                read_enable=read_enable,
                register_enable=register_enable,
                name=f"ram_block_{index}",
            )
            m.d.comb += getattr(self, f"ram_{index}").eq(Mux(known, word, 0))
        return m

    def _multiply(self, m: Module) -> None:
        """All products of as many stages at once."""
        for stages in sorted({stages for _, _, stages in self.factors}):
            indices = [i for i, factors in enumerate(self.factors) if factors[2] == stages]
            pairs = [
                (_cast(self.a, self.factors[i][0]), _cast(self.b, self.factors[i][1]))
                for i in indices
            ]
            products = self.technology.multiply_all(m, pairs, stages=stages, name=f"of_{stages}")
            for index, product in zip(indices, products, strict=True):
                m.d.comb += getattr(self, f"product_{index}").eq(product)


def _product(a: Shape, b: Shape) -> Value:
    return Const(0, a) * Const(0, b)


def _cast(value: Value, shape: Shape) -> Value:
    part = value[: shape.width]
    return part.as_signed() if shape.signed else part


def _limited(m: Module, value: Value, depth: int, name: str) -> Signal:
    """Any row of a memory."""
    row = Signal(range(depth), name=name)
    narrow = value[: len(row)]
    m.d.comb += row.eq(Mux(narrow < depth, narrow, narrow[:-1]))
    return row


def _one_of_few(m: Module, value: Value, depth: int, name: str) -> tuple[Signal, Signal]:
    """One of up to 16 rows, far apart from each other, that are hit again and again; and which."""
    row = Signal(range(depth), name=name)
    key = Signal(4, name=f"{name}_key")
    low, high = value[:2], value[2:4]
    width = len(row)
    far, of_few = (low, low) if width < 5 else (Cat(low, Const(0, width - 4), high), value[:4])
    with m.If(far < depth):
        m.d.comb += [row.eq(far), key.eq(of_few)]
    return row, key


#: Columns, groups of lanes, stages of the multipliers, and operations of arrays.
ARRAYS = (
    (5, 1, 1, frozenset(Operation)),
    (4, 2, 2, frozenset(Operation)),
    (3, 1, 3, frozenset({Operation.DOT})),
    (6, 2, 5, frozenset({Operation.LANE_SUM})),
)


class Arrays(wiring.Component):
    """Arrays of all kinds, with the same random inputs; each with so many multipliers, if said."""

    def __init__(
        self, name: str, arrays=ARRAYS, weight_width: int = 8, multipliers: int | None = None
    ):
        def made() -> Technology:
            whole = technology(name)
            return whole if multipliers is None else whole.share(Fraction(multipliers))

        self.arrays = [
            MacArray(
                rows=3,
                cols=cols,
                lane_groups=groups,
                slots=cols // groups,
                activation_width=8,
                weight_width=weight_width,
                accumulator_width=20,
                multiplier_stages=stages,
                tree_levels_per_stage=2,
                operations=operations,
                announcement=2,
                technology=made(),
            )
            for cols, groups, stages, operations in arrays
        ]
        outputs = {
            f"{member}_{index}": Out(len(Value.cast(getattr(array.tile, member))))
            for index, array in enumerate(self.arrays)
            for member in ("columns", "lanes", "arrives_next")
        }
        self._outputs = list(outputs)
        factors = {"activations": In(48), "weights": In(18 * weight_width)}
        super().__init__({**factors, "flags": In(4), "operation": In(2), **outputs})

    def elaborate(self, platform):
        m = Module()
        for index, array in enumerate(self.arrays):
            m.submodules[f"array_{index}"] = array
            m.d.comb += [
                Value.cast(array.activations).eq(self.activations),
                Value.cast(array.weights).eq(self.weights),
                Cat(array.valid, array.tags.first, array.tags.last, array.tags.carry).eq(
                    self.flags
                ),
                array.tags.operation.eq(self.operation),
            ]
        for name in self._outputs:
            member, _, index = name.rpartition("_")
            m.d.comb += getattr(self, name).eq(
                Value.cast(getattr(self.arrays[int(index)].tile, member))
            )
        return m


class AllSharedProducts(wiring.Component):
    """Products of one factor with two others, of all their values in turn.

    Members
    -------
    low, high : Out
        Both products, without what the first one borrows.
    """

    def __init__(
        self,
        technology: Technology,
        *,
        activation_width: int,
        weight_width: int,
        symmetric: bool,
        stages: int,
    ):
        self.technology = technology
        self.symmetric = symmetric
        self.widths = activation_width, weight_width
        self.stages = stages
        product = signed(activation_width + weight_width)
        super().__init__({"low": Out(product), "high": Out(product)})

    def elaborate(self, platform):
        m = Module()
        activation_width, weight_width = self.widths
        count = Signal(
            data.StructLayout(
                {
                    "a": signed(activation_width),
                    "low": signed(weight_width),
                    "high": signed(weight_width),
                }
            )
        )
        m.d.sync += count.as_value().eq(count.as_value() + 1)
        factors = [self._limited(m, count, name) for name in ("low", "high")]
        low, high = self.technology.multiply_shared(
            m, count.a, factors, symmetric=self.symmetric, stages=self.stages, name="products"
        )
        borrows = self.technology.borrows(*self.widths, symmetric=self.symmetric)
        m.d.comb += [self.low.eq(low), self.high.eq(high + (low[-1] if borrows else 0))]
        return m

    def _limited(self, m: Module, count: data.View, name: str) -> Value:
        """A factor, in place of the least number of its width another one if it is symmetric."""
        if not self.symmetric:
            return count[name]
        factor = Signal(count[name].shape(), name=f"factor_{name}")
        is_least = count[name] == -(1 << (self.widths[1] - 1))
        m.d.comb += factor.eq(Mux(is_least, 0, count[name]))
        return factor
