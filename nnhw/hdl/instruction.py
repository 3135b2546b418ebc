"""Instruction memory and the register that holds the instruction at work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import C, Module, Shape, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..isa import FieldLayout, InstructionLayout
from .parameters import check_words


def _shape(place: FieldLayout) -> Shape:
    return Shape(place.width, place.signed)


class InstructionSignature(wiring.Signature):
    """The fields of an instruction, each by its name: an output for each that varies.

    Of an interface with this signature, a field that never changes reads as a constant, so that
    hardware for it vanishes.

    Parameters
    ----------
    layout : InstructionLayout
    """

    def __init__(self, layout: InstructionLayout):
        self.layout = layout
        places = layout.fields.values()
        super().__init__({p.name: Out(_shape(p)) for p in places if p.constant is None})

    def create(self, *, path: Any = None, src_loc_at: int = 0) -> InstructionFields:
        """The fields as signals."""
        return InstructionFields(self, path=path, src_loc_at=src_loc_at + 1)


class InstructionFields(wiring.PureInterface):
    """Interface of an `InstructionSignature`."""

    def __getattr__(self, name: str) -> Value:
        layout: InstructionLayout = self.signature.layout
        place = layout.fields.get(name)
        if place is None or place.constant is None:
            raise AttributeError(f"{layout.kind.__name__} has no field '{name}'")
        return C(place.constant, _shape(place))


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
    current, upcoming : Out(InstructionSignature(layout))
        Fields of the instruction at work, and of the one that `advance` will load.
    index : Out
        Number of the instruction at work.

    Attributes
    ----------
    layout : InstructionLayout
    words : tuple of int
    first : Instruction
        The one that the program starts with.
    latency : int
        Cycles from `advance` to the next instruction.
    """

    latency = 1

    def __init__(self, layout: InstructionLayout, words: Sequence[int]):
        check_words(self, words, layout.width)
        self.layout = layout
        self.words = tuple(words)
        self.first: Any = layout.decode(self.words[0])
        super().__init__(
            {
                "advance": In(1),
                "current": Out(InstructionSignature(layout)),
                "upcoming": Out(InstructionSignature(layout)),
                "index": Out(range(max(2, len(self.words)))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        words, count = self.words, len(self.words)
        word = Signal(self.layout.width, init=words[0])
        next_word = Signal(self.layout.width, init=words[1 % count])
        for place in self.layout.fields.values():
            if place.offset is not None:
                bits = slice(place.offset, place.offset + place.width)
                m.d.comb += [
                    getattr(self.current, place.name).eq(word[bits]),
                    getattr(self.upcoming, place.name).eq(next_word[bits]),
                ]
        if count == 1:
            return m
        # the next word comes from a register, too: parents decide with its fields. What they do not
        # read of it is not built, as the word at work does not come from there
        with m.If(self.advance), m.Switch(self.index):
            for index in range(count):
                with m.Case(index) if index < count - 1 else m.Default():
                    m.d.sync += [
                        word.eq(words[(index + 1) % count]),
                        next_word.eq(words[(index + 2) % count]),
                        self.index.eq((index + 1) % count),
                    ]
        return m
