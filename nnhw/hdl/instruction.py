"""Instruction memory and the register that holds the instruction at work."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import C, Module, Shape, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..isa import Instruction, InstructionLayout


class Fields:
    """The fields of an encoded instruction, by attribute.

    A field that never changes reads as a constant, so that hardware for it vanishes.

    Parameters
    ----------
    layout
        Layout that the instruction is encoded with.
    word
        The encoded instruction.
    """

    def __init__(self, layout: InstructionLayout, word: Value):
        self._layout = layout
        self._word = word

    def __getattr__(self, name: str) -> Value:
        place = self._layout.fields.get(name)
        if place is None:
            raise AttributeError(f"{self._layout.kind.__name__} has no field '{name}'")
        if place.offset is None:
            assert place.constant is not None
            return C(place.constant, Shape(place.width, place.signed))
        value = self._word[place.offset : place.offset + place.width]
        return value.as_signed() if place.signed else value

    def is_constant(self, name: str, value: int) -> bool:
        """Whether the field has this one value throughout the program."""
        return self._layout.fields[name].constant == value


class InstructionRegister(wiring.Component):
    """Holds one instruction at a time and steps through the program, round and round.

    The program starts with its first instruction out of reset.

    Parameters
    ----------
    program
        All instructions of one kind, in order.

    Members
    -------
    advance : In(1)
        Load the next instruction; the one after the last is the first.
    word, next_word : Out(layout.width)
        Encoded instruction at work, and the one that `advance` will load.
    index : Out
        Number of the instruction at work.

    Attributes
    ----------
    program : tuple of Instruction
    layout : InstructionLayout
    current, upcoming : Fields
        Fields of `word` and `next_word`.
    latency : int
        Cycles from `advance` to the next instruction.
    """

    latency = 1

    def __init__(self, program: Sequence[Instruction]):
        self.program = tuple(program)
        self.layout = InstructionLayout(self.program)
        self._words = [self.layout.encode(instruction) for instruction in self.program]
        width = max(1, self.layout.width)
        super().__init__(
            {
                "advance": In(1),
                "word": Out(width, init=self._words[0]),
                "next_word": Out(width, init=self._words[1 % len(self._words)]),
                "index": Out(range(max(2, len(self._words)))),
            }
        )
        self.current = Fields(self.layout, self.word)
        self.upcoming = Fields(self.layout, self.next_word)

    def elaborate(self, platform):
        m = Module()
        words, count = self._words, len(self._words)
        if count == 1:
            m.d.comb += self.next_word.eq(words[0])
            return m
        # the next word comes from a register, too: parents decide with its fields. What they do not
        # read of it is not built, as the word at work does not come from there
        with m.If(self.advance), m.Switch(self.index):
            for index in range(count):
                with m.Case(index) if index < count - 1 else m.Default():
                    m.d.sync += [
                        self.word.eq(words[(index + 1) % count]),
                        self.next_word.eq(words[(index + 2) % count]),
                        self.index.eq((index + 1) % count),
                    ]
        return m
