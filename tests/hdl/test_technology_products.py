"""What technologies decide: limbs of wide factors, shapes of memory blocks, and names."""

import pytest
from amaranth.hdl import Fragment, Module, Signal, signed, unsigned
from bench import simulate

from nnhw.errors import MappingError
from nnhw.hdl.technology import PORTABLE, technology
from nnhw.hdl.technology.blocks import BlockShape, best_shape
from nnhw.hdl.technology.ecp5 import Ecp5
from nnhw.hdl.technology.limbs import limb_product, limbs
from nnhw.hdl.technology.xilinx7 import can_pair
from nnhw.mapping import TECHNOLOGIES, EngineConfig


def test_every_name_has_a_technology():
    assert [technology(name).name for name in TECHNOLOGIES] == list(TECHNOLOGIES)


def test_unknown_technology():
    with pytest.raises(MappingError, match=r"'technology' must be one of portable, ecp5.*'asic'"):
        EngineConfig(rows=1, cols=1, technology="asic")


@pytest.mark.parametrize(
    ("depth", "width", "shape"),
    [
        (512, 1024, (512, 36)),
        (600, 40, (1024, 18)),
        # two banks of 1024 words would take as many blocks, and a selection
        (2000, 9, (2048, 9)),
        # three banks of two blocks are less than nine and eight
        (1100, 72, (512, 36)),
        (9000, 8, (2048, 9)),
        (9000, 1, (16384, 1)),
    ],
)
def test_shape_with_the_fewest_blocks(depth, width, shape):
    assert best_shape(Ecp5.rom_shapes, depth, width) == BlockShape(*shape)


def test_limbs():
    parts = limbs(Signal(signed(40)), 18)
    assert [part.shape() for part in parts] == [unsigned(18), unsigned(18), signed(4)]
    assert [len(part) for part in limbs(Signal(18), 18)] == [18]


@pytest.mark.parametrize(("a", "b"), [(signed(7), unsigned(9)), (signed(10), signed(3))])
def test_limb_product(a, b):
    x, y = Signal(a), Signal(b)
    m = Module()

    def multiply(p, q, stages, name):
        assert max(len(p), len(q)) <= 4
        return PORTABLE.multiply(m, p, q, stages=stages, name=name)

    product = limb_product(m, x, y, multiply, limb_width=4, stages=5, name="p")
    assert product is not None
    assert product.shape() == (x * y).shape()

    async def testbench(ctx):
        for i in range(200):
            values = [
                (i * step) % (1 << shape.width) - (shape.signed << (shape.width - 1))
                for shape, step in ((a, 37), (b, 101))
            ]
            ctx.set(x, values[0])
            ctx.set(y, values[1])
            await ctx.tick().repeat(5)
            assert ctx.get(product) == values[0] * values[1]

    simulate(m, testbench)


def test_too_few_stages_for_limbs():
    x, y = Signal(signed(23)), Signal(24)
    for stages, fits in ((2, False), (3, True)):
        m = Module()
        product = limb_product(
            m,
            x,
            y,
            lambda p, q, n, name, m=m: PORTABLE.multiply(m, p, q, stages=n, name=name),
            limb_width=18,
            stages=stages,
            name="p",
        )
        assert (product is not None) == fits
        Fragment.get(m, None)


def test_pairs_of_products_fit_into_a_dsp48e1():
    assert can_pair(signed(8), signed(8))
    assert not can_pair(signed(9), signed(8))
    assert not can_pair(unsigned(8), signed(8))
