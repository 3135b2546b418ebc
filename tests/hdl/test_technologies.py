"""What technologies decide: shapes of memory blocks, pairs of products, and names."""

from fractions import Fraction

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module, Signal, signed, unsigned

from nnhw.errors import MappingError
from nnhw.families import FAMILIES
from nnhw.families.ecp5.technology import Ecp5
from nnhw.families.gowin.technology import Gowin
from nnhw.families.ice40.technology import Ice40
from nnhw.families.xilinx7.technology import can_pair
from nnhw.hdl.technology import Technology, technology
from nnhw.hdl.technology.blocks import BlockShape, best_shape, choose_banks, count_blocks
from nnhw.mapping import EngineConfig
from nnhw.options import TECHNOLOGIES


def test_every_name_has_a_technology():
    kinds = {name: type(technology(name)) for name in TECHNOLOGIES}
    assert kinds["portable"] is Technology
    assert (kinds["ecp5"], len(set(kinds.values()))) == (Ecp5, len(FAMILIES) + 1)


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
        # weights of 9 bits have the ninth bit of a block
        (2000, 9 * 16, (2048, 9)),
        (9000, 1, (16384, 1)),
    ],
)
def test_shape_with_the_fewest_blocks(depth, width, shape):
    assert best_shape(Ecp5.rom_shapes, depth, width) == BlockShape(*shape)


@pytest.mark.parametrize(
    ("depth", "width", "banks", "blocks"),
    [
        (2048, 1026, [(2048, 9, 0)], 114),
        # five banks of 512 words would take 145 blocks, and a selection among five
        (2064, 1026, [(2048, 9, 0), (512, 36, 2048)], 143),
        (1030, 36, [(1024, 18, 0), (512, 36, 1024)], 3),
        (5000, 36, [(2048, 9, 0), (2048, 9, 2048), (1024, 18, 4096)], 10),
        (600, 40, [(1024, 18, 0)], 3),
    ],
)
def test_banks_with_the_fewest_blocks(depth, width, banks, blocks):
    chosen = choose_banks(Ecp5.rom_shapes, depth, width)
    assert [(bank.shape.depth, bank.shape.width, bank.start) for bank in chosen] == banks
    assert count_blocks(chosen, width) == blocks


def test_pairs_of_products_fit_into_a_dsp48e1():
    assert can_pair(signed(8), signed(8))
    assert not can_pair(signed(9), signed(8))
    assert not can_pair(unsigned(8), signed(8))


@pytest.mark.parametrize(
    ("name", "bytes_", "wide"),
    [("portable", 1, 1), ("ecp5", 1, 1), ("gowin", 1, 1), ("ice40", 2, 1), ("xilinx7", 2, 1)],
)
def test_products_of_a_cell(name, bytes_, wide):
    """Of weights of 8 bits and of 9: a cell that holds two products of bytes holds one of these."""
    found = technology(name)
    assert [found.products_a_cell(8, width) for width in (8, 9)] == [bytes_, wide]


def test_banks_of_memories_are_selected_by_the_technology():
    found = []

    class Selects(Ice40):
        def select(self, m, index, values, *, name):
            found.append((len(index), len(values), name))
            return super().select(m, index, values, name=name)

    m = Module()
    # 512 words and 88; 2,048 words and 52
    Selects().rom(
        m,
        Signal(10),
        width=16,
        words=range(600),
        address_stages=0,
        output_register=False,
        name="words",
    )
    Selects().ram(
        m,
        read_row=Signal(12),
        write_enable=Signal(),
        write_row=Signal(12),
        write_data=Signal(2),
        depth=2100,
        output_register=False,
        name="rows",
    )
    rtlil.convert(m, ports=[])
    assert found == [(1, 2, "words_word_0"), (1, 2, "rows_word")]


@pytest.mark.parametrize("family", [Ecp5, Gowin, Ice40])
def test_multipliers_of_a_target_are_spare(family):
    assert not family().take_spare()
    share = family().share(Fraction(15, 2))
    assert not share.take_spare()
    share.reserve(5)
    assert [share.take_spare() for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(("products", "spare"), [(20, 8), (28, 0), (29, 43), (144, 12), (200, 0)])
def test_multipliers_are_spare_in_the_smallest_device_that_has_enough(products, spare):
    cells = Ecp5()
    assert not cells.take_spare()  # nobody has said how many there have to be
    cells.reserve(products)
    assert [cells.take_spare() for _ in range(50)] == [True] * spare + [False] * (50 - spare)
