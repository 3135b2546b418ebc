"""The rules of AXI4-Stream, proved of what stands on the streams, for all inputs and all time.

A beat that is offered stays, as it is, until it is taken: tvalid, tdata, tlast, tkeep, tuser. The
exported Verilog is proved by induction in Yosys. Of a component's own sources, the same is assumed.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
from amaranth.hdl import Cat, DomainRenamer, EnableInserter, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from nnhw.errors import ToolError
from nnhw.export import component_verilog
from nnhw.shell.clock_crossing import ClockCrossing
from nnhw.shell.frame_tags import MOST_FRAMES, FrameTags
from nnhw.shell.keep import InputKeep, OutputKeep
from nnhw.synth.yosys import run_yosys

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("pyosys") is None, reason="needs the extra 'synth'"
)


class Rules(wiring.Component):
    """A component whose sources and sinks do what they like within the rules.

    Members
    -------
    choices : In
        What sources and sinks do, and inputs that are not streams.
    assumed, holds : Out(1)
        Whether sources keep the rules, and the component does.
    """

    def __init__(self, component, sources, sinks, more: Callable | None = None, bits: int = 0):
        self._component = component
        self._sources = sources
        self._sinks = sinks
        self._more = more
        free = [Cat(s.valid, Value.cast(s.payload)) for s in self._streams(sources)]
        free += [s.ready for s in self._streams(sinks)]
        self._free = Cat(*free)
        super().__init__(
            {"choices": In(len(self._free) + bits), "assumed": Out(1), "holds": Out(1)}
        )

    def _streams(self, names):
        return [getattr(self._component, name) for name in names]

    def elaborate(self, platform):
        m = Module()
        m.submodules.component = self._component
        m.d.comb += self._free.eq(self.choices)
        assumed = [
            self._keeps(m, s, f"source_{i}") for i, s in enumerate(self._streams(self._sources))
        ]
        holds = [self._keeps(m, s, f"sink_{i}") for i, s in enumerate(self._streams(self._sinks))]
        if self._more is not None:
            more_assumed, more_holds = self._more(m, self.choices[len(self._free) :])
            assumed += more_assumed
            holds += more_holds
        m.d.comb += [self.assumed.eq(Cat(*assumed).all()), self.holds.eq(Cat(*holds).all())]
        return m

    def _keeps(self, m: Module, stream, name: str) -> Value:
        """Whether a beat that waits is still there, and the same."""
        payload = Value.cast(stream.payload)
        waited = Signal(name=f"{name}_waited")
        offered = Signal(len(payload), name=f"{name}_offered")
        m.d.sync += [waited.eq(stream.valid & ~stream.ready), offered.eq(payload)]
        return ~waited | (stream.valid & (payload == offered))


def prove(component: wiring.Component, folder: Path) -> None:
    """Prove that `holds` follows from `assumed`, by induction."""
    (folder / "rules.v").write_text(component_verilog(component, "rules"))
    run_yosys(
        [
            'read_verilog "rules.v"',
            "hierarchy -check -top rules",
            "proc",
            "flatten",
            "memory",
            "opt -full",
            # fails, and so ends Yosys with an error, if there is a counterexample or no proof
            "sat -tempinduct -verify -set assumed 1 -prove holds 1 -seq 1 -maxsteps 12 rules",
        ],
        log=folder / "log.txt",
        cwd=folder,
    )
    assert "SUCCESS" in (folder / "log.txt").read_text()


@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize(("beat_bytes", "sizes"), [(1, (3,)), (4, (6,)), (2, (3, 1, 4))])
def test_input_keep(beat_bytes, sizes, checked, tmp_path):
    keep = InputKeep(beat_bytes=beat_bytes, sizes=sizes, checked=checked, user_bits=2)
    prove(Rules(keep, ["outside"], ["inside"]), tmp_path)


@pytest.mark.parametrize(("beat_bytes", "sizes"), [(1, (3,)), (4, (6,)), (2, (3, 1, 4))])
def test_output_keep(beat_bytes, sizes, tmp_path):
    keep = OutputKeep(beat_bytes=beat_bytes, sizes=sizes, user_bits=2)
    prove(Rules(keep, ["inside"], ["outside"]), tmp_path)


@pytest.mark.parametrize("aborts", [False, True])
def test_frame_tags(aborts, tmp_path):
    tags = FrameTags(input_bytes=1, output_bytes=1, tag_bits=1, aborts=aborts)

    def more(m: Module, choices: Value):
        ended = Signal()
        inside = tags.inside_in
        m.d.sync += ended.eq(inside.valid & inside.ready & inside.payload.last)
        m.d.comb += tags.accepted.eq(choices[0] & ended)
        # no engine sends a frame that it has not accepted
        assumed = ~tags.inside_out.valid | (tags.frames != 0)
        in_progress = ~tags.begins | ended
        if aborts:
            output = tags.outside_out
            m.d.comb += tags.aborted.eq(choices[1])
            assumed &= ~tags.aborted | ~((output.valid & ~output.ready) | tags.accepted)
        return [assumed], [tags.frames + in_progress <= MOST_FRAMES, ~ended | tags.begins]

    component = Rules(
        tags, ["outside_in", "inside_out"], ["inside_in", "outside_out"], more, bits=1 + aborts
    )
    prove(component, tmp_path)


def binary(gray: Value) -> Value:
    """The number of which this is the Gray code."""
    return Cat(*(gray[bit:].xor() for bit in range(len(gray))))


class AnyClocks(wiring.Component):
    """A queue between two clocks, of which either ticks in a step or not, in whatever relation.

    Members
    -------
    choices : In
        Which clocks tick; what is sent, and whether it is taken.
    assumed, holds : Out(1)
        As of `Rules`.
    """

    def __init__(self):
        self.queue = ClockCrossing(2, writer="a", reader="b", depth_bits=2)
        super().__init__({"choices": In(6), "assumed": Out(1), "holds": Out(1)})

    def elaborate(self, platform):
        m = Module()
        queue, source, sink = self.queue, self.queue.source, self.queue.sink
        ticks = {"a": self.choices[0], "b": self.choices[1]}
        one_clock = {"a": "sync", "b": "sync"}
        m.submodules.queue = DomainRenamer(one_clock)(EnableInserter(ticks)(queue))
        m.d.comb += [
            Cat(source.valid, source.payload, sink.ready).eq(self.choices[2:]),
            self.assumed.eq(1),
        ]
        waited = Signal()
        with m.If(ticks["b"]):
            m.d.sync += waited.eq(sink.valid & ~sink.ready)
        m.d.comb += self.holds.eq(
            Cat(
                ~waited | sink.valid,
                # the place that is offered is not written, so that the payload stays, too
                ~(sink.valid & source.valid & source.ready)
                | (queue.written[:2] != queue.taken[:2]),
                *self._invariants(),
            ).all()
        )
        return m

    def _invariants(self) -> list[Value]:
        """What makes the above inductive: each side sees the other where it was, and in order."""
        queue, sink = self.queue, self.queue.sink
        depth, bits = 4, len(queue.written)

        def ahead(a: Value, b: Value) -> Value:
            return (a - b)[:bits]

        written_1, written_2 = map(binary, queue.written_seen)
        taken_1, taken_2 = map(binary, queue.taken_seen)
        return [
            binary(queue.written_gray) == queue.written,
            binary(queue.taken_gray) == queue.taken,
            ahead(written_2, queue.taken) <= ahead(written_1, queue.taken),
            ahead(written_1, queue.taken) <= ahead(queue.written, queue.taken),
            ahead(queue.written, queue.taken) <= ahead(queue.written, taken_1),
            ahead(queue.written, taken_1) <= ahead(queue.written, taken_2),
            ahead(queue.written, taken_2) <= depth,
            ~queue.has_room | (ahead(queue.written, taken_2) < depth),
            ~sink.valid | (ahead(written_2, queue.taken) > 0),
        ]


def test_clock_crossing(tmp_path):
    prove(AnyClocks(), tmp_path)


class Withdraws(wiring.Component):
    """Breaks the rules: it offers a beat for a single cycle."""

    def __init__(self):
        beats = stream.Signature(2)
        super().__init__({"outside": In(beats), "inside": Out(beats)})

    def elaborate(self, platform):
        m = Module()
        m.d.sync += [
            self.inside.valid.eq(self.outside.valid),
            self.inside.payload.eq(self.outside.payload),
        ]
        m.d.comb += self.outside.ready.eq(1)
        return m


def test_a_broken_rule_is_found(tmp_path):
    with pytest.raises(ToolError):
        prove(Rules(Withdraws(), ["outside"], ["inside"]), tmp_path)
