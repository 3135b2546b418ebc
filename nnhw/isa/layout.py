"""Instruction layouts fitted to a program.

A field that has the same value in every instruction becomes a constant and takes no bit; any other
field takes the bits of its widest value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .instructions import Instruction, Operation, ParameterMode, field_docs


def bits_for(value: int, *, signed: bool = False) -> int:
    """Bits that hold `value`, at least 1; two's complement if `signed`."""
    if signed:
        return (value if value >= 0 else ~value).bit_length() + 1
    return max(1, value.bit_length())


@dataclass(frozen=True, kw_only=True)
class FieldLayout:
    """Place of one field in an encoded instruction.

    Parameters
    ----------
    name, signed
        As in the instruction's definition.
    width
        Bits that values of this field need, at least 1.
    offset
        Lowest bit in the encoded word; None for a constant.
    constant
        The value of a field that never changes, else None.
    """

    name: str
    signed: bool
    width: int
    offset: int | None
    constant: int | None


class InstructionLayout:
    """The encoding of one kind of instruction, as far as a program uses it.

    Parameters
    ----------
    instructions
        All instructions of the program, one kind, at least one.

    Attributes
    ----------
    kind : type
        Which of the dataclasses in `instructions`.
    fields : dict of str to FieldLayout
        In encoding order, lowest bits first.
    width : int
        Bits of an encoded instruction; 0 if there is nothing to encode.
    """

    def __init__(self, instructions: Sequence[Instruction]):
        if not instructions:
            raise ValueError("A layout must be fitted to at least one instruction")
        self.kind = type(instructions[0])
        self.fields: dict[str, FieldLayout] = {}
        self.width = 0
        for name, (_, signed) in field_docs(self.kind).items():
            values = [getattr(instruction, name) for instruction in instructions]
            width = max(bits_for(value, signed=signed) for value in values)
            varies = len(set(values)) > 1
            self.fields[name] = FieldLayout(
                name=name,
                signed=signed,
                width=width,
                offset=self.width if varies else None,
                constant=None if varies else values[0],
            )
            self.width += width if varies else 0

    def values(self, name: str) -> str:
        """One line that says what is kept of a field, for reports."""
        place = self.fields[name]
        if place.constant is not None:
            return f"constant {place.constant}"
        return f"{place.width} bit{'s' if place.width > 1 else ''}"

    def encode(self, instruction: Instruction) -> int:
        """The instruction as an unsigned number of `width` bits.

        Raises
        ------
        ValueError
            If a field's value does not fit this layout.
        """
        word = 0
        for place in self.fields.values():
            value = getattr(instruction, place.name)
            if place.offset is None:
                if value != place.constant:
                    raise ValueError(f"Field '{place.name}' must be {place.constant}, not {value}")
                continue
            fits = bits_for(value, signed=place.signed) <= place.width
            if not fits or (value < 0 and not place.signed):
                raise ValueError(f"Field '{place.name}' must fit {place.width} bits, not {value}")
            word |= (value & ((1 << place.width) - 1)) << place.offset
        return word

    def decode(self, word: int) -> Instruction:
        """The instruction that `encode` made `word` from."""
        values: dict[str, Any] = {}
        for place in self.fields.values():
            if place.offset is None:
                values[place.name] = place.constant
                continue
            value = (word >> place.offset) & ((1 << place.width) - 1)
            if place.signed and value >> (place.width - 1):
                value -= 1 << place.width
            values[place.name] = value
        return self.kind(**values)


def disassemble(instruction: Instruction) -> str:
    """An instruction as text, one field a column, enumerations by name."""
    values = asdict(instruction)
    if "operation" in values:
        values["operation"] = Operation(values["operation"]).name
    if "parameter_mode" in values:
        values["parameter_mode"] = ParameterMode(values["parameter_mode"]).name
    return " ".join(f"{name}={value}" for name, value in values.items())
