"""Instruction layouts fitted to a program.

A field that has the same value in every instruction becomes a constant and takes no bit; any other
field takes the bits of its widest value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

    @property
    def bits(self) -> str:
        """Its bits in the encoded word as Verilog has them; empty for a constant."""
        if self.offset is None:
            return ""
        first = self.offset
        return f"[{first + self.width - 1}:{first}]" if self.width > 1 else f"[{first}]"


@dataclass(frozen=True)
class InstructionLayout:
    """The encoding of one kind of instruction, as far as programs use it.

    Parameters
    ----------
    kind
        Which of the dataclasses in `instructions`.
    fields
        In encoding order, lowest bits first.
    """

    kind: type[Instruction]
    fields: dict[str, FieldLayout]

    @classmethod
    def fit(cls, instructions: Sequence[Instruction]) -> InstructionLayout:
        """The layout of just these instructions, one kind, at least one."""
        if not instructions:
            raise ValueError("A layout must be fitted to at least one instruction")
        kind = type(instructions[0])
        needs = {}
        for name, (_, signed) in field_docs(kind).items():
            values = {getattr(instruction, name) for instruction in instructions}
            least, most = min(values), max(values)
            width = max(bits_for(value, signed=signed) for value in (least, most))
            needs[name] = width, most if least == most else None
        return cls._of(kind, needs)

    @classmethod
    def _of(
        cls, kind: type[Instruction], needs: Mapping[str, tuple[int, int | None]]
    ) -> InstructionLayout:
        """From the width and the constant value of each field, None if it varies."""
        places: dict[str, FieldLayout] = {}
        offset = 0
        for name, (_, signed) in field_docs(kind).items():
            width, constant = needs[name]
            varies = constant is None
            places[name] = FieldLayout(
                name=name,
                signed=signed,
                width=width,
                offset=offset if varies else None,
                constant=constant,
            )
            offset += width if varies else 0
        return cls(kind, places)

    def join(self, other: InstructionLayout) -> InstructionLayout:
        """The layout of all instructions that either one encodes."""
        return self._of(
            self.kind,
            {
                name: (
                    max(place.width, other.fields[name].width),
                    place.constant if place.constant == other.fields[name].constant else None,
                )
                for name, place in self.fields.items()
            },
        )

    def widened(self, widths: Mapping[str, int]) -> InstructionLayout:
        """The layout in which some fields vary and have at least so many bits, by name."""
        return self._of(
            self.kind,
            {
                name: (
                    max(place.width, widths.get(name, 0)),
                    None if name in widths else place.constant,
                )
                for name, place in self.fields.items()
            },
        )

    @property
    def width(self) -> int:
        """Bits of an encoded instruction; 0 if there is nothing to encode."""
        return sum(place.width for place in self.fields.values() if place.constant is None)

    def asks(self, *names: str) -> bool:
        """Whether any of these fields is ever other than zero."""
        return any(self.fields[name].constant != 0 for name in names)

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
