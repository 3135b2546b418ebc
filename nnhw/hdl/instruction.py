"""Program memories and the register that holds the instruction at work."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import fields
from typing import Any

from amaranth.hdl import C, Cat, Const, Module, Mux, Shape, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..isa import FieldLayout, InstructionLayout
from ..machine import Section
from .arithmetic import named
from .load_port import ProgramLoad, read_row
from .loaded_memory import loaded_columns
from .parameters import check_integers, check_words
from .parity import parity_port
from .technology import PORTABLE, Technology

Words = Sequence[int] | Section
"""The program: all instructions of one kind, encoded, in order; or where they are loaded to."""


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
    names : collection of str or None
        Fields that there are; None: all.

    Members
    -------
    advance : In(1)
        Load the next instruction; the one after the last is the first.
    current : Out(InstructionSignature(layout, names))
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
    is_loaded = False

    def __init__(
        self,
        layout: InstructionLayout,
        words: Sequence[int],
        *,
        ahead: Collection[str] = (),
        names: Collection[str] | None = None,
    ):
        check_words(self, words, layout.width)
        self.layout = layout
        self.names = names
        self.words = tuple(words)
        self.ahead = frozenset(ahead)
        self.first: Any = layout.decode(self.words[0])
        super().__init__(
            {
                "advance": In(1),
                "current": Out(InstructionSignature(layout, names)),
                "upcoming": Out(InstructionSignature(layout, ahead)),
                "index": Out(range(max(2, len(self.words)))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        places = _places(self.layout, self.names)
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


class LoadedInstructionRegister(wiring.Component):
    """Like `InstructionRegister`, with a program that is loaded.

    A few cycles after a reset `begins` is high, once: the first instruction takes the place of one
    that never was, all of whose fields are zero. What parents do at the end of a layer, they do
    then, too.

    Parameters
    ----------
    layout : InstructionLayout
    section : Section
        Of the program.
    ahead, names
        See `InstructionRegister`.
    technology : Technology
        What the program memory is built of.

    Members
    -------
    program : In(ProgramLoad(section))
        Written while a reset is in effect.
    advance, current, upcoming, index
        See `InstructionRegister`. `advance` is to be low until `begins` was high.
    begins : Out(1)
    parity_error : Out(1)
        Of a section with parity: a word that is read is not what was written.

    Attributes
    ----------
    layout : InstructionLayout
    words : Section
    first : Instruction
        The one that never was.
    latency : int
        Cycles from `advance` to the next instruction.
    start_latency : int
        Cycles from the end of a reset to `begins`.
    """

    latency = 1
    start_latency = 3
    is_loaded = True

    def __init__(
        self,
        layout: InstructionLayout,
        section: Section,
        *,
        ahead: Collection[str] = (),
        names: Collection[str] | None = None,
        technology: Technology = PORTABLE,
    ):
        check_integers(self, rows=section.rows)
        self.layout = layout
        self.names = names
        self.words = section
        self.ahead = frozenset(ahead)
        self.technology = technology
        self.first: Any = layout.kind(**dict.fromkeys((f.name for f in fields(layout.kind)), 0))
        super().__init__(
            {
                "program": In(ProgramLoad(section)),
                "advance": In(1),
                "current": Out(InstructionSignature(layout, names)),
                "upcoming": Out(InstructionSignature(layout, ahead)),
                "index": Out(range(max(2, section.rows))),
                "begins": Out(1),
                **parity_port(section),
            }
        )

    @property
    def last(self) -> Value:
        """Number of the last instruction."""
        return self.program.last_layer

    def elaborate(self, platform):
        m = Module()
        places = _places(self.layout, self.names)
        known = [place for place in places if place.name in self.ahead]
        others = [place for place in places if place.name not in self.ahead]
        # memories answer a cycle late, so that both are read ahead: of the next instruction those
        # fields that are not known yet, of the one after it those that are to be known then
        following = Signal.like(self.index, name="following")
        second = Signal.like(self.index, name="second")
        third = named(m, Mux(second == self.last, 0, second + 1), "third")
        is_second = named(m, following == self.last, "following_is_last")
        phase = Signal(range(self.start_latency + 2))
        is_running = named(m, phase == self.start_latency + 1, "is_running")
        goes_on = Signal()
        m.d.comb += [
            self.begins.eq(phase == self.start_latency),
            goes_on.eq(self.advance | self.begins),
        ]
        with m.If(~is_running):
            m.d.sync += [
                phase.eq(phase + 1),
                second.eq(Mux(is_second, 0, following + 1)),
            ]
        with m.If(goes_on):
            m.d.sync += [
                self.index.eq(following),
                following.eq(second),
                second.eq(third),
            ]
        known_row = named(m, Mux(goes_on, third, Mux(phase == 0, following, second)), "known_row")
        other_row = named(m, Mux(goes_on, second, following), "other_row")
        next_word = Signal(sum(place.width for place in known))
        word = Signal(sum(place.width for place in others))
        _unpack(m, known, next_word, self.upcoming)
        _unpack(m, others, word, self.current)
        errors = []
        for row, register, some, name in (
            (known_row, next_word, known, "known_words"),
            (other_row, word, others, "words"),
        ):
            if not some:
                continue
            read, error = self._read(m, row, some, name)
            errors.append(error)
            # the first instruction's known fields are those of `upcoming` before it begins
            loads = goes_on | (phase == 1) if register is next_word else goes_on
            with m.If(loads):
                m.d.sync += register.eq(read)
        for place in known:
            at_work = Signal(place.width, name=f"{place.name}_at_work")
            m.d.comb += getattr(self.current, place.name).eq(at_work)
            with m.If(goes_on):
                m.d.sync += at_work.eq(getattr(self.upcoming, place.name))
        if self.words.parity:
            m.d.comb += self.parity_error.eq(Cat(*errors).any())
        return m

    def _read(
        self, m: Module, row: Value, places: Sequence[FieldLayout], name: str
    ) -> tuple[Value, Value]:
        """Some fields of the instruction that `row` was the number of, a cycle ago; and whether
        they are not what was written."""
        bits = [(place.offset or 0) + bit for place in places for bit in range(place.width)]
        return loaded_columns(
            m,
            self.program.write,
            [read_row(self.words, self.program.write, row)],
            self.words,
            bits=bits,
            output_register=False,
            technology=self.technology,
            name=name,
        )


def instruction_register(
    layout: InstructionLayout,
    words: Words,
    *,
    ahead: Collection[str] = (),
    names: Collection[str] | None = None,
    technology: Technology = PORTABLE,
) -> InstructionRegister | LoadedInstructionRegister:
    """The register of a program that is constant, or of one that is loaded."""
    if isinstance(words, Section):
        return LoadedInstructionRegister(
            layout, words, ahead=ahead, names=names, technology=technology
        )
    return InstructionRegister(layout, words, ahead=ahead, names=names)


def register_ahead(
    m: Module,
    instruction: InstructionRegister | LoadedInstructionRegister,
    compute: Callable[[Any], Value],
    *,
    first: int,
    name: str,
) -> Value:
    """What is computed of the fields of the instruction at work: a register, since it is computed
    of the next one's, which are known ahead; a constant stays one.

    Parameters
    ----------
    compute
        Takes an interface such as `upcoming`.
    first
        The value out of reset: that of `instruction.first`.
    """
    value = compute(instruction.upcoming)
    if isinstance(value, Const):
        return value
    register = Signal(value.shape(), name=name, init=first)
    moves_on: Value = instruction.advance
    if instruction.is_loaded:
        moves_on = moves_on | instruction.begins
    with m.If(moves_on):
        m.d.sync += register.eq(value)
    return register


def is_zero(
    m: Module, instruction: InstructionRegister | LoadedInstructionRegister, name: str
) -> Value:
    """Whether a field of the instruction at work is zero: a register, or a constant."""
    field = getattr(instruction.current, name)
    if isinstance(field, Const):
        return Const(field.value == 0)
    return register_ahead(
        m,
        instruction,
        lambda each: getattr(each, name) == 0,
        first=getattr(instruction.first, name) == 0,
        name=f"{name}_is_zero",
    )


def program_port(words: Words) -> dict[str, Any]:
    """Members of a component through which its program is loaded, and checked if it has parity;
    none if it is constant."""
    if not isinstance(words, Section):
        return {}
    return {"program": In(ProgramLoad(words)), **parity_port(words)}


def load_program(m: Module, program: Any, *others: Any) -> None:
    """Give instruction registers, or components that have them, what a component's own port gets;
    nothing if their programs are constant."""
    for other in others:
        if "program" in other.signature.members:
            m.d.comb += other.program.eq(program)


def _places(layout: InstructionLayout, names: Collection[str] | None) -> list[FieldLayout]:
    """The fields of these names, or all, that vary."""
    return [
        place
        for place in layout.fields.values()
        if place.offset is not None and (names is None or place.name in names)
    ]


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
