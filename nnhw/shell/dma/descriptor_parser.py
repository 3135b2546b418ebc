"""Words of a descriptor become transfers."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from ...hdl.parameters import check_integers, check_powers_of_two
from ...registers import TRANSFER_BITS
from ...registers.description import WORD_BITS, WORD_BYTES
from ...registers.descriptor import (
    COUNTS,
    ENTRY_ADDRESS,
    ENTRY_BYTES,
    ENTRY_WORDS,
    HEAD_WORDS,
    NEXT,
    OWNED_BIT,
    STATE,
)
from ..word_queue import WordQueue
from .transfer import Transfer

_COUNT_BITS = 8


def kept_bits(address_bits: int) -> int:
    """Bits that are kept of an address in a descriptor: those of the bus, and whether there are
    more."""
    return min(address_bits + 1, 2 * WORD_BITS)


class DescriptorParser(wiring.Component):
    """Takes a descriptor apart, and checks it.

    Parameters
    ----------
    address_bits : int
    word_bytes : int
        Bytes of a word of memory: 4 or 8.
    entries : int
        That a descriptor has room for.

    Members
    -------
    clear : In(1)
        Forget all: the next word is a descriptor's first one.
    words : In(stream.Signature(8 * word_bytes))
        Always ready.
    is_owned : Out(1)
        The descriptor is the accelerator's.
    wrong_address : Out(1)
        A tensor is not at a whole word, or beyond the addresses of the bus.
    wrong_size : Out(1)
        There are no inputs, no outputs or more of both than entries; or a tensor has no bytes, or
        more than a transfer can have.
    following : Out(address_bits + 1), or Out(64)
        The next descriptor's address. If the bus has less than 64 bits, the highest one says
        whether there are more.
    inputs, outputs : Out(stream.Signature(Transfer(address_bits)))
        Of the tensors.
    output_words, output_bytes : Out(n)
        Words and bytes of all outputs; n bits are enough for entries of the largest size.
    """

    def __init__(self, *, address_bits: int, word_bytes: int, entries: int):
        check_powers_of_two(self, word_bytes=word_bytes)
        check_integers(self, least=2, entries=entries)
        self.address_bits = address_bits
        self.word_bytes = word_bytes
        self.entries = entries
        transfers = stream.Signature(Transfer(address_bits))
        sum_bits = TRANSFER_BITS + entries.bit_length()
        super().__init__(
            {
                "clear": In(1),
                "words": In(stream.Signature(8 * word_bytes)),
                "is_owned": Out(1),
                "wrong_address": Out(1),
                "wrong_size": Out(1),
                "following": Out(kept_bits(address_bits)),
                "inputs": Out(transfers),
                "outputs": Out(transfers),
                "output_words": Out(sum_bits - exact_log2(word_bytes) + 1),
                "output_bytes": Out(sum_bits),
            }
        )

    def elaborate(self, platform):
        m = Module()
        lanes = self.word_bytes // WORD_BYTES
        head_places, entry_places = HEAD_WORDS // lanes, ENTRY_WORDS // lanes
        in_head = Signal(init=1)
        place = Signal(range(head_places))
        m.d.comb += self.words.ready.eq(1)
        with m.If(self.words.valid):
            m.d.sync += place.eq(place + 1)
            with m.If(in_head & (place == head_places - 1)):
                m.d.sync += [place.eq(0), in_head.eq(0)]
            with m.If(~in_head & (place == entry_places - 1)):
                m.d.sync += place.eq(0)
        with m.If(self.clear):
            m.d.sync += [place.eq(0), in_head.eq(1)]
        counts = self._read_head(m, self.words.valid & in_head, place)
        self._read_entries(m, self.words.valid & ~in_head, place, counts)
        return m

    def _word(self, index: int, place: Signal) -> tuple[Value, Value]:
        """Whether word `index` of head or entry is among those that come, and the word."""
        lanes = self.word_bytes // WORD_BYTES
        return place == index // lanes, self.words.payload.word_select(index % lanes, WORD_BITS)

    def _high_word(self, word: Value) -> Value:
        """What is kept of an address's high word."""
        used = self.address_bits - WORD_BITS
        return Cat(word[:used], word[used:].any()) if used < WORD_BITS else word

    def _read_head(self, m: Module, valid: Value, place: Signal) -> Signal:
        """Inputs, and above them outputs."""
        counts = Signal(2 * _COUNT_BITS, name="counts")
        for index, target, kept in (
            (STATE, self.is_owned, lambda word: word[OWNED_BIT]),
            (COUNTS, counts, lambda word: word),
            (NEXT, self.following[:WORD_BITS], lambda word: word),
            (NEXT + 1, self.following[WORD_BITS:], self._high_word),
        ):
            is_there, word = self._word(index, place)
            with m.If(valid & is_there):
                m.d.sync += target.eq(kept(word))
        return counts

    def _read_entries(self, m: Module, valid: Value, place: Signal, counts: Signal) -> None:
        """Entries that count, which become transfers."""
        inputs, outputs = counts[:_COUNT_BITS], counts[_COUNT_BITS:]
        total = Signal(_COUNT_BITS + 1)
        entry = Signal(range(self.entries + 1))
        address = Signal(kept_bits(self.address_bits))
        is_input, adds, adds_output = Signal(), Signal(), Signal()
        for index, target, kept in (
            (ENTRY_ADDRESS, address[:WORD_BITS], lambda word: word),
            (ENTRY_ADDRESS + 1, address[WORD_BITS:], self._high_word),
        ):
            is_there, word = self._word(index, place)
            with m.If(valid & is_there):
                m.d.sync += target.eq(kept(word))
        is_there, size = self._word(ENTRY_BYTES, place)
        words = Signal(TRANSFER_BITS)
        m.d.comb += [
            total.eq(inputs + outputs),
            is_input.eq(entry < inputs),
            adds.eq(valid & is_there & (entry < total)),
            adds_output.eq(adds & ~is_input),
            words.eq((size[:TRANSFER_BITS] + (self.word_bytes - 1)) >> exact_log2(self.word_bytes)),
        ]
        has_wrong_address = (address[: exact_log2(self.word_bytes)] != 0) | (
            address[self.address_bits :] != 0
        )
        has_wrong_size = (size == 0) | (size[TRANSFER_BITS:] != 0)
        with m.If(adds):
            m.d.sync += [
                entry.eq(entry + 1),
                self.wrong_address.eq(self.wrong_address | has_wrong_address),
                self.wrong_size.eq(self.wrong_size | has_wrong_size),
            ]
        with m.If(valid & ((inputs == 0) | (outputs == 0) | (total > self.entries))):
            m.d.sync += self.wrong_size.eq(1)
        with m.If(adds_output):
            m.d.sync += [
                self.output_words.eq(self.output_words + words),
                self.output_bytes.eq(self.output_bytes + size[:TRANSFER_BITS]),
            ]
        with m.If(self.clear):
            sums = (entry, self.output_words, self.output_bytes)
            m.d.sync += [signal.eq(0) for signal in (*sums, self.wrong_address, self.wrong_size)]
        for side, takes, is_last, into in (
            ("input", adds & is_input, entry == inputs - 1, self.inputs),
            ("output", adds_output, entry == total - 1, self.outputs),
        ):
            queue = WordQueue(width=len(into.payload.as_value()), depth=self.entries)
            m.submodules[f"{side}_queue"] = queue
            m.d.comb += [
                queue.clear.eq(self.clear),
                queue.source.valid.eq(takes),
                queue.source.payload.eq(
                    Cat(address[: self.address_bits], size[:TRANSFER_BITS], is_last)
                ),
                into.valid.eq(queue.sink.valid),
                into.payload.eq(queue.sink.payload),
                queue.sink.ready.eq(into.ready),
            ]
