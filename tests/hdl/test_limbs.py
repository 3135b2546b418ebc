"""Products of wide numbers from narrow ones, against exact integers."""

import numpy as np
import pytest
from amaranth.hdl import Module, Shape, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from bench import drive, integers

from nnhw.hdl.technology import PORTABLE
from nnhw.hdl.technology.limbs import limb_product, limbs, short_product


class Product(wiring.Component):
    """A product of limbs; or, without a limb width, one by adding up."""

    def __init__(self, a: Shape, b: Shape, stages: int, limb_width: int | None, spare: int = 0):
        self.stages = stages
        self.limb_width = limb_width
        self.spare = spare
        self.factors: list[tuple[int, int]] = []
        product = Shape(a.width + b.width, a.signed or b.signed)
        super().__init__({"a": In(a), "b": In(b), "product": Out(product)})

    def _multiply(self, m, a, b, stages, name):
        self.factors.append((len(a), len(b)))
        return PORTABLE.multiply(m, a, b, stages=stages, name=name)

    def _take_spare(self):
        self.spare -= 1
        return self.spare >= 0

    def elaborate(self, platform):
        m = Module()
        if self.limb_width is None:
            product = short_product(
                m,
                self.a,
                self.b,
                self.stages,
                "product",
                add=PORTABLE.add,
                add_gated=PORTABLE.add_gated,
            )
        else:
            product = limb_product(
                m,
                self.a,
                self.b,
                self._multiply,
                add=PORTABLE.add,
                add_gated=PORTABLE.add_gated,
                take_spare=self._take_spare,
                limb_width=self.limb_width,
                stages=self.stages,
                name="product",
            )
        self.is_possible = product is not None
        if product is not None:
            m.d.comb += self.product.eq(product)
        return m


def check(component: Product) -> None:
    rng = np.random.default_rng(component.stages)
    factors = {}
    for name in ("a", "b"):
        shape = getattr(component, name).shape()
        factors[name] = integers(rng, shape.width, 200, signed=shape.signed)
    wanted = (factors["a"].astype(object) * factors["b"]).tolist()
    product = drive(component, factors, ["product"])["product"].tolist()
    assert product[component.stages :] == wanted[: -component.stages]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("spare", [0, 1, 2])
@pytest.mark.parametrize(
    ("a", "b"), [(23, 24), (21, 24), (15, 24), (18, 24), (8, 24), (8, 8), (23, 9)]
)
@pytest.mark.parametrize("stages", [2, 3, 4, 6])
def test_limb_product(a, b, signed, stages, spare):
    component = Product(Shape(a, True), Shape(b, signed), stages, 18, spare)
    check(component)
    assert all(max(factor) <= 18 for factor in component.factors)


@pytest.mark.parametrize("signed", [False, True])
def test_four_limbs_of_which_two_do_not_overlap(signed):
    component = Product(Shape(28, True), Shape(28, signed), 3, 18)
    check(component)
    assert len(component.factors) == 4


def test_only_long_limbs_take_multipliers():
    component = Product(Shape(23, True), Shape(24, False), 4, 18)
    check(component)
    assert component.factors == [(18, 18)]


def test_a_spare_multiplier_takes_a_short_limb():
    component = Product(Shape(23, True), Shape(24, False), 5, 18, spare=2)
    check(component)
    assert component.factors == [(18, 18), (18, 6)]
    assert component.spare == 1  # the other one is 24 x 5 bits


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((1, True), (9, True)),
        ((6, True), (18, False)),
        ((18, False), (5, False)),
        ((3, True), (3, True)),
        ((7, True), (5, True)),
        ((7, True), (1, False)),
    ],
)
def test_short_product(a, b):
    check(Product(Shape(*a), Shape(*b), 2, None))


def test_too_few_stages_for_the_sum():
    component = Product(Shape(30, True), Shape(30, False), 2, 18)
    drive(component, {"a": [1], "b": [1]}, ["product"])
    assert not component.is_possible
    assert not component.factors


def test_limbs_are_the_digits_of_a_number():
    parts = limbs(Signal(signed(40)), 18)
    assert [(len(part), part.shape().signed) for part in parts] == [
        (18, False),
        (18, False),
        (4, True),
    ]
