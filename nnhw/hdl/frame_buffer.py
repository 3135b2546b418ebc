"""The input side: frames arrive over a stream while the engine computes."""

from __future__ import annotations

from amaranth.hdl import C, Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..machine import MEMORY_LATENCY, RELEASE_LATENCY
from .arithmetic import delay, named
from .bank_rows import BANKS_A_ROW
from .beat import input_beat
from .memory import BankedMemory
from .parameters import check_at_most, check_integers, check_powers_of_two
from .technology import PORTABLE, Technology


class FrameBuffer(wiring.Component):
    """One or two frames in banked memory; the stream writes, the engine reads.

    Parameters
    ----------
    banks : int
        Power of two, at least `beat_bytes`.
    width : int
        Bits of an element; the higher bits of a byte are its sign and dropped.
    frame_rows : int
        Rows of `banks` elements that reads of a frame touch.
    frame_bytes : int
        Bytes of a frame.
    beat_bytes : int
        Bytes a beat, a power of two.
    buffers : int
        1 or 2.
    read_delay : int
        Cycles from `consumed` to the address of the frame's last read, at least 1.
    checked : bool
        Whether beats say which one is a frame's last, and damaged frames are dropped.
    loaded : bool
        Whether frames may have fewer bytes, as `last_beat` says.
    watched : bool
        Whether it says where frames begin and end.
    technology : Technology
        What the memory is built of, and how rows get to all of it.

    Members
    -------
    beats : In(stream.Signature(input_beat(beat_bytes, checked=checked)))
        Frames, each starting with a new beat; lowest byte first.
    frame_error : Out(1)
        If checked: one cycle after a beat was taken whose mark is wrong, be it set before the
        frame's last beat or not set in that one. The frame is dropped. A new one begins with the
        next beat in the first case; in the second one, with the beat after the next mark, and
        those up to there are taken and dropped without another error.
    frame_early : Out(1)
        If checked: whether `frame_error` is there since a mark was set too early.
    frame_accepted : Out(1)
        If checked: one cycle after the last beat of an undamaged frame was taken.
    last_beat : In(range(beats))
        If loaded: number of a frame's last beat; it changes while a reset is in effect, or between
        two frames.
    between_next, received : Out(1)
        If watched: in the next cycle no frame is there in part; the last beat of one is taken.
    readable : Out(range(buffers + 1))
        If watched: frames that can be read.
    available_next : Out(1)
        In the next cycle a frame can be read.
    consumed : In(1)
        The last read of the frame is issued; its address comes `read_delay` cycles later.
    read_rows : In(banks)
        Row of each bank within the frame.
    read_data : Out(banks of width)
        `latency` cycles later.

    Attributes
    ----------
    latency : int
    release_latency : int
        Cycles from `consumed` to the first beat that can be taken into the freed buffer.
    """

    latency = MEMORY_LATENCY
    release_latency = RELEASE_LATENCY

    def __init__(
        self,
        *,
        banks: int,
        width: int,
        frame_rows: int,
        frame_bytes: int,
        beat_bytes: int,
        buffers: int,
        read_delay: int,
        checked: bool = False,
        loaded: bool = False,
        watched: bool = False,
        technology: Technology = PORTABLE,
    ):
        check_powers_of_two(self, banks=banks, beat_bytes=beat_bytes)
        check_at_most(self, banks, "the number of banks", beat_bytes=beat_bytes)
        check_integers(self, width=width, frame_rows=frame_rows, frame_bytes=frame_bytes)
        check_integers(self, buffers=buffers, read_delay=read_delay)
        check_at_most(self, 2, "a pair", buffers=buffers)
        self.banks = banks
        self.width = width
        self.frame_rows = frame_rows
        self.beats_per_frame = -(-frame_bytes // beat_bytes)
        self.beat_bytes = beat_bytes
        self.buffers = buffers
        self.read_delay = read_delay
        self.checked = checked
        self.loaded = loaded
        self.watched = watched
        self.technology = technology
        self.row_width = max(1, (frame_rows - 1).bit_length())
        depth = frame_rows if buffers == 1 else 2 << self.row_width
        self.beat = Signal(range(max(2, self.beats_per_frame)))
        self.is_last = Signal(init=self.beats_per_frame == 1 and not loaded, name="is_last_beat")
        self.discarding = Signal()
        self._memory = BankedMemory(
            banks=banks, depth=depth, width=width, output_register=True, technology=technology
        )
        super().__init__(
            {
                "beats": In(stream.Signature(input_beat(beat_bytes, checked=checked))),
                "available_next": Out(1),
                "consumed": In(1),
                "read_rows": In(data.ArrayLayout(self.row_width, banks)),
                "read_data": Out(data.ArrayLayout(width, banks)),
                **(
                    {"frame_error": Out(1), "frame_early": Out(1), "frame_accepted": Out(1)}
                    if checked
                    else {}
                ),
                **({"last_beat": In(range(max(2, self.beats_per_frame)))} if loaded else {}),
                **(
                    {
                        "between_next": Out(1),
                        "received": Out(1),
                        "readable": Out(range(buffers + 1)),
                    }
                    if watched
                    else {}
                ),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = self._memory
        writing = Signal()
        reading = Signal()
        count = range(self.buffers + 1)
        readable = Signal(count)
        occupied = Signal(count)

        beat, is_last = self.beat, self.is_last
        if self.loaded:
            m.d.comb += is_last.eq(beat == self.last_beat)
        take = named(m, self.beats.valid & self.beats.ready, "take")
        frame_done = Signal()
        consumed = delay(m, self.consumed, self.read_delay, name="consumed", reset=True)
        # the first of what decides about a beat is in a register
        is_free = Signal(init=1)
        m.d.comb += self.beats.ready.eq(is_free)
        if self.checked:
            self._count_checked(m, take, beat, is_last, frame_done)
        else:
            self._count(m, take, beat, is_last, frame_done)
        if self.watched:
            m.d.comb += [self.readable.eq(readable), self.received.eq(frame_done)]
        occupied_next = Signal(count)
        m.d.comb += occupied_next.eq(
            named(m, occupied + frame_done, "occupied_more") - self.consumed
        )
        readable_more = named(m, readable + frame_done, "readable_more")
        # both answers are there before it is known whether a frame is consumed
        m.d.comb += self.available_next.eq(
            Mux(self.consumed, readable_more > 1, readable_more != 0)
        )
        m.d.sync += [
            readable.eq(readable_more - self.consumed),
            occupied.eq(occupied_next),
            is_free.eq(occupied_next != self.buffers),
        ]
        if self.buffers == 2:
            m.d.sync += [writing.eq(writing ^ frame_done), reading.eq(reading ^ consumed)]

        groups = self.banks // self.beat_bytes
        group_bits = (groups - 1).bit_length()
        # a beat is written when the last read of the frame before it has been served
        wait = self.read_delay
        rows = self.technology.fan_out(
            m,
            self._row(beat[group_bits:], writing),
            stages=wait,
            leaves=-(-self.banks // BANKS_A_ROW),
            name="row",
        )
        received = self.beats.payload.data if self.checked else self.beats.payload
        payload = delay(m, received, wait, name="payload")
        takes = [take]
        if groups > 1:
            takes = [
                named(m, take & (beat[:group_bits] == group), f"take_{group}")
                for group in range(groups)
            ]
        chosen = [
            delay(m, group_takes, wait, name=f"chosen_{group}", reset=True)
            for group, group_takes in enumerate(takes)
        ]
        for bank in range(self.banks):
            group, lane = divmod(bank, self.beat_bytes)
            m.d.comb += [
                memory.write_enable[bank].eq(chosen[group]),
                memory.write_rows[bank].eq(rows[bank // BANKS_A_ROW]),
                memory.write_data[bank].eq(payload[8 * lane :][: self.width]),
                memory.read_rows[bank].eq(self._row(self.read_rows[bank], reading)),
            ]
        m.d.comb += self.read_data.eq(memory.read_data)
        return m

    def _count(self, m: Module, take, beat, is_last, frame_done) -> None:
        """Frames end after so many beats."""
        m.d.comb += frame_done.eq(take & is_last)
        self._tell_ends(m, take, is_last)
        with m.If(take):
            m.d.sync += beat.eq(Mux(is_last, 0, beat + 1))
            if self.beats_per_frame > 1 and not self.loaded:
                m.d.sync += is_last.eq(beat == self.beats_per_frame - 2)

    def _count_checked(self, m: Module, take, beat, is_last, frame_done) -> None:
        """Frames end after so many beats and with a mark, or else they begin anew in their place.

        The beats of a damaged frame stay in a buffer that nobody reads, and the next one goes
        there, too. What is discarded up to a mark is written over its first beat.
        """
        marked = self.beats.payload.last
        discarding = self.discarding
        counts = named(m, take & ~discarding, "counts")
        m.d.comb += frame_done.eq(counts & is_last & marked)
        m.d.sync += [
            self.frame_error.eq(counts & (is_last ^ marked)),
            self.frame_early.eq(marked),
            self.frame_accepted.eq(frame_done),
        ]
        self._tell_ends(m, counts, is_last | marked)
        with m.If(take):
            m.d.sync += discarding.eq(~marked & (is_last | discarding))
        with m.If(counts):
            m.d.sync += beat.eq(Mux(is_last | marked, 0, beat + 1))
            if self.beats_per_frame > 1 and not self.loaded:
                m.d.sync += is_last.eq(~marked & (beat == self.beats_per_frame - 2))

    def _tell_ends(self, m: Module, counts, ends) -> None:
        """To whoever watches: a beat that counts is the last one of its frame."""
        if self.watched:
            m.d.comb += self.between_next.eq(Mux(counts, ends, self.beat == 0))

    def _row(self, row, buffer):
        """Row of the memory for a row of a frame."""
        wide = Cat(row, C(0, self.row_width))[: self.row_width]
        return wide if self.buffers == 1 else Cat(wide, buffer)
