"""Instruction memory and the register that holds the instruction at work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import C, Module, Shape, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..isa import InstructionLayout


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
        """Whether the field never has another value."""
        return self._layout.fields[name].constant == value


class InstructionRegister(wiring.Component):
    """Holds one instruction at a time and steps through the program, round and round.

    The program starts with its first instruction out of reset.

    Parameters
    ----------
    layout : InstructionLayout
    words : sequence of int
        The program: all instructions of one kind, encoded, in order.

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
    layout : InstructionLayout
    words : tuple of int
    first : Instruction
        The one that the program starts with.
    current, upcoming : Fields
        Fields of `word` and `next_word`.
    latency : int
        Cycles from `advance` to the next instruction.
    """

    latency = 1

    def __init__(self, layout: InstructionLayout, words: Sequence[int]):
        self.layout = layout
        self.words = tuple(words)
        self.first: Any = layout.decode(self.words[0])
        width = max(1, layout.width)
        super().__init__(
            {
                "advance": In(1),
                "word": Out(width, init=self.words[0]),
                "next_word": Out(width, init=self.words[1 % len(self.words)]),
                "index": Out(range(max(2, len(self.words)))),
            }
        )
        self.current = Fields(self.layout, self.word)
        self.upcoming = Fields(self.layout, self.next_word)

    def elaborate(self, platform):
        m = Module()
        words, count = self.words, len(self.words)
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
