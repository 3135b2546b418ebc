"""tkeep: what it says of an input frame, and what an output frame says by it."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..hdl.arithmetic import named
from .frame_position import FramePosition
from .loaded_frame_position import LoadedFramePosition
from .port_beat import PortBeat
from .register_bank import DescriptionWrite


class InputKeep(wiring.Component):
    """Takes out beats that carry nothing, and has frames dropped of which lanes are missing.

    Frames are dropped by the engine: one that is damaged goes there without the mark of its last
    beat, and one beat more that has the mark.

    Parameters
    ----------
    beat_bytes : int
        Bytes of a beat, a power of two.
    sizes : sequence of int or None
        Bytes of a frame's tensors; None: they are loaded.
    checked : bool
        Whether the engine checks frames. If not, lanes that are missing make no difference.
    user_bits : int

    Members
    -------
    outside : In(stream.Signature(PortBeat(beat_bytes, keep=True, user_bits=user_bits)))
    inside : Out(stream.Signature(PortBeat(beat_bytes, keep=False, user_bits=user_bits)))
        In the same cycle.
    description : In(DescriptionWrite())
        If sizes are loaded: see `LoadedFramePosition`.
    """

    def __init__(
        self,
        *,
        beat_bytes: int,
        sizes: Sequence[int] | None,
        checked: bool,
        user_bits: int = 0,
    ):
        self.checked = checked
        self._sizes, self._beat_bytes = sizes, beat_bytes
        inner, outer = port_streams(beat_bytes, user_bits)
        super().__init__({"outside": In(outer), "inside": Out(inner), **_loaded_members(sizes)})

    def elaborate(self, platform):
        m = Module()
        outside, inside = self.outside, self.inside
        is_empty = Signal()
        spoils = Signal()
        m.d.comb += [
            inside.payload[name].eq(outside.payload[name])
            for name, _ in inside.payload.shape()
            if name != "last"
        ]
        m.d.comb += [
            inside.payload.last.eq(outside.payload.last & ~spoils),
            inside.valid.eq(outside.valid & ~is_empty),
            outside.ready.eq(is_empty | (inside.ready & ~spoils)),
        ]
        keep = outside.payload.keep
        if not self.checked:
            m.d.comb += is_empty.eq(~keep.any())
            return m
        m.d.comb += is_empty.eq(~keep.any() & ~outside.payload.last)
        self._check(m, spoils)
        return m

    def _check(self, m: Module, spoils: Signal) -> None:
        """Compare lanes with those that the frame's tensors use.

        What is lost, since a frame's last beat was not marked, is no frame of its own.
        """
        position = _add_position(m, self, self._beat_bytes, self._sizes, outputs=False)
        inside, last = self.inside, self.outside.payload.last
        is_damaged = Signal()
        is_spoiled = Signal()
        is_lost = Signal()
        damages = Signal()
        passes = named(m, inside.valid & inside.ready, "passes")
        counts = named(m, passes & ~spoils & ~is_lost, "counts")
        m.d.comb += [
            damages.eq(is_damaged | (self.outside.payload.keep != position.keep)),
            spoils.eq(position.is_last & last & damages & ~is_spoiled),
            position.advance.eq(counts),
            position.restart.eq(last),
        ]
        with m.If(passes):
            m.d.sync += is_spoiled.eq(spoils)
        with m.If(passes & ~spoils):
            m.d.sync += is_lost.eq(~last & (position.is_last | is_lost))
        with m.If(counts):
            m.d.sync += is_damaged.eq(damages & ~last & ~position.is_last)


class OutputKeep(wiring.Component):
    """Says which lanes of an output beat count.

    Parameters
    ----------
    beat_bytes : int
        Bytes of a beat, a power of two.
    sizes : sequence of int or None
        Bytes of a frame's tensors; None: they are loaded.
    user_bits : int

    Members
    -------
    inside : In(stream.Signature(PortBeat(beat_bytes, keep=False, user_bits=user_bits)))
    outside : Out(stream.Signature(PortBeat(beat_bytes, keep=True, user_bits=user_bits)))
        In the same cycle.
    description : In(DescriptionWrite())
        If sizes are loaded: see `LoadedFramePosition`.
    """

    def __init__(self, *, beat_bytes: int, sizes: Sequence[int] | None, user_bits: int = 0):
        self._sizes, self._beat_bytes = sizes, beat_bytes
        inner, outer = port_streams(beat_bytes, user_bits)
        super().__init__({"inside": In(inner), "outside": Out(outer), **_loaded_members(sizes)})

    def elaborate(self, platform):
        m = Module()
        position = _add_position(m, self, self._beat_bytes, self._sizes, outputs=True)
        inside, outside = self.inside, self.outside
        m.d.comb += [
            outside.payload[name].eq(inside.payload[name]) for name, _ in inside.payload.shape()
        ]
        m.d.comb += [
            outside.payload.keep.eq(position.keep),
            outside.valid.eq(inside.valid),
            inside.ready.eq(outside.ready),
            position.advance.eq(outside.valid & outside.ready),
            position.restart.eq(inside.payload.last),
        ]
        return m


def _add_position(
    m: Module,
    keep: InputKeep | OutputKeep,
    beat_bytes: int,
    sizes: Sequence[int] | None,
    *,
    outputs: bool,
) -> FramePosition | LoadedFramePosition:
    """What knows which lanes the tensors of a frame use."""
    position: FramePosition | LoadedFramePosition
    if sizes is None:
        position = LoadedFramePosition(beat_bytes=beat_bytes, outputs=outputs)
        m.d.comb += position.description.eq(keep.description)
    else:
        position = FramePosition(beat_bytes=beat_bytes, sizes=sizes)
    m.submodules.position = position
    return position


def _loaded_members(sizes: Sequence[int] | None) -> dict[str, wiring.Member]:
    return {"description": In(DescriptionWrite())} if sizes is None else {}


def port_streams(beat_bytes: int, user_bits: int) -> tuple[stream.Signature, stream.Signature]:
    """Streams without and with tkeep."""
    without, kept = (
        stream.Signature(PortBeat(beat_bytes, keep=keep, user_bits=user_bits))
        for keep in (False, True)
    )
    return without, kept
