"""Instruction memory and the register that holds the instruction at work."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
    names : collection of str or None
        Fields that there are; None: all.
    """

    def __init__(self, layout: InstructionLayout, names: Collection[str] | None = None):
        self.layout = layout
        self.names = frozenset(layout.fields if names is None else names)
        places = [place for place in layout.fields.values() if place.name in self.names]
        super().__init__({p.name: Out(_shape(p)) for p in places if p.constant is None})

    def create(self, *, path: Any = None, src_loc_at: int = 0) -> InstructionFields:
        """The fields as signals."""
        return InstructionFields(self, path=path, src_loc_at=src_loc_at + 1)


class InstructionFields(wiring.PureInterface):
    """Interface of an `InstructionSignature`."""

    def __getattr__(self, name: str) -> Value:
        layout: InstructionLayout = self.signature.layout
        place = layout.fields.get(name) if name in self.signature.names else None
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
    ahead : collection of str
        Fields that are known of the next instruction, too.

    Members
    -------
    advance : In(1)
        Load the next instruction; the one after the last is the first.
    current : Out(InstructionSignature(layout))
        Fields of the instruction at work.
    upcoming : Out(InstructionSignature(layout, ahead))
        Of the one that `advance` will load.
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

    def __init__(
        self, layout: InstructionLayout, words: Sequence[int], *, ahead: Collection[str] = ()
    ):
        check_words(self, words, layout.width)
        self.layout = layout
        self.words = tuple(words)
        self.ahead = frozenset(ahead)
        self.first: Any = layout.decode(self.words[0])
        super().__init__(
            {
                "advance": In(1),
                "current": Out(InstructionSignature(layout)),
                "upcoming": Out(InstructionSignature(layout, ahead)),
                "index": Out(range(max(2, len(self.words)))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        places = [place for place in self.layout.fields.values() if place.offset is not None]
        known = [place for place in places if place.name in self.ahead]
        others = [place for place in places if place.name not in self.ahead]
        count = len(self.words)
        # parents decide with the fields of the next instruction, which are in a register for that,
        # and go on from there; the others are loaded when they are needed
        next_words = [_packed(known, self.words[(index + 1) % count]) for index in range(count)]
        words = [_packed(others, word) for word in self.words]
        next_word = Signal(sum(place.width for place in known), init=next_words[0])
        word = Signal(sum(place.width for place in others), init=words[0])
        _unpack(m, known, next_word, self.upcoming)
        _unpack(m, others, word, self.current)
        for place in known:
            # a register of its own, as some of them are not read any more
            register = Signal(
                place.width,
                name=f"{place.name}_at_work",
                init=_packed([place], self.words[0]),
            )
            m.d.comb += getattr(self.current, place.name).eq(register)
            with m.If(self.advance):
                m.d.sync += register.eq(getattr(self.upcoming, place.name))
        if count == 1:
            return m
        with m.If(self.advance), m.Switch(self.index):
            for index in range(count):
                with m.Case(index) if index < count - 1 else m.Default():
                    following = (index + 1) % count
                    m.d.sync += [
                        next_word.eq(next_words[following]),
                        word.eq(words[following]),
                        self.index.eq(following),
                    ]
        return m


def _packed(places: Sequence[FieldLayout], word: int) -> int:
    """Some fields of an encoded instruction, one behind the other."""
    packed = offset = 0
    for place in places:
        packed |= (word >> (place.offset or 0) & (1 << place.width) - 1) << offset
        offset += place.width
    return packed


def _unpack(m: Module, places: Sequence[FieldLayout], word: Signal, fields) -> None:
    """Give fields that stand one behind the other their names."""
    offset = 0
    for place in places:
        m.d.comb += getattr(fields, place.name).eq(word[offset : offset + place.width])
        offset += place.width
