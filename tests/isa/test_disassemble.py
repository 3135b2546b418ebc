"""Programs as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from instruction_strategies import programs

from nnhw.isa import (
    DrainInstruction,
    FetchInstruction,
    Operation,
    ParameterMode,
    disassemble,
    field_docs,
)


@pytest.mark.parametrize("operation", Operation)
def test_operations_by_name(operation):
    fields = dict.fromkeys(field_docs(FetchInstruction), 0) | {"operation": int(operation)}
    text = disassemble(FetchInstruction(**fields))
    assert text.startswith(f"operation={operation.name} source=0 ")


@pytest.mark.parametrize("mode", ParameterMode)
def test_parameter_modes_by_name(mode):
    fields = dict.fromkeys(field_docs(DrainInstruction), 0) | {"parameter_mode": int(mode)}
    text = disassemble(DrainInstruction(**fields))
    assert f" parameter_mode={mode.name} " in text


@given(programs())
def test_every_field_is_a_column(program):
    for instruction in program:
        values = vars(instruction)
        columns = dict(column.split("=") for column in disassemble(instruction).split(" "))
        assert list(columns) == list(field_docs(type(instruction)))
        for name, text in columns.items():
            if name == "operation":
                assert Operation[text] == values[name]
            elif name == "parameter_mode":
                assert ParameterMode[text] == values[name]
            else:
                assert int(text) == values[name]
