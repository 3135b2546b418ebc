"""Where in a frame a stream is, of which the tensors are loaded with the network."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..hdl.arithmetic import named
from ..hdl.parameters import check_powers_of_two
from ..hdl.technology import PORTABLE
from ..registers import LOADED_TENSORS, TENSOR_WORDS
from ..registers.register_map import description_row
from .register_bank import DescriptionWrite

_COUNT_BITS = 8
"""Of each number in the register of tensors."""
_SIZE_BITS = 24
"""Of a tensor's bytes: 16 MiB are more than any device holds."""
_WORD_BITS = (TENSOR_WORDS - 1).bit_length()
"""Of the number of a word in a tensor's entry, of which there is a power of two."""
_INDEX_BITS = (LOADED_TENSORS - 1).bit_length()


class LoadedFramePosition(wiring.Component):
    """Does what `FramePosition` does, by what registers say of the network that is loaded.

    It listens to what is loaded into the table of tensors: their bytes, and their numbers.

    Parameters
    ----------
    beat_bytes : int
        Bytes of a beat, a power of two.
    outputs : bool
        Whether it is of output frames.

    Members
    -------
    description : In(DescriptionWrite())
        While no frame is under way.
    advance, restart, is_last, keep
        See `FramePosition`.
    """

    def __init__(self, *, beat_bytes: int, outputs: bool):
        check_powers_of_two(self, beat_bytes=beat_bytes)
        self.beat_bytes = beat_bytes
        self.outputs = outputs
        super().__init__(
            {
                "description": In(DescriptionWrite()),
                "advance": In(1),
                "restart": In(1),
                "is_last": Out(1),
                "keep": Out(beat_bytes),
            }
        )

    def elaborate(self, platform):
        m = Module()
        first, last = self._count(m)
        # within the frame; its entry in the table was read a cycle ahead
        tensor, beat = Signal(_INDEX_BITS), Signal(_SIZE_BITS)
        following = Signal.like(tensor, name="next_tensor")
        last_beat, used = self._read_entry(m, named(m, first + following, "entry"))
        ends = Signal()
        m.d.comb += [
            ends.eq(beat == last_beat),
            self.is_last.eq(ends & (tensor == last)),
            self.keep.eq((1 << self.beat_bytes) - 1),
            following.eq(tensor),
        ]
        with m.If(ends & (used != 0)):
            m.d.comb += self.keep.eq((1 << used) - 1)
        with m.If(self.advance):
            m.d.sync += beat.eq(Mux(ends | self.restart, 0, named(m, beat + 1, "next_beat")))
            with m.If(self.is_last | self.restart):
                m.d.comb += following.eq(0)
            with m.Elif(ends):
                m.d.comb += following.eq(tensor + 1)
        m.d.sync += tensor.eq(following)
        return m

    def _count(self, m: Module) -> tuple[Signal, Signal]:
        """Entry of the frame's first tensor, and number of its last one; they outlast resets, as
        what is loaded does."""
        write = self.description
        first, last = (
            Signal(_INDEX_BITS, reset_less=True, name=name)
            for name in ("first_tensor", "last_tensor")
        )
        inputs, outputs = write.data[:_COUNT_BITS], write.data[_COUNT_BITS : 2 * _COUNT_BITS]
        with m.If(write.valid & (write.row == description_row("tensor_counts"))):
            if self.outputs:
                m.d.sync += first.eq(inputs)
            m.d.sync += last.eq((outputs if self.outputs else inputs) - 1)
        return first, last

    def _read_entry(self, m: Module, entry: Signal) -> tuple[Signal, Signal]:
        """Number of a tensor's last beat, and lanes that it uses in it: 0 for all."""
        write = self.description
        lane_bits = self.beat_bytes.bit_length() - 1
        first_row = description_row("bytes")
        place = Signal.like(write.row, name="place")
        is_size = Signal()
        m.d.comb += [
            place.eq(write.row - first_row),
            is_size.eq((write.row >= first_row) & (place[:_WORD_BITS] == 0)),
        ]
        size = PORTABLE.ram(
            m,
            read_row=entry[:_INDEX_BITS],
            write_enable=write.valid & is_size,
            write_row=place[_WORD_BITS:][:_INDEX_BITS],
            write_data=write.data[:_SIZE_BITS],
            depth=1 << _INDEX_BITS,
            output_register=False,
            name="sizes",
        )
        last_beat, used = Signal(_SIZE_BITS), Signal(max(1, lane_bits))
        m.d.comb += [last_beat.eq((size - 1) >> lane_bits), used.eq(size[:lane_bits])]
        return last_beat, used
