"""The instruction register and the fields of an encoded instruction."""

import re

import numpy as np
import pytest
from amaranth.hdl import Const
from bench import drive, encoded
from random_programs import fetch_program, write_back_program

from nnhw.hdl.instruction import InstructionRegister, InstructionSignature
from nnhw.isa import InstructionLayout


@pytest.mark.parametrize("layers", [1, 2, 5])
def test_steps_through_the_program_round_and_round(layers):
    program = write_back_program(layers, layers=layers, bits=8, space=64)
    rng = np.random.default_rng(layers)
    words = encoded(program)
    fields = words["layout"].fields
    ahead = rng.permutation(list(fields))[::2].tolist()
    register = InstructionRegister(**words, ahead=ahead)
    ports = [f"current.{field}" for field in fields] + [f"upcoming.{field}" for field in ahead]
    advance = rng.integers(0, 2, 40)
    outputs = drive(register, {"advance": advance}, ["index", *ports])
    index = np.concatenate([[0], np.cumsum(advance)[:-1]]) % layers
    assert register.latency == 1
    assert (outputs["index"] == index).all()
    for cycle, at in enumerate(index):
        for name, instruction in ("current", at), ("upcoming", (at + 1) % layers):
            for field, value in vars(program[instruction]).items():
                if name == "upcoming" and field not in ahead:
                    continue
                assert outputs[f"{name}.{field}"][cycle] == value


def test_some_of_the_fields_only():
    program = write_back_program(3, layers=4, bits=8, space=64)
    words = encoded(program)
    names = {"destination", "lo"}
    register = InstructionRegister(**words, names=names)
    assert set(register.current.signature.members) <= names
    ports = [f"current.{name}" for name in register.current.signature.members]
    outputs = drive(register, {"advance": [1] * 8}, ports)
    for port in ports:
        wanted = [getattr(instruction, port.removeprefix("current.")) for instruction in program]
        assert outputs[port].tolist() == wanted * 2
    with pytest.raises(AttributeError, match=r"^WriteBackInstruction has no field 'hi'$"):
        _ = register.current.hi


def test_instructions_that_are_all_equal_take_no_memory():
    register = InstructionRegister(**encoded(fetch_program(1)[:1] * 3))
    assert register.layout.width == 0
    assert not register.current.signature.members
    outputs = drive(register, {"advance": [1] * 7}, ["index"])
    assert outputs["index"].tolist() == [0, 1, 2, 0, 1, 2, 0]


def test_fields():
    program = fetch_program(7)
    layout = InstructionLayout.fit(program)
    constants = [place.name for place in layout.fields.values() if place.offset is None]
    assert 0 < len(constants) < len(layout.fields)
    fields = InstructionSignature(layout).create()
    for name, place in layout.fields.items():
        value = getattr(fields, name)
        assert (value.shape().width, value.shape().signed) == (place.width, place.signed)
        assert isinstance(value, Const) == (name in constants)
        if name in constants:
            assert value.value == getattr(program[0], name)


def test_fields_that_are_not_known_ahead():
    layout = InstructionLayout.fit(write_back_program(0, layers=2, bits=8, space=64))
    fields = InstructionSignature(layout, ["destination"]).create()
    assert list(fields.signature.members) == ["destination"]
    with pytest.raises(AttributeError, match=r"^WriteBackInstruction has no field 'lo'$"):
        _ = fields.lo


def test_fields_wrong_name():
    fields = InstructionSignature(InstructionLayout.fit(fetch_program(0))).create()
    message = "FetchInstruction has no field 'colour'"
    with pytest.raises(AttributeError, match=f"^{re.escape(message)}$"):
        _ = fields.colour
