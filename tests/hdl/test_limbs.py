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

    def __init__(self, a: Shape, b: Shape, stages: int, limb_width: int | None):
        self.stages = stages
        self.limb_width = limb_width
        self.factors: list[tuple[int, int]] = []
        product = Shape(a.width + b.width, a.signed or b.signed)
        super().__init__({"a": In(a), "b": In(b), "product": Out(product)})

    def _multiply(self, m, a, b, stages, name):
        self.factors.append((len(a), len(b)))
        return PORTABLE.multiply(m, a, b, stages=stages, name=name)

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
@pytest.mark.parametrize(("a", "b"), [(23, 24), (15, 24), (8, 24), (8, 8), (23, 9)])
@pytest.mark.parametrize("stages", [2, 3, 4, 6])
def test_limb_product(a, b, signed, stages):
    component = Product(Shape(a, True), Shape(b, signed), stages, 18)
    check(component)
    assert all(max(factor) <= 18 for factor in component.factors)


def test_only_long_limbs_take_multipliers():
    component = Product(Shape(23, True), Shape(24, False), 4, 18)
    check(component)
    assert component.factors == [(18, 18)]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((1, True), (9, True)),
        ((6, True), (18, False)),
        ((18, False), (5, False)),
        ((3, True), (3, True)),
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
