"""The loop nest of the fetch sequencer: counters and running coordinates."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..isa import COORDINATES, LOOPS, Coordinate, FetchInstruction, InstructionLayout
from .arithmetic import named
from .instruction import InstructionSignature
from .parameters import check_integers
from .turn import Turn


class LoopNest(wiring.Component):
    """Seven nested loops that move four coordinates: x, row address, y, and weight address.

    Every group of loops that move a coordinate (see `Coordinate`) keeps its value since its last
    step: what a step leads to is one sum, whatever loop it belongs to. Loops count down; whether
    one has finished, and which one makes the next step, is known from registers. Loops of which no
    layer makes more than one trip, and steps that are always zero, are not built.

    Parameters
    ----------
    layout : InstructionLayout
        Of fetch instructions.
    first : FetchInstruction
        The one that the program starts with.
    x_width, y_width : int
        Bits of these coordinates, signed.
    address_width : int
        The row address wraps at this width.
    weight_width : int
        The weight address wraps at this width.

    Members
    -------
    current : In(InstructionSignature(layout))
        The layer's instruction.
    upcoming : In(InstructionSignature(layout, LoopNest.AHEAD))
        The next layer's, which is to take its place when `layer_last` is stepped.
    step : In(1)
        Go on to the next fetch.
    x, row, y, weight_address : Out
        Coordinates of the present fetch.
    roll_last, strip_last, pixel_last, layer_last : Out(1)
        The present fetch is the last one of its roll, strip, pixel, layer.
    in_first_roll : Out(1)
        The present roll is the first one of its strip.
    in_warmup : Out(1)
        The present roll finishes no results.
    finishes : Out(1)
        The present roll only finishes the last tile of the strip before, or, if it is the layer's
        last one, of its own; it may begin a strip.
    in_last_strip : Out(1)
        The present strip is the last one of its pixel.

    Attributes
    ----------
    AHEAD : tuple of str
        Fields that are to be known ahead.
    """

    AHEAD = (*LOOPS, "warmup", *(coordinate.start for coordinate in COORDINATES))

    def __init__(
        self,
        *,
        layout: InstructionLayout,
        first: FetchInstruction,
        x_width: int,
        y_width: int,
        address_width: int,
        weight_width: int,
    ):
        check_integers(
            self,
            x_width=x_width,
            y_width=y_width,
            address_width=address_width,
            weight_width=weight_width,
        )
        self.layout = layout
        self.first = first
        super().__init__(
            {
                "current": In(InstructionSignature(layout)),
                "upcoming": In(InstructionSignature(layout, self.AHEAD)),
                "step": In(1),
                "x": Out(signed(x_width)),
                "row": Out(unsigned(address_width)),
                "y": Out(signed(y_width)),
                "weight_address": Out(unsigned(weight_width)),
                "roll_last": Out(1),
                "strip_last": Out(1),
                "pixel_last": Out(1),
                "layer_last": Out(1),
                "in_first_roll": Out(1),
                "in_warmup": Out(1),
                "finishes": Out(1),
                "in_last_strip": Out(1),
            }
        )

    @property
    def loops(self) -> tuple[str, ...]:
        """The loops that are built, innermost first."""
        return tuple(name for name in reversed(LOOPS) if self.layout.asks(name))

    def _loops_within(self, loop: str) -> int:
        """How many loops are built from the innermost one to `loop`, which may be none."""
        inner = LOOPS[LOOPS.index(loop) :]
        return sum(name in inner for name in self.loops)

    def elaborate(self, platform):
        m = Module()
        f, upcoming = self.current, self.upcoming
        first = self.first

        #: trips still to come
        counters = {
            name: Signal.like(getattr(f, name), name=f"{name}_left", init=getattr(first, name))
            for name in self.loops
        }
        turn = Turn(Signal(len(self.loops), name="turn", init=self._first_turn), self.loops)
        finished: dict[str, Value] = {name: Const(1) for name in LOOPS}
        for name in self.loops[:1]:  # the innermost one has, if the turn is beyond it
            finished[name] = turn.reaches(1)
        for name in self.loops[1:]:
            finished[name] = Signal(name=f"{name}_finished", init=getattr(first, name) == 0)
        # of the layer, which is known ahead
        single = {
            name: Signal(name=f"{name}_just_once", init=getattr(first, name) == 0)
            for name in self.loops
        }
        repeats = {
            name: named(m, getattr(upcoming, name) != 0, f"{name}_repeats_next")
            for name in self.loops
        }
        with m.If(self.step & self.layer_last):
            m.d.sync += [single[name].eq(~more) for name, more in repeats.items()]
        in_first_roll: Value = Const(1)
        in_warmup: Value = Const(0)
        finishes: Value = Const(0)
        if "rolls" in self.loops:
            in_first_roll = Signal(init=1)
            in_warmup = self._count_warmup(m, finished)
            finishes = self._find_finishing(m, counters, finished)
            with m.If(self.step & self.roll_last):
                m.d.sync += in_first_roll.eq(finished["rolls"])
        self._find_turns(m, turn, counters, finished, repeats)
        m.d.comb += [
            self.roll_last.eq(turn.reaches(self._loops_within("taps_y"))),
            self.strip_last.eq(turn.reaches(self._loops_within("rolls"))),
            self.in_first_roll.eq(in_first_roll),
            self.in_warmup.eq(in_warmup & ~finishes),
            self.finishes.eq(finishes),
            self.in_last_strip.eq(finished["tiles"]),
            self.pixel_last.eq(turn.reaches(self._loops_within("tiles"))),
            self.layer_last.eq(turn.reaches(len(self.loops))),
        ]
        for coordinate in COORDINATES:
            self._move(m, coordinate, turn)
        for place, loop in enumerate(self.loops):
            counter, outer = counters[loop], self.loops[place + 1 :]
            # all trips that a step may lead to, so that the loop just chooses among them
            begun = [
                self._begun_trips(m, loop, other, counters, finished, single) for other in outer
            ]
            trips, none = [each for each, _ in begun], [each for _, each in begun]
            following = getattr(upcoming, loop)
            inner = [None] * (place + 1)
            with m.If(self.step & turn.reaches(place + 1)):
                m.d.sync += counter.eq(turn.choose(m, [*inner, *trips, following], f"{loop}_begun"))
            with m.Elif(self.step & turn.reaches(place)):
                m.d.sync += counter.eq(counter - 1)
            if not place:
                continue
            with m.If(self.step & turn.reaches(place + 1)):
                begins_last = turn.choose(m, [*inner, *none, ~repeats[loop]], f"{loop}_single")
                m.d.sync += finished[loop].eq(begins_last)
            with m.Elif(self.step & turn.reaches(place)):
                m.d.sync += finished[loop].eq(counter == 1)
        return m

    @property
    def _first_turn(self) -> int:
        """The code of the turn out of reset."""
        trips = [getattr(self.first, loop) for loop in self.loops]
        return Turn.encode(next((place for place, count in enumerate(trips) if count), len(trips)))

    def _find_turns(self, m: Module, turn: Turn, counters, finished, repeats) -> None:
        """Which loop makes the next step, by its place in `loops`; beyond, the layer ends.

        It is known ahead: after any step, the innermost loop of more than one trip goes on, but for
        the step that finishes it.
        """
        f = self.current
        loops = self.loops
        innermost = Turn(Signal(len(loops), name="innermost", init=self._first_turn), loops)
        at_innermost = Signal(init=1)

        first_turn = Turn.first_of(m, [repeats[loop] for loop in loops], loops, "first_turn")
        goes_on, ends = [], []
        for place, loop in enumerate(loops):
            is_innermost = named(m, innermost.is_at(place), f"{loop}_is_innermost")
            waits = ~(finished[loop] | is_innermost)
            goes_on.append(named(m, waits, f"{loop}_goes_on"))
            ends.append(named(m, is_innermost & (counters[loop] == 1), f"{loop}_ends"))
        outer = Turn.first_of(m, goes_on, loops, "outer_turn")
        innermost_ends = named(m, Cat(ends).any(), "innermost_ends")
        leaves = named(m, at_innermost & innermost_ends, "leaves_innermost")
        following = named(m, Mux(leaves, outer.code, innermost.code), "following_turn")
        if self.layout.asks("last_run_short"):
            # of two fetches a run, the last run has just the one that it begins with
            is_single = f.last_run_short & (counters["taps_x"] == 1) & (f.chunks == 1)
            runs = ("chunks", "taps_x")
            beyond = [Const(0) if loop in runs else ~finished[loop] for loop in loops]
            skips = named(m, turn.is_at(loops.index("taps_x")) & is_single, "skips_run")
            following = Mux(
                skips, Turn.first_of(m, beyond, loops, "turn_after_run").code, following
            )
            leaves = leaves | skips
        with m.If(self.step):
            with m.If(turn.reaches(len(loops))):
                m.d.sync += [
                    turn.code.eq(first_turn.code),
                    innermost.code.eq(first_turn.code),
                    at_innermost.eq(1),
                ]
            with m.Else():
                m.d.sync += [turn.code.eq(following), at_innermost.eq(~leaves)]

    def _count_warmup(self, m: Module, finished) -> Value:
        """Whether the present roll finishes no results."""
        f, upcoming = self.current, self.upcoming
        if not self.layout.asks("warmup"):
            return Const(0)
        init = self.first.warmup
        left = Signal.like(f.warmup, name="warmup_left", init=init)
        with m.If(self.step & self.roll_last):
            with m.If(~finished["rolls"]):
                m.d.sync += left.eq(Mux(left == 0, 0, left - 1))
            with m.Else():
                m.d.sync += left.eq(Mux(self.layer_last, upcoming.warmup, f.warmup))
        return left != 0

    def _find_finishing(self, m: Module, counters, finished) -> Value:
        """See `finishes`."""
        f = self.current
        if not self.layout.asks("overlaps"):
            return Const(0)
        finishes = Signal(name="roll_finishes")
        ends = finished["tiles"] & finished["out_cols"] & finished["out_rows"]
        in_last_strip = named(m, ends, "in_last_strip_of_layer")
        with m.If(self.step & self.roll_last):
            with m.If(finished["rolls"]):
                m.d.sync += finishes.eq(f.overlaps & ~in_last_strip)
            with m.Else():
                m.d.sync += finishes.eq(f.overlaps & in_last_strip & (counters["rolls"] == 1))
        return finishes

    def _is_on_to_last(self, m: Module, loop: str, counters, finished, single) -> Value:
        """Whether a step of a loop leads to the last strip of a layer."""
        loops = ("tiles", "out_cols", "out_rows")
        place = loops.index(loop)
        inner = [single[name] for name in loops[:place] if name in single]
        outer = [finished[name] for name in loops[place + 1 :]]
        return named(m, Cat(counters[loop] == 1, *inner, *outer).all(), f"{loop}_ends_next")

    def _begun_trips(
        self, m: Module, inner: str, loop: str, counters, finished, single
    ) -> tuple[Value, Value]:
        """Trips after the first, less one, of loop `inner` that a trip of `loop` begins anew; and
        whether there are none, which is known before them."""
        f = self.current
        trips = getattr(f, inner)
        none = single[inner]
        if loop == "taps_x" and self.layout.asks("last_run_short"):
            # on to the last run, which may be shorter
            is_short = f.last_run_short & (counters[loop] == 1)
            trips, none = trips - is_short, Mux(is_short, trips == 1, none)
        if inner == "rolls" and self.layout.asks("overlaps"):
            is_last = self._is_on_to_last(m, loop, counters, finished, single)
            is_longer = named(m, f.overlaps & is_last, f"{inner}_longer_after_{loop}")
            # one bit more than the counter, which goes round then
            trips = named(m, trips + is_longer, f"{inner}_after_{loop}")
            none = none & ~is_longer
        return trips, none

    def _groups(self, coordinate: Coordinate) -> list[tuple[str, ...]]:
        """Groups of loops that move a coordinate, as far as they are built, innermost first."""
        groups = [
            tuple(loop for loop in group if loop in self.loops) for group in coordinate.groups
        ]
        asks = self.layout.asks
        return [group for group in groups if any(asks(coordinate.steps[loop]) for loop in group)]

    def _move(self, m: Module, coordinate: Coordinate, turn: Turn) -> None:
        """A coordinate: one sum, whatever loop makes the step, of a register and a field."""
        f, upcoming = self.current, self.upcoming
        output = getattr(self, coordinate.name)
        groups = self._groups(coordinate)
        if not groups:
            m.d.comb += output.eq(getattr(f, coordinate.start))
            return
        shape = Value.cast(output).shape()
        #: by group: the coordinate since its last step
        registers = [
            Signal(
                shape,
                name=coordinate.name if index == 0 else f"{coordinate.name}_of_{group[0]}",
                init=getattr(self.first, coordinate.start),
            )
            for index, group in enumerate(groups)
        ]
        bases: list[Value] = [*registers, getattr(f, coordinate.start)]
        fields = {loop: getattr(f, coordinate.steps[loop]) for group in groups for loop in group}
        begins = [self.loops.index(group[0]) for group in groups]
        base: list[Value | None] = []
        step: list[Value | None] = []
        for place, loop in enumerate(self.loops):
            inside = sum(self.loops.index(group[-1]) < place for group in groups)
            moves = place >= begins[0]
            base.append(bases[inside] if moves else None)
            step.append(fields.get(loop, Const(0)) if moves else None)
        moved = Signal(shape, name=f"{coordinate.name}_moved")
        from_base = [*base, getattr(upcoming, coordinate.start)]
        by_step = [*step, Const(0)]
        m.d.comb += [
            moved.eq(
                turn.choose(m, from_base, f"{coordinate.name}_base")
                + turn.choose(m, by_step, f"{coordinate.name}_step")
            ),
            output.eq(registers[0]),
        ]
        for place, register in zip(begins, registers, strict=True):
            with m.If(self.step & turn.reaches(place)):
                m.d.sync += register.eq(moved)
