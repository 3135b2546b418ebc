"""The description of the registers: what never moves, and what a design makes of it."""

from __future__ import annotations

import struct
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from register_maps import HASH, INPUT, OUTPUT, loaded_map, small_map

from nnhw.registers import (
    ABI_MAJOR,
    ABI_MINOR,
    BLOCKS,
    Access,
    Block,
    Field,
    Register,
    RegisterMap,
    TensorEntry,
)
from nnhw.registers.register_map import constant_row
from nnhw.registers.tensors import multiplier_and_shift

ABI = Path(__file__).with_name("abi.txt")


def abi_lines() -> list[str]:
    """Every field of every block, with all that software relies on."""
    return [
        f"{block.offset + register.offset:#05x} {block.name}.{register.name} "
        f"[{field.high}:{field.low}] {field.name} {field.access} {field.reset}"
        + (f" every {block.size:#x}" if block.is_repeated else "")
        for block in BLOCKS
        for register in block.registers
        for field in register.fields
    ]


def test_addresses_never_move():
    """Lines may be added to the file, with a larger ABI_MINOR; what is there stays."""
    major_minor, *lines = ABI.read_text().splitlines()
    assert major_minor == f"ABI {ABI_MAJOR}.{ABI_MINOR}"
    assert lines == abi_lines()


def test_blocks_do_not_overlap():
    for lower, upper in pairwise(BLOCKS):
        assert lower.offset + lower.size <= upper.offset
        assert not lower.is_repeated, "only the last block grows"
    names = [register.name for block in BLOCKS[:-1] for register in block.registers]
    assert len(set(names)) == len(names), "registers are found by their names alone"


def test_words_of_a_design():
    words = small_map().words
    assert words[0x000] == int.from_bytes(b"NNHW", "little")
    assert [words[0x020 + 4 * i] for i in range(8)] == list(HASH)
    assert words[0x400 + 0x18] == 0xFFFFFF80
    assert words[0x400 + 0x1C] == struct.unpack("<I", struct.pack("<f", 0.1))[0]
    assert words[0x440 + 0x14] == 6 | 1 << 8 | 1 << 9
    assert (words[0x440 + 0x20], words[0x440 + 0x24]) == (1, 2)
    assert words[0x440 + 0x28] == 1 << 8
    assert 0x480 not in words


def test_what_is_loaded():
    """It reads at the same addresses, and the hardware has nothing of it."""
    fixed, loaded = small_map(), loaded_map()
    words, description = loaded.words, loaded.description
    assert words[0x060] == 0x80000000
    assert len(description) == 32 + 2 * 16
    for address, word in fixed.words.items():
        if address in words:
            assert address >= 0x060 or words[address] == word
        else:
            assert description[constant_row(address)] == word
    assert not {0x020, 0x048, 0x058, 0x400} & words.keys()
    assert sum(map(bool, description)) == sum(
        bool(word) for address, word in fixed.words.items() if address not in words
    )
    assert len([p for p in loaded if p.block.name == "tensor"]) == 14 * 13
    with pytest.raises(ValueError, match="15 tensors are more than 14"):
        replace(loaded, tensors=(INPUT,) * 15)


def test_absent_fields():
    causes = {p.register.name: p.register for p in small_map()}["error_cause"]
    assert [field.name for field in causes.fields] == ["tlast_early", "tlast_late"]


@pytest.mark.parametrize("scale", [1.0, 0.1, 3.0e-5, 7.5, 2.0**-40, 1e6, 2.0**30])
def test_scale_as_integers(scale):
    multiplier, shift = multiplier_and_shift(scale)
    assert multiplier < 1 << 24
    assert multiplier * 2.0**-shift == struct.unpack("<f", struct.pack("<f", scale))[0]


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ((), 0),
        (("Softmax(axis=1)",), 1),
        (("ArgMax(axis=1, keepdims=0)",), 2),
        (("Sigmoid",), 3),
        (("Softmax(axis=1)", "ArgMax(axis=1)"), 4),
        (("Tanh",), 4),
    ],
)
def test_postprocess_code(steps, code):
    entry = TensorEntry(**{**vars(OUTPUT), "postprocess": steps})
    assert entry.values()["host"] >> 8 == code


@pytest.mark.parametrize(("tensors", "bits"), [(2, 12), (48, 12), (49, 13), (112, 13), (113, 14)])
def test_window(tensors, bits):
    assert small_map((INPUT,) * tensors).address_bits == bits


def test_wrong_descriptions():
    with pytest.raises(ValueError, match="does not fit into 32 bits"):
        Field(name="f", help="", low=30, width=3)
    with pytest.raises(ValueError, match="Reset value"):
        Field(name="f", help="", width=1, reset=2)
    with pytest.raises(ValueError, match="overlap"):
        Register(
            name="r",
            offset=0,
            help="",
            fields=(Field(name="a", help="", width=2), Field(name="b", help="", low=1, width=1)),
        )
    with pytest.raises(ValueError, match="multiple of 4"):
        Register(name="r", offset=2, help="", fields=())
    word = Register(name="r", offset=4, help="", fields=())
    with pytest.raises(ValueError, match="overlap"):
        Block(name="b", offset=0, size=8, help="", registers=(word, word))
    with pytest.raises(ValueError, match="do not fit"):
        Block(name="b", offset=0, size=4, help="", registers=(word,))
    with pytest.raises(ValueError, match="Constant registers must be"):
        RegisterMap(name="net", constants={}, tensors=())


def test_every_access_is_used():
    used = {f.access for block in BLOCKS for r in block.registers for f in r.fields}
    assert used == set(Access)
