"""What stands between the ports of the streams and the engine's own."""

from __future__ import annotations

from amaranth.hdl import Module, ResetInserter
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ..hdl.beat import Beat
from ..registers import result_user_bits
from .clock_crossing import ClockCrossing
from .config import ShellConfig
from .frame_tags import FrameTags
from .keep import InputKeep, OutputKeep
from .port_beat import PortBeat
from .register_bank import DescriptionWrite
from .reset_crossing import ResetCrossing

ENGINE, STREAMS = "sync", "axis"
"""Clock domains: of the engine, and of the streams if they have one of their own."""


class StreamShell(wiring.Component):
    """A row of components on either stream, as far as they are asked for.

    From outside to inside: another clock (`ClockCrossing`), tkeep (`InputKeep`, `OutputKeep`) and
    tags (`FrameTags`). Without any of these it is nothing but wires. With a control bus, inside is
    not the engine but its `RegisterShell`, so that what is said here of the engine is true of both;
    but where the registers have the streams' clock, they are outside, and so is tkeep.

    Parameters
    ----------
    shell : ShellConfig
    input_bytes, output_bytes : int
        Bytes of a beat.
    checked : bool
        Whether the engine checks frames.
    registers_outside : bool
        Whether there are registers outside, in the streams' clock.

    Members
    -------
    reset : In(1)
        Of the shell and of the engine.
    engine_reset : Out(1)
        To the engine, in its clock.
    outside_reset : Out(1)
        With registers outside: in their clock, until all has been reset.
    outside_in : In(stream.Signature(PortBeat(input_bytes, ...)))
        With tkeep and tuser as the shell asks; in the streams' clock.
    inside_in : Out(stream.Signature(Beat(input_bytes)))
        To the engine.
    accepted : In(1)
        See `FrameTags`.
    aborted : In(1)
        With a control bus: see `FrameTags`.
    description : In(DescriptionWrite())
        With tkeep of what is loaded: see `LoadedFramePosition`.
    inside_out : In(stream.Signature(PortBeat(output_bytes, keep=False, user_bits=...)))
        From the engine. With a control bus, a bit of tuser says whether a frame was aborted.
    outside_out : Out(stream.Signature(PortBeat(output_bytes, ...)))
    """

    def __init__(
        self,
        shell: ShellConfig,
        *,
        input_bytes: int,
        output_bytes: int,
        checked: bool,
        registers_outside: bool = False,
    ):
        self.shell = shell
        self.registers_outside = registers_outside
        self.input_bytes = input_bytes
        self.output_bytes = output_bytes
        self.checked = checked

        def beats(beat_bytes: int, user_bits: int, *, keep: bool) -> stream.Signature:
            return stream.Signature(PortBeat(beat_bytes, keep=keep, user_bits=user_bits))

        keep, aborts = shell.keep is not None, shell.bus is not None
        sent = result_user_bits(shell.to_dict())

        super().__init__(
            {
                "reset": In(1),
                "engine_reset": Out(1),
                **({"outside_reset": Out(1)} if registers_outside else {}),
                "outside_in": In(beats(input_bytes, shell.tag_bits, keep=keep)),
                "inside_in": Out(stream.Signature(Beat(input_bytes))),
                "accepted": In(1),
                **({"aborted": In(1)} if aborts else {}),
                **({"description": In(DescriptionWrite())} if shell.loads_sizes else {}),
                "inside_out": In(beats(output_bytes, int(aborts), keep=False)),
                "outside_out": Out(beats(output_bytes, sent, keep=keep)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shell = self.shell
        incoming, outgoing = flipped(self.outside_in), flipped(self.outside_out)
        resets = {ENGINE: self.reset}
        if shell.clocks == "two":
            m.submodules.reset_crossing = crossing = ResetCrossing(outer=STREAMS, inner=ENGINE)
            m.d.comb += crossing.request.eq(self.reset)
            if self.registers_outside:
                m.d.comb += self.outside_reset.eq(crossing.outer_reset)
            resets = {ENGINE: crossing.inner_reset, STREAMS: crossing.outer_reset}
        m.d.comb += self.engine_reset.eq(resets[ENGINE])
        add = ResetInserter(resets)
        if shell.clocks == "two":
            shape_in, shape_out = (
                signature.payload.shape() for signature in (self.outside_in, self.outside_out)
            )
            source = ClockCrossing(shape_in, writer=STREAMS, reader=ENGINE)
            sink = ClockCrossing(shape_out, writer=ENGINE, reader=STREAMS)
            m.submodules.input_crossing, m.submodules.output_crossing = add(source), add(sink)
            connect(m, incoming, source.source)
            connect(m, sink.sink, outgoing)
            incoming, outgoing = source.sink, sink.source
        if shell.keep is not None:
            input_keep, output_keep = keep_components(
                shell,
                input_bytes=self.input_bytes,
                output_bytes=self.output_bytes,
                checked=self.checked,
            )
            m.submodules.input_keep, m.submodules.output_keep = add(input_keep), add(output_keep)
            if shell.loads_sizes:
                m.d.comb += [
                    input_keep.description.eq(self.description),
                    output_keep.description.eq(self.description),
                ]
            connect(m, incoming, input_keep.outside)
            connect(m, output_keep.outside, outgoing)
            incoming, outgoing = input_keep.inside, output_keep.inside
        if shell.tag_bits:
            tags = FrameTags(
                input_bytes=self.input_bytes,
                output_bytes=self.output_bytes,
                tag_bits=shell.tag_bits,
                aborts=shell.bus is not None,
            )
            m.submodules.frame_tags = add(tags)
            if shell.bus is not None:
                m.d.comb += tags.aborted.eq(self.aborted)
            m.d.comb += tags.accepted.eq(self.accepted)
            connect(m, incoming, tags.outside_in)
            connect(m, tags.outside_out, outgoing)
            incoming, outgoing = tags.inside_in, tags.inside_out
        connect(m, incoming, flipped(self.inside_in))
        connect(m, flipped(self.inside_out), outgoing)
        return m


def keep_components(
    shell: ShellConfig, *, input_bytes: int, output_bytes: int, checked: bool
) -> tuple[InputKeep, OutputKeep]:
    """Those of a shell that has tkeep, for beats with its tuser; arguments as of `StreamShell`."""
    assert shell.keep is not None, "it is asked for"
    return (
        InputKeep(
            beat_bytes=input_bytes,
            sizes=shell.keep.inputs,
            checked=checked,
            user_bits=shell.tag_bits,
        ),
        OutputKeep(
            beat_bytes=output_bytes,
            sizes=shell.keep.outputs,
            user_bits=result_user_bits(shell.to_dict()),
        ),
    )
