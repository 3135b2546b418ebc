"""The instruction set: definition, fitted layouts, encoder, decoder, disassembler."""

from .instructions import (
    DrainInstruction,
    FetchInstruction,
    Instruction,
    Operation,
    ParameterMode,
    ResidualInstruction,
    WriteBackInstruction,
    field_docs,
)
from .layout import FieldLayout, InstructionLayout, bits_for, disassemble

__all__ = [
    "DrainInstruction",
    "FetchInstruction",
    "FieldLayout",
    "Instruction",
    "InstructionLayout",
    "Operation",
    "ParameterMode",
    "ResidualInstruction",
    "WriteBackInstruction",
    "bits_for",
    "disassemble",
    "field_docs",
]
