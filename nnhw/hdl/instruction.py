"""Instruction memory and the register that holds the instruction at work."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import C, Module, Mux, Shape, Signal, Value
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
                "next_word": Out(width),
                "index": Out(range(max(2, len(self._words)))),
            }
        )
        self.current = Fields(self.layout, self.word)
        self.upcoming = Fields(self.layout, self.next_word)

    def elaborate(self, platform):
        m = Module()
        count = len(self._words)
        if count == 1:
            m.d.comb += self.next_word.eq(self._words[0])
            return m
        following = Signal(range(count), init=1)
        with m.Switch(following):
            for index, word in enumerate(self._words[:-1]):
                with m.Case(index):
                    m.d.comb += self.next_word.eq(word)
            with m.Default():
                m.d.comb += self.next_word.eq(self._words[-1])
        with m.If(self.advance):
            m.d.sync += [
                self.word.eq(self.next_word),
                self.index.eq(following),
                following.eq(Mux(following == count - 1, 0, following + 1)),
            ]
        return m
