"""Descriptor after descriptor: fetched, obeyed, and given back."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from ...hdl.parameters import check_integers, check_powers_of_two
from ...registers.description import WORD_BITS, WORD_BYTES
from ...registers.descriptor import (
    BYTES,
    DESCRIPTOR_ALIGNMENT,
    DONE_BIT,
    STATE,
    Result,
    descriptor_bytes,
)
from .descriptor_parser import kept_bits
from .transfer import Transfer

RESULT_BITS = 8
_ADDRESS_BITS = 64


class DescriptorSequencer(wiring.Component):
    """Which descriptor is fetched, when its frame is moved, and what is written back.

    From an address on, descriptors are taken one after the other, each of which says where the next
    one is, until one is not the accelerator's. That one is fetched again when software asks for it.
    A descriptor is given back when all else is in memory: its state is written last.

    Parameters
    ----------
    address_bits : int
    word_bytes : int
        Bytes of a word of memory: 4 or 8.
    entries : int
        See `DescriptorParser`.

    Members
    -------
    start : In(1)
        Begin with the descriptor at `first`, when nothing is under way any more.
    first : In(64)
    doorbell : In(1)
        Fetch the current descriptor again, if nothing is under way, or when that has ended.
    abort : In(1)
        Give up the frame that is moved, and wait for `start` or `doorbell` then.
    fetches : Out(stream.Signature(Transfer(address_bits)))
        To the reader.
    fetching : Out(1)
        What is read is a descriptor.
    fetched : In(1)
        Its last word is read.
    clear : Out(1)
        To the parser, whose outputs are the next ones.
    is_owned, wrong_address, wrong_size, following, output_bytes : In
        See `DescriptorParser`.
    moving : Out(1)
        What is read is a frame, and so is what is written.
    moved : In(1)
        All outputs are in memory.
    read_failed, write_failed, damaged : In(1)
        Memory has answered with an error; input or output frame are not as long as described.
    stop : Out(1)
        Reader and writer are to stop, until `stopped`.
    stopped : In(1)
        They have, and an abort of the frame has come to its end.
    frame_abort : Out(1)
        Abort the frame in the engine.
    reports : Out(stream.Signature(Transfer(address_bits)))
        To the writer: what is written back.
    report_words : Out(stream.Signature(8 * word_bytes))
        Likewise.
    written : In(1)
        The writer is idle.
    running : Out(1)
        A descriptor is under way.
    halted : Out(1)
        The current descriptor cannot be reached; `start` goes on.
    result : Out(8)
        Of the last descriptor that was given back; see `Result`.
    current : Out(address_bits)
        The descriptor that is under way, or was not the accelerator's.
    delivered : Out(1)
        A descriptor was given back, and its frame is right.
    read_error, write_error, invalid : Out(1)
        One was given back, and this was wrong; `invalid` also of the address of a descriptor.
    inaccessible : Out(1)
        Memory has answered with an error to what is read or written of a descriptor.
    aborted : Out(1)
        An abort has come to its end.
    """

    def __init__(self, *, address_bits: int, word_bytes: int, entries: int):
        check_powers_of_two(self, word_bytes=word_bytes)
        check_integers(self, least=2, entries=entries)
        self.address_bits = address_bits
        self.word_bytes = word_bytes
        self.entries = entries
        transfers = stream.Signature(Transfer(address_bits))
        super().__init__(
            {
                **dict.fromkeys(("start", "doorbell", "abort"), In(1)),
                "first": In(_ADDRESS_BITS),
                "fetches": Out(transfers),
                "fetching": Out(1),
                "fetched": In(1),
                "clear": Out(1),
                **dict.fromkeys(("is_owned", "wrong_address", "wrong_size"), In(1)),
                "following": In(kept_bits(address_bits)),
                "output_bytes": In(WORD_BITS),
                "moving": Out(1),
                **dict.fromkeys(("moved", "read_failed", "write_failed", "damaged"), In(1)),
                "stop": Out(1),
                "stopped": In(1),
                "frame_abort": Out(1),
                "reports": Out(transfers),
                "report_words": Out(stream.Signature(8 * word_bytes)),
                "written": In(1),
                "running": Out(1),
                "halted": Out(1),
                "result": Out(RESULT_BITS),
                "current": Out(address_bits),
                **dict.fromkeys(("delivered", "read_error", "write_error", "invalid"), Out(1)),
                "inaccessible": Out(1),
                "aborted": Out(1),
            }
        )
        self._asks_start = Signal(name="asks_start")
        self._asks_fetch = Signal(name="asks_fetch")
        self._asks_abort = Signal(name="asks_abort")
        self._is_wrong = Signal(name="is_wrong")
        self._is_unreachable = Signal(name="is_unreachable")
        self._ends_with_report = Signal(name="ends_with_report")
        self._told = Signal(range(4), name="told")
        self._cycles = Signal(WORD_BITS, name="cycles")
        self._reporting = Signal(name="reporting")

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.running.eq(1)
        with m.If(~self._reporting):
            m.d.sync += self._cycles.eq(self._cycles + 1)
        m.d.comb += [
            self.fetches.payload.address.eq(self.current),
            self.fetches.payload.bytes.eq(descriptor_bytes(self.entries)),
            self.fetches.payload.last.eq(1),
        ]
        self._tell(m)
        with m.FSM(name="step"):
            self._wait(m)
            self._fetch(m)
            self._move(m)
            self._report(m)
        for asked, asks in (
            (self.start, self._asks_start),
            (self.doorbell, self._asks_fetch),
            (self.abort, self._asks_abort),
        ):
            with m.If(asked):
                m.d.sync += asks.eq(1)
        return m

    def _go_to(self, m: Module, address: Value) -> None:
        """Make another descriptor the current one."""
        beyond = Cat(address[: exact_log2(DESCRIPTOR_ALIGNMENT)], address[self.address_bits :])
        m.d.sync += [self.current.eq(address), self._is_unreachable.eq(beyond.any())]

    def _wait(self, m: Module) -> None:
        """Nothing is under way, or an abort of nothing."""
        with m.State("IDLE"):
            m.d.comb += self.running.eq(0)
            with m.If(self._asks_abort):
                m.next = "SETTLE"
            with m.Elif(self._asks_start):
                self._go_to(m, self.first)
                m.d.sync += [self._asks_start.eq(0), self.halted.eq(0)]
                m.next = "BEGIN"
            with m.Elif(self._asks_fetch):
                m.d.sync += self._asks_fetch.eq(0)
                with m.If(~self.halted):
                    m.next = "BEGIN"
        with m.State("SETTLE"), m.If(self.stopped):
            m.d.comb += self.aborted.eq(1)
            m.d.sync += self._asks_abort.eq(0)
            m.next = "IDLE"

    def _fetch(self, m: Module) -> None:
        """A descriptor is read and looked at."""
        with m.State("BEGIN"):
            m.d.comb += self.clear.eq(1)
            m.d.sync += [
                self._asks_fetch.eq(0),
                self._cycles.eq(0),
                self._is_wrong.eq(0),
                self._told.eq(0),
                self._ends_with_report.eq(0),
            ]
            with m.If(self._is_unreachable):
                m.d.comb += self.invalid.eq(1)
                m.d.sync += self.halted.eq(1)
                m.next = "IDLE"
            with m.Else():
                m.next = "FETCH"
        with m.State("FETCH"):
            m.d.comb += self.fetches.valid.eq(1)
            with m.If(self.fetches.ready):
                m.next = "FETCHING"
        with m.State("FETCHING"):
            m.d.comb += self.fetching.eq(1)
            with m.If(self.read_failed):
                m.d.sync += self._is_wrong.eq(1)
            with m.If(self._asks_abort):
                m.next = "BREAK"
            with m.Elif(self.fetched):
                m.next = "EXAMINE"
        with m.State("EXAMINE"):
            m.d.sync += self._ends_with_report.eq(1)
            with m.If(self._is_wrong):
                self._halt(m)
            with m.Elif(~self.is_owned):
                m.next = "IDLE"
            with m.Elif(self.wrong_address):
                m.d.sync += self.result.eq(Result.ADDRESS)
                m.next = "REPORT"
            with m.Elif(self.wrong_size):
                m.d.sync += self.result.eq(Result.SIZE)
                m.next = "REPORT"
            with m.Else():
                m.next = "MOVE"

    def _halt(self, m: Module) -> None:
        """The descriptor cannot be reached."""
        m.d.comb += self.inaccessible.eq(1)
        m.d.sync += self.halted.eq(1)
        m.next = "IDLE"

    def _move(self, m: Module) -> None:
        """A frame is moved, or given up."""
        with m.State("MOVE"):
            m.d.comb += self.moving.eq(1)
            with m.If(self.moved):
                m.d.sync += self.result.eq(Result.OK)
                m.next = "REPORT"
            for event, result in (
                (self.damaged, Result.SIZE),
                (self.write_failed, Result.WRITE_ERROR),
                (self.read_failed, Result.READ_ERROR),
                (self._asks_abort, Result.ABORTED),
            ):
                with m.If(event):
                    m.d.sync += self.result.eq(result)
                    m.next = "BREAK"
        with m.State("BREAK"):
            m.d.comb += [self.stop.eq(1), self.clear.eq(1), self.frame_abort.eq(1)]
            m.next = "DRAIN"
        with m.State("DRAIN"):
            m.d.comb += [self.stop.eq(1), self.clear.eq(1)]
            with m.If(self.stopped & self._ends_with_report):
                m.next = "REPORT"
            with m.Elif(self.stopped):
                m.next = "SETTLE"

    def _report(self, m: Module) -> None:
        """Bytes and cycles are written back, then the state, and the next descriptor is fetched."""
        for state, follows, part, size in (
            ("REPORT", "REPORTING", WORD_BYTES * BYTES, 2 * WORD_BYTES),
            ("RELEASE", "RELEASING", WORD_BYTES * STATE, WORD_BYTES),
        ):
            with m.State(state):
                m.d.comb += [
                    self._reporting.eq(1),
                    self.reports.valid.eq(1),
                    self.reports.payload.address.eq(self.current | part),
                    self.reports.payload.bytes.eq(size),
                ]
                with m.If(self.reports.ready):
                    m.next = follows
            with m.State(follows):
                m.d.comb += self._reporting.eq(1)
                with m.If(self.write_failed):
                    m.d.sync += self._is_wrong.eq(1)
                with m.If(self.written):
                    m.next = "RELEASE" if follows == "REPORTING" else "DONE"
        with m.State("DONE"):
            with m.If(self._is_wrong):
                self._halt(m)
            with m.Else():
                self._go_to(m, self.following)
                m.d.comb += [
                    self.delivered.eq(self.result == Result.OK),
                    self.read_error.eq(self.result == Result.READ_ERROR),
                    self.write_error.eq(self.result == Result.WRITE_ERROR),
                ]
                with m.If((self.result == Result.ADDRESS) | (self.result == Result.SIZE)):
                    m.d.comb += self.invalid.eq(1)
                m.next = "BEGIN"
                with m.If(self._asks_abort):
                    m.next = "SETTLE"

    def _tell(self, m: Module) -> None:
        """The words that are written back."""
        has_bytes = self.result == Result.OK
        counts = Cat(self.output_bytes & has_bytes.replicate(WORD_BITS), self._cycles)
        state = Signal(8 * self.word_bytes, name="state")
        m.d.comb += [state.eq(Cat(self.result, 0)), state[DONE_BIT].eq(1)]
        words = [
            *(counts.word_select(i, len(state)) for i in range(len(counts) // len(state))),
            state,
        ]
        with m.Switch(self._told):
            for index, word in enumerate(words):
                with m.Case(index):
                    m.d.comb += [
                        self.report_words.valid.eq(self._reporting),
                        self.report_words.payload.eq(word),
                    ]
        with m.If(self.report_words.valid & self.report_words.ready):
            m.d.sync += self._told.eq(self._told + 1)
