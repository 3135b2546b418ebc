"""What becomes of names, unused parts, foreign modules and long lines."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from amaranth.hdl import Cat, ClockDomain, Instance, Signal, unsigned
from amaranth.lib import stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped
from random_component import RandomComponent
from small_components import Doubler, Small

from nnhw.export import component_verilog


def make_chain(*, read: bool) -> Small:
    """A part whose output `odd` is, or is not, read."""

    def fill(self, m):
        m.submodules.part = part = Doubler()
        m.d.comb += [part.x.eq(self.x), self.y.eq(part.y)]
        if read:
            m.d.sync += self.odd.eq(part.odd)

    return Small({"x": 4}, {"y": 5, "odd": 1}, fill)


def test_only_what_has_an_effect_is_written():
    def fill(self, m):
        useless = Signal(4)
        m.d.sync += useless.eq(useless + self.x)
        m.submodules.useless = part = Doubler()
        m.submodules.useful = Small({"x": 4}, {"y": 4}, self.part)
        m.d.comb += [part.x.eq(self.x), self.y.eq(m.submodules.useful.y)]

    def part(self, m):
        m.d.comb += self.y.eq(5)

    top = Small({"x": 4}, {"y": 4}, fill)
    top.part = part
    text = component_verilog(top, "top")
    assert "useless" not in text
    assert "useful" not in text, "its output is a constant"
    assert "assign y = 4'd5;" in text


def test_outputs_to_keep():
    def fill(self, m):
        m.submodules.part = part = Small({"x": 4}, {"y": 4, "z": 4}, self.part)
        m.d.comb += [part.x.eq(self.x), self.y.eq(part.y)]

    def part(self, m):
        m.d.sync += [self.y.eq(self.x), self.z.eq(self.x ^ self.y)]

    def top():
        component = Small({"x": 4}, {"y": 4}, fill)
        component.part = part
        return component

    text = component_verilog(top(), "top")
    assert not re.search(r"\bz\b", text)
    text = component_verilog(top(), "top", keep=[("part", "z")])
    assert ".z()" in text
    assert "output reg  [3:0] z = 4'd0" in text
    with pytest.raises(KeyError, match=r"top\.part has no port q"):
        component_verilog(top(), "top", keep=[("part", "q")])


def test_an_output_stays_in_all_modules_of_a_class():
    def fill(self, m):
        m.submodules.part_0 = first = Doubler()
        m.submodules.part_1 = second = Doubler()
        m.d.comb += [first.x.eq(self.x + 1), second.x.eq(self.x + 2)]
        m.d.comb += [self.y.eq(first.y ^ second.y), self.odd.eq(first.odd)]

    text = component_verilog(Small({"x": 4}, {"y": 5, "odd": 1}, fill), "top")
    assert text.count(".odd()") <= 1
    assert text.count("module top_part (") == 1


def test_names():
    """Clashes, reserved words, and signals that have no names."""

    def fill(self, m):
        m.submodules.output = part = Doubler()
        m.submodules.case = other = Doubler()
        first = Signal(4, name="same")
        second = Signal(4, name="same")
        nameless = [Signal(4) for _ in range(2)]
        m.d.sync += [first.eq(self.x), second.eq(first), nameless[0].eq(second)]
        m.d.sync += nameless[1].eq(nameless[0])
        m.d.comb += [part.x.eq(nameless[1]), other.x.eq(self.wire), self.y.eq(part.y ^ other.y)]

    text = component_verilog(Small({"x": 4, "wire": 4}, {"y": 5}, fill), "top")
    assert "\\" not in text
    assert "$" not in text
    assert "top_output output_ (" in text
    assert " case_ (" in text
    assert ".x(wire_)" in text
    assert "same_2 <= same;" in text
    declared = re.findall(r"^  (?:reg|wire) (?:\[\S+ )?(\w+)", text, re.MULTILINE)
    assert len(set(declared)) == len(declared) >= 6


def test_wires_of_instances_are_named_after_their_ports():
    def fill(self, m):
        m.submodules.source = source = Small({"x": 8}, {}, lambda part, inner: None)
        del m.submodules.source, source

    signature = stream.Signature(unsigned(8))

    def part(self, m):
        m.d.comb += [self.beats.payload.eq(self.x), self.beats.valid.eq(self.x[0])]

    def sink(self, m):
        with m.If(self.beats.valid & self.beats.ready):
            m.d.sync += self.y.eq(self.beats.payload + self.y)
        m.d.comb += self.beats.ready.eq(self.y[0])

    class Source(Small):
        def __init__(self):
            super().__init__({"x": 8}, {}, part)

    del fill, Source, In, Out, connect, flipped, Cat, sink
    assert signature
