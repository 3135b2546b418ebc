"""What is counted of components: no more than a synthesizer leaves."""

import dataclasses

import pytest
from amaranth.hdl import Array, Cat, Const, Instance, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nnhw.estimates import Fabric
from nnhw.estimates.fabric import Bypass
from nnhw.estimates.features import count_features
from nnhw.export.verilog import component_netlist

FABRIC = Fabric(lut_inputs=4, memory_cells=())


class Component(wiring.Component):
    """A function of eight bits `a` and one bit `en` each."""

    def __init__(self, fill, width=8):
        self._fill = fill
        super().__init__({"a": In(8), "b": In(8), "en": In(1), "clear": In(1), "y": Out(width)})

    def elaborate(self, platform):
        m = Module()
        self._fill(self, m)
        return m


def features(fill, *, width=8, fabric=FABRIC):
    return count_features(component_netlist(Component(fill, width), "top"), fabric)


def test_a_register_with_enable_and_reset_takes_no_tables():
    def fill(self, m):
        register = Signal(8)
        with m.If(self.clear):
            m.d.sync += register.eq(0)
        with m.Elif(self.en):
            m.d.sync += register.eq(self.a)
        m.d.comb += self.y.eq(register)

    found = features(fill)
    assert (found.flip_flops, sum(found.tables.values())) == (8, 1)  # rst or clear
    without = features(fill, fabric=dataclasses.replace(FABRIC, has_reset=False))
    assert without.flip_flops == 8
    assert sum(without.tables.values()) >= 9


def test_registers_that_nothing_reads_or_that_never_change_are_none():
    def fill(self, m):
        wide, constant, unread = Signal(8), Signal(8, init=5), Signal(8)
        m.d.sync += [wide.eq(self.a), unread.eq(self.b)]
        with m.If(self.en):
            m.d.sync += constant.eq(5)
        m.d.comb += self.y.eq(Mux(constant == 5, wide[:3], unread))

    assert features(fill).flip_flops == 3


def test_registers_that_hold_the_same_are_one():
    def fill(self, m):
        first, second = (Signal(8, name=f"s{n}") for n in range(2))
        again, other = (Signal(8, name=f"t{n}") for n in range(2))
        m.d.sync += [first.eq(self.a), second.eq(self.a), again.eq(first), other.eq(second)]
        m.d.comb += self.y.eq(again & other)

    found = features(fill)
    assert (found.flip_flops, sum(found.tables.values())) == (16, 0)


def test_adders_and_comparisons_are_chains():
    def fill(self, m):
        m.d.comb += self.y.eq(Mux(self.a < self.b, self.a + self.b, self.a))

    found = features(fill)
    assert (found.adders, found.comparisons) == ((8,), (8,))
    narrow = features(fill, fabric=dataclasses.replace(FABRIC, least_chain=9))
    assert (narrow.adders, narrow.comparisons) == ((), ())


@pytest.mark.parametrize(("inputs", "sizes"), [(4, {4: 8}), (6, {6: 4})])
def test_a_choice_of_four_takes_two_tables_of_four_inputs(inputs, sizes):
    def fill(self, m):
        words = Array([self.a[:4], self.a[4:], self.b[:4], self.b[4:]])
        m.d.comb += self.y.eq(words[Cat(self.en, self.clear)])

    found = features(fill, width=4, fabric=dataclasses.replace(FABRIC, lut_inputs=inputs))
    assert {size: count for size, count in found.tables.items() if count} == sizes


def test_only_bits_that_are_read_are_added():
    def fill(self, m):
        total = Signal(9)
        m.d.comb += [total.eq(self.a + self.b), self.y.eq(total[3:6])]

    assert features(fill).adders == (6,)


def test_products_are_left_to_the_synthesizer():
    def fill(self, m):
        m.d.comb += self.y.eq(self.a * self.b[:5])

    assert features(fill, width=13).products == ((8, 5),)


def test_cells_count_if_something_reads_them():
    def fill(self, m):
        one, other = Signal(), Signal()
        m.submodules.used = Instance("CELL", i_A=self.en, o_Y=one)
        m.submodules.unused = Instance("CELL", i_A=self.en, o_Y=other)
        m.d.comb += self.y.eq(one)

    assert features(fill, width=1).cells == {"CELL": 1}


