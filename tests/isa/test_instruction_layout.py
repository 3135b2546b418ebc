"""Layouts fitted to programs: what takes bits, and that nothing gets lost."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from instruction_strategies import KINDS, programs

from nnhw.isa import (
    FieldLayout,
    InstructionLayout,
    WriteBackInstruction,
    bits_for,
    field_docs,
)


def write_back(**fields: int) -> WriteBackInstruction:
    """An instruction of zeros but for some fields."""
    return WriteBackInstruction(**dict.fromkeys(field_docs(WriteBackInstruction), 0) | fields)


@pytest.mark.parametrize(
    ("value", "unsigned", "signed"),
    [(0, 1, 1), (1, 1, 2), (2, 2, 3), (127, 7, 8), (128, 8, 9), (255, 8, 9), (256, 9, 10)],
)
def test_bits_for(value, unsigned, signed):
    assert bits_for(value) == unsigned
    assert bits_for(value, signed=True) == signed
    assert bits_for(~value, signed=True) == signed


@given(programs())
def test_decode_gives_back_what_was_encoded(program):
    layout = InstructionLayout.fit(program)
    for instruction in program:
        word = layout.encode(instruction)
        assert 0 <= word < 1 << layout.width
        assert layout.decode(word) == instruction


@given(programs())
def test_constants_take_no_bits_and_others_the_bits_of_their_widest_value(program):
    layout = InstructionLayout.fit(program)
    assert list(layout.fields) == list(field_docs(type(program[0])))
    end = 0
    for name, place in layout.fields.items():
        values = {getattr(instruction, name) for instruction in program}
        width = max(bits_for(value, signed=place.signed) for value in values)
        constant = next(iter(values)) if len(values) == 1 else None
        offset = None if len(values) == 1 else end
        signed = field_docs(layout.kind)[name][1]
        assert place == FieldLayout(
            name=name, signed=signed, width=width, offset=offset, constant=constant
        )
        end += 0 if constant is not None else width
    assert layout.width == end


@given(programs())
def test_equal_instructions_take_nothing(program):
    layout = InstructionLayout.fit([program[0]] * 3)
    assert layout.width == 0
    assert layout.encode(program[0]) == 0
    assert layout.decode(0) == program[0]


def test_values():
    layout = InstructionLayout.fit([write_back(lo=-3, destination=9), write_back(lo=-3, rolls=1)])
    assert layout.values("lo") == "constant -3"
    assert layout.values("destination") == "4 bits"
    assert layout.values("rolls") == "1 bit"


def test_encode_wrong_constant():
    layout = InstructionLayout.fit([write_back(lo=-3, hi=1), write_back(lo=-3, hi=2)])
    with pytest.raises(ValueError, match=r"^Field 'lo' must be -3, not -4$"):
        layout.encode(write_back(lo=-4, hi=1))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rolls": 8}, "Field 'rolls' must fit 3 bits, not 8"),
        ({"rolls": -1}, "Field 'rolls' must fit 3 bits, not -1"),
        ({"hi": 4}, "Field 'hi' must fit 3 bits, not 4"),
        ({"hi": -5}, "Field 'hi' must fit 3 bits, not -5"),
    ],
)
def test_encode_wrong_width(fields, message):
    layout = InstructionLayout.fit([write_back(rolls=7, hi=-4), write_back(rolls=0, hi=3)])
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        layout.encode(write_back(**fields))


def test_layout_wrong_program():
    message = "A layout must be fitted to at least one instruction"
    with pytest.raises(ValueError, match=f"^{message}$"):
        InstructionLayout.fit([])


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_an_integer_with_documentation(kind):
    docs = field_docs(kind)
    assert list(docs) == [field.name for field in dataclasses.fields(kind)]
    for field in dataclasses.fields(kind):
        text, signed = docs[field.name]
        assert field.type == "int"
        assert len(text) > 10, field.name
        assert not text.endswith("."), field.name
        assert isinstance(signed, bool)
    assert len({text for text, _ in docs.values()}) == len(docs)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_must_be_given_by_name(kind):
    values = dict.fromkeys(field_docs(kind), 0)
    with pytest.raises(TypeError):
        kind(*values.values())
    values.popitem()
    with pytest.raises(TypeError):
        kind(**values)
