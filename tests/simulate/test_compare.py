"""The comparison, on traces made by hand: what no simulation shows reliably."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

LAYERS = 2
SIZE = 4
KINDS = ("real", "random", "all-minimum")


@pytest.fixture
def bench(testbench):
    """Design of two layers of (1, 2, 2), three frames, one segment; one byte a beat."""
    return Bench(testbench)


class Bench:
    def __init__(self, testbench):
        self.compare, self.trace_file = testbench("compare"), testbench("trace_file")
        design, module = testbench("design"), testbench("segments")
        tensor = design.Tensor("t", (1, 2, 2), 0)
        stream = design.Stream((tensor,), beat_bytes=1, frame_bytes=SIZE)
        layers = tuple(design.Layer(f"layer {i}", (1, 2, 2)) for i in range(LAYERS))
        self.design = design.Design(Path(), "top", (), stream, stream, 20, 12, layers)
        data = np.random.default_rng(0).integers(0, 256, (LAYERS + 1, len(KINDS), SIZE), np.uint8)
        self.vectors = design.Vectors(KINDS, data[0], data[LAYERS], tuple(data[1:]))
        self.segments = (module.Segment("stalls", (2, 0, 1)),)

    def events(self):
        """The right trace: (kind, layer, count, byte) in each cycle."""
        yield b"r", 0, 0, 0
        for number in self.segments[0].frames:
            for byte in self.vectors.input[number]:
                yield b"i", 0, 0, byte
            for layer, data in enumerate(self.vectors.layers):
                for byte in data[number]:
                    yield b"w", layer, 1, byte
            for place, byte in enumerate(self.vectors.output[number]):
                yield b"o", 0, place == SIZE - 1, byte

    def first(self, events):
        """First divergence of a trace that has an event a cycle."""
        kind, layer, count, byte = zip(*events, strict=True)
        trace = self.trace_file.Trace(
            np.frombuffer(b"".join(kind), np.uint8),
            np.arange(len(kind)),
            np.array(layer),
            np.array(count),
            np.array(byte, np.int16)[:, None],
        )
        runs = dict(enumerate(trace.segments()))
        found = self.compare.first_divergence(self.design, self.vectors, self.segments, runs)
        return found and found[1]


def test_equal(bench):
    assert bench.first(bench.events()) is None


def test_first_layer_in_program_order_wins_within_a_frame(bench):
    # Frame 0 comes second. Its last layer-0 byte is in cycle 1 + 16 + 7, a layer-1 byte after it.
    events = list(bench.events())
    for cycle in (25, 24, 41):
        kind, layer, count, byte = events[cycle]
        events[cycle] = (kind, layer, count, byte ^ 1)
    found = bench.first(events)
    assert (found.frame, found.kind, found.layer, found.cycle) == (0, "real", 0, 24)
    assert found.element == (0, 1, 1)
    assert (found.expected, found.actual) == (
        bench.vectors.layers[0][0, 3],
        bench.vectors.layers[0][0, 3] ^ 1,
    )


def test_unknown_bits(bench):
    events = [
        (*event[:3], bench.trace_file.UNKNOWN) if cycle == 9 else event
        for cycle, event in enumerate(bench.events())
    ]
    found = bench.first(events)
    assert (found.layer, found.actual) == (1, None)
    assert found.message.endswith("got X")


def test_layer_that_does_not_exist(bench):
    found = bench.first([*bench.events(), (b"w", 7, 1, 0)])
    assert "layer 7, which does not exist" in found.message


@pytest.mark.parametrize("layer", range(LAYERS))
def test_layer_that_does_not_end(bench, layer):
    """Right as far as they go, and one more: told with its own cycle, in the last frame."""
    events = list(bench.events())
    found = bench.first([*events, (b"w", layer, 1, 0)])
    assert (found.layer, found.cycle) == (layer, len(events))
    assert found.frame == bench.segments[0].frames[-1]
    assert "has more than its 4 results" in found.message


def test_results_too_many_in_a_step(bench):
    """What comes too early is the first of those that differ, or is one too many in the end."""
    events = list(bench.events())
    place = max(i for i, event in enumerate(events) if event[:2] == (b"w", 0))
    events.insert(place, events[place])
    found = bench.first(events)
    assert (found.layer, found.cycle) == (0, place + 1)
    assert "has more than its 4 results" in found.message


def test_output_that_does_not_end(bench):
    found = bench.first([*bench.events(), (b"o", 0, 0, 0)])
    assert "has more than its 4 beats" in found.message


def test_nothing_written(bench):
    found = bench.first(list(bench.events())[:5])
    assert (found.layer, found.cycle) == (0, 4)
    assert "nothing was written back" in found.message


def test_segment_that_is_broken_off_may_end_anywhere(bench, testbench):
    events = list(bench.events())[:7]
    assert bench.first(events) is not None
    bench.segments = (
        testbench("segments").Segment("reset", bench.segments[0].frames, reset_after=7),
    )
    assert bench.first(events) is None


def test_layer_written_in_strips(bench, testbench):
    """Of a row of two pixels of two channels, the first three bytes go down before the last."""
    layer = testbench("design").Layer("strips", (2, 2, 2), strips=(3, 1))
    assert layer.order.tolist() == [0, 1, 2, 4, 5, 6, 3, 7]


def test_output_of_several(bench, testbench):
    """A difference in the second output is told by its name and its own element."""
    design = testbench("design")
    tensors = (design.Tensor("first", (1, 1, 1), 0), design.Tensor("second", (1, 1, 2), 2))
    stream = design.Stream(tensors, beat_bytes=1, frame_bytes=SIZE)
    bench.design = replace(bench.design, output=stream)
    events = list(bench.events())
    place = [i for i, event in enumerate(events) if event[0] == b"o"][3]
    events[place] = (*events[place][:3], events[place][3] ^ 1)
    found = bench.first(events)
    assert found.element == (0, 0, 1)
    assert "output 'second' differs first at y=0 x=0 channel=1" in found.message


def test_unused_lane_between_outputs(bench, testbench):
    design = testbench("design")
    tensors = (design.Tensor("first", (1, 1, 1), 0), design.Tensor("second", (1, 1, 2), 2))
    stream = design.Stream(tensors, beat_bytes=1, frame_bytes=SIZE)
    bench.design = replace(bench.design, output=stream)
    events = list(bench.events())
    place = [i for i, event in enumerate(events) if event[0] == b"o"][1]
    events[place] = (*events[place][:3], events[place][3] ^ 1)
    found = bench.first(events)
    assert found.element is None
    assert "the output is not zero in lane 0 of beat 1, which is not used" in found.message
