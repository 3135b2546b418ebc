"""The instruction register and the fields of an encoded instruction."""

import re

import numpy as np
import pytest
from amaranth.hdl import Const
from bench import drive, encoded
from random_programs import fetch_program, write_back_program

from nnhw.hdl.instruction import Fields, InstructionRegister
from nnhw.isa import InstructionLayout


@pytest.mark.parametrize("layers", [1, 2, 5])
def test_steps_through_the_program_round_and_round(layers):
    program = write_back_program(layers, layers=layers, bits=8, space=64)
    register = InstructionRegister(**encoded(program))
    advance = np.random.default_rng(layers).integers(0, 2, 40)
    outputs = drive(register, {"advance": advance}, ["word", "next_word", "index"])
    index = np.concatenate([[0], np.cumsum(advance)[:-1]]) % layers
    assert register.latency == 1
    assert (outputs["index"] == index).all()
    for cycle, at in enumerate(index):
        following = program[(at + 1) % layers]
        assert register.layout.decode(int(outputs["word"][cycle])) == program[at]
        assert register.layout.decode(int(outputs["next_word"][cycle])) == following


def test_instructions_that_are_all_equal_take_no_memory():
    register = InstructionRegister(**encoded(fetch_program(1)[:1] * 3))
    assert register.layout.width == 0
    outputs = drive(register, {"advance": [1] * 7}, ["word", "index"])
    assert outputs["word"].tolist() == [0] * 7
    assert outputs["index"].tolist() == [0, 1, 2, 0, 1, 2, 0]


def test_fields():
    program = fetch_program(7)
    layout = InstructionLayout.fit(program)
    constants = [place.name for place in layout.fields.values() if place.offset is None]
    assert 0 < len(constants) < len(layout.fields)
    for instruction in program:
        fields = Fields(layout, Const(layout.encode(instruction), layout.width))
        for name, place in layout.fields.items():
            value = getattr(fields, name)
            assert (value.shape().width, value.shape().signed) == (place.width, place.signed)
            if name in constants:
                assert isinstance(value, Const)
                assert value.value == getattr(instruction, name)
            assert fields.is_constant(name, getattr(instruction, name)) == (name in constants)


def test_fields_wrong_name():
    layout = InstructionLayout.fit(fetch_program(0))
    message = "FetchInstruction has no field 'colour'"
    with pytest.raises(AttributeError, match=f"^{re.escape(message)}$"):
        _ = Fields(layout, Const(0, layout.width)).colour