@pytest.mark.parametrize(
    ("bypass", "joined"), [(Bypass.FREE, 0), (Bypass.SHARED, 24), (Bypass.ALONE, 16)]
)
def test_flip_flops_beside_what_computes_their_data(bypass, joined):
    def fill(self, m):
        alone, added, shared, copied = (Signal(8, name=name) for name in "abcd")
        both = Signal(8)
        m.d.comb += both.eq(self.a ^ self.b)
        m.d.sync += [
            alone.eq(self.a & self.b),
            added.eq(self.a + self.b),
            shared.eq(both),
            copied.eq(self.a),
        ]
        m.d.comb += self.y.eq(Cat(alone, added, shared, copied, both))

    found = features(fill, width=40, fabric=dataclasses.replace(FABRIC, bypass=bypass))
    assert (found.flip_flops, found.joined) == (32, joined)


@pytest.mark.parametrize(("stages", "lengths"), [(2, {}), (5, {5: 8})])
def test_shift_registers(stages, lengths):
    def fill(self, m):
        value = self.a
        for stage in range(stages):
            following = Signal(8, name=f"stage_{stage}", reset_less=True)
            m.d.sync += following.eq(value)
            value = following
        m.d.comb += self.y.eq(value)

    found = features(fill, fabric=dataclasses.replace(FABRIC, shift_register=3))
    assert (found.flip_flops, dict(found.shifted)) == (8 * stages, lengths)


def test_constants_reach_through_components():
    class Gate(wiring.Component):
        def __init__(self):
            super().__init__({"x": In(8), "on": In(1), "y": Out(8)})

        def elaborate(self, platform):
            m = Module()
            m.d.comb += self.y.eq(Mux(self.on, self.x, 0))
            return m

    def fill(self, m):
        m.submodules.gate = gate = Gate()
        m.d.comb += [gate.x.eq(self.a), gate.on.eq(Const(1)), self.y.eq(gate.y)]

    assert sum(features(fill).tables.values()) == 0


@pytest.mark.parametrize(("read_twice", "in_multiplier"), [(False, True), (True, False)])
def test_multipliers_that_add_take_an_accumulator_in(read_twice, in_multiplier):
    """Unless something else reads the product."""

    def fill(self, m):
        a, b, product = Signal(signed(8)), Signal(signed(8)), Signal(signed(16))
        total = Signal(signed(20))
        m.d.sync += [a.eq(self.a), b.eq(self.b), product.eq(a * b)]
        with m.If(self.en):
            m.d.sync += total.eq(Mux(self.clear, 0, total) + product)
        m.d.comb += self.y.eq(Cat(total, product) if read_twice else total)

    fabric = dataclasses.replace(FABRIC, multipliers_add=True)
    found = features(fill, width=36, fabric=fabric)
    assert features(fill, width=36).adders == (20,)
    assert found.adders == (() if in_multiplier else (20,))
    assert found.flip_flops == 32 + 20 * (not in_multiplier)
    assert bool(found.operands) == (not in_multiplier)  # what clears the sum


def test_cells_that_pass_a_carry_on_are_chains():
    """Two of three cells and of one; a carry may come from elsewhere than from nothing."""

    def fill(self, m):
        bits = []
        for chain, (length, carry) in enumerate(((3, Const(0)), (1, self.en))):
            for cell in range(length):
                out, total = Signal(name=f"carry_{chain}_{cell}"), Signal(name=f"s_{chain}_{cell}")
                m.submodules[f"cell_{chain}_{cell}"] = Instance(
                    "ADDER", i_CI=carry, i_A=self.a[cell], o_CO=out, o_S=total
                )
                bits.append(total)
                carry = out
        m.d.comb += self.y.eq(Cat(bits))

    found = features(fill, fabric=dataclasses.replace(FABRIC, carries={"ADDER": "CI"}))
    assert (found.cells["ADDER"], found.cell_chains) == (4, 2)
    assert features(fill).cell_chains == 0
