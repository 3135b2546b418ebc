"""Memories become what is cheapest."""

import pytest

from nnhw.estimates.features import MemoryShape
from nnhw.estimates.memories import place_memory
from nnhw.families import FAMILIES

ECP5 = FAMILIES["ecp5"].part("fabric").FABRIC


def shape(width, depth, *, writes=1, registered=True):
    return MemoryShape(width, depth, reads=1, writes=writes, registered=registered, style="")


@pytest.mark.parametrize(
    ("memory", "luts", "blocks"),
    [
        (shape(8, 8), 8, 0),
        (shape(10, 64), 48, 0),
        (shape(8, 192), 0, 1),
        (shape(8, 192, registered=False), 96, 0),
        (shape(32, 90, writes=0), 0, 1),
        (shape(72, 512), 0, 2),
        (shape(8, 20, writes=0), 0, 0),
    ],
)
def test_on_ecp5(memory, luts, blocks):
    use = place_memory(memory, ECP5)
    assert (use.luts, use.blocks) == (luts, blocks)


def test_what_is_left_is_logic():
    use = place_memory(shape(8, 20, writes=0), ECP5)
    assert (use.rom_bits, use.ram_bits, use.registers) == (160, 0, 8)
    gatemate = FAMILIES["gatemate"].part("fabric").FABRIC  # which has no memories of tables
    assert place_memory(shape(8, 8), gatemate).ram_bits == 64


def test_words_of_several_rows_of_cells_are_selected():
    use = place_memory(shape(10, 64), ECP5)
    assert (use.selected, use.registers) == (30, 10)
