"""What becomes of names, of unused parts, of foreign modules and of long lines."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from amaranth.hdl import Cat, ClockDomain, Instance, Signal, signed
from amaranth.lib.memory import Memory
from small_components import Doubler, Small

from nnhw.export import component_verilog


def test_what_has_no_effect_is_left_out():
    def fill(self, m):
        useless = Signal(4)
        m.d.sync += useless.eq(useless + self.x)
        m.submodules.unread = unread = Doubler()
        m.submodules.constant = constant = Small({"x": 4}, {"five": 4}, five)
        m.d.comb += [unread.x.eq(useless), constant.x.eq(self.x), self.y.eq(constant.five)]

    def five(self, m):
        m.d.comb += self.five.eq(5)

    text = component_verilog(Small({"x": 4}, {"y": 4}, fill), "top")
    assert text.count("module ") == 1
    assert "useless" not in text
    assert "  assign y = 4'd5;\n" in text


def test_outputs_to_keep():
    def fill(self, m):
        m.submodules.part = part = Doubler()
        m.d.comb += [part.x.eq(~self.x), self.y.eq(part.y)]

    def text(keep):
        return component_verilog(Small({"x": 4}, {"y": 5}, fill), "top", keep=keep)

    assert ".odd" not in text([])
    assert "    .odd()\n" in text([("part", "odd")])
    assert "  output reg        odd = 1'b0\n" in text([("part", "odd")])
    with pytest.raises(KeyError, match=r"top\.part has no port even"):
        text([("part", "even")])


def test_an_output_that_is_read_once_stays_in_all_modules_of_a_class():
    def fill(self, m):
        m.submodules.part_0 = first = Doubler()
        m.submodules.part_1 = second = Doubler()
        m.d.comb += [first.x.eq(~self.x), second.x.eq(self.x ^ 5)]
        m.d.comb += [self.y.eq(first.y ^ second.y), self.odd.eq(first.odd)]

    text = component_verilog(Small({"x": 4}, {"y": 5, "odd": 1}, fill), "top")
    assert text.count("\nmodule top_part (") == 1
    assert text.count("    .odd()\n") == 1


def test_names():
    """Clashes, reserved words, and signals that nobody named."""

    def fill(self, m):
        m.submodules.output = part = Doubler()
        m.submodules.case = other = Doubler()
        first, second = Signal(4, name="same"), Signal(4, name="same")
        nameless = [Signal(4) for _ in range(2)]
        m.d.sync += [first.eq(self.x), second.eq(first), nameless[0].eq(second)]
        m.d.sync += nameless[1].eq(nameless[0])
        m.d.comb += [part.x.eq(nameless[1]), other.x.eq(self.wire), self.y.eq(part.y ^ other.y)]

    text = component_verilog(Small({"x": 4, "wire": 4}, {"y": 5}, fill), "top")
    assert "\\" not in text
    assert "$" not in text
    assert re.search(r"top_\w+ net_output \(", text)
    assert re.search(r"top_\w+ net_case \(", text)
    assert "    .x(net_wire),\n" in text
    assert "same_2 <= same;" in text
    declared = re.findall(r"^  (?:reg|wire) (?:\[\S+ )?(\w+)", text, re.MULTILINE)
    assert {"same", "same_2", "net_output_y", "net_case_y"} <= set(declared)
    assert len(set(declared)) == len(declared)


def test_foreign_modules():
    def fill(self, m):
        product = Signal(8)
        m.submodules.dsp = Instance(
            "VENDOR_MULTIPLIER",
            ("a", "keep", "yes"),
            ("p", "MODE", "FAST"),
            ("p", "STAGES", 2),
            ("p", "MASK", 0xF0F0F0F0F),
            ("i", "A", Cat(self.x, self.x[3])),
            ("o", "P", product),
        )
        m.submodules.unread = Instance("VENDOR_PROBE", ("i", "IN", self.x))
        m.d.comb += self.y.eq(product)

    text = component_verilog(Small({"x": 4}, {"y": 8}, fill), "top")
    parameters = '.MODE("FAST"), .STAGES(2), .MASK(36\'hf0f0f0f0f)'
    assert f'  (* keep = "yes" *) VENDOR_MULTIPLIER #({parameters}) dsp (\n' in text
    assert " dsp (\n    .A({x[3], x}),\n    .P(y)\n  );\n" in text
    assert "  VENDOR_PROBE unread (\n    .IN(x)\n  );\n" in text


def test_cells_with_a_port_for_every_bit():
    def fill(self, m):
        product = Signal(3)
        m.submodules.dsp = Instance(
            "CELL",
            *(("p", f"A_RATHER_LONG_PARAMETER_{index}", "NONE") for index in range(4)),
            *(("i", f"A{index}", self.x[index]) for index in range(2)),
            ("i", "CE", 1),
            *(("o", f"P{index}", product[index]) for index in range(3)),
            ("o", "Q", self.z),
        )
        m.d.comb += self.y.eq(product[1:])

    text = component_verilog(Small({"x": 2}, {"y": 2, "z": 1}, fill), "top")
    assert '  CELL #(\n    .A_RATHER_LONG_PARAMETER_0("NONE"),\n' in text
    assert '    .A_RATHER_LONG_PARAMETER_3("NONE")\n  ) dsp (\n' in text
    assert "    .A0(x[0]), .A1(x[1]),\n    .CE(1'b1),\n" in text
    assert "    .Q(z),\n    .P0(product[0]), .P1(product[1]), .P2(product[2])\n  );\n" in text
    assert "  assign y = product[2:1];\n" in text


def test_attributes_of_registers_and_memories():
    def fill(self, m):
        kept = Signal(4, attrs={"dont_touch": "true"})
        m.d.sync += kept.eq(self.x)
        m.submodules.words = words = Memory(
            shape=4, depth=16, init=[], attrs={"rom_style": "block"}
        )
        port = words.read_port()
        m.d.comb += [port.addr.eq(kept), self.y.eq(port.data)]

    text = component_verilog(Small({"x": 4}, {"y": 4}, fill), "top")
    assert '  (* dont_touch = "true" *) reg [3:0] kept = 4\'d0;\n' in text
    assert '  (* rom_style = "block" *) reg [3:0] words [0:15];\n' in text


def test_lines_are_broken():
    def fill(self, m):
        for index in range(12):
            part = Small({f"{letter}_of_part": 8 for letter in "abcd"}, {"sum_of_part": 8}, add)
            m.submodules[f"part_{index}"] = part
            for letter, other in zip("abcd", "bcda", strict=True):
                member = getattr(part, f"{letter}_of_part")
                m.d.comb += member.eq(getattr(self, letter) ^ getattr(self, other) ^ index)
            m.d.comb += self.y[8 * index :][:8].eq(part.sum_of_part)

    def add(self, m):
        m.d.sync += self.sum_of_part.eq(
            Cat(*(self.a_of_part[i] ^ self.b_of_part[7 - i] for i in range(8)))
        )

    text = component_verilog(Small(dict.fromkeys("abcd", 8), {"y": 96}, fill), "top")
    assert max(map(len, text.splitlines())) <= 100


def test_signs_of_ports_do_not_matter():
    def part(self, m):
        m.d.comb += self.z.eq(self.x * self.w)

    def fill(self, m):
        m.submodules.part = p = Small({"x": signed(6), "w": signed(6)}, {"z": signed(12)}, part)
        m.d.comb += [p.x.eq(self.x[:4].as_signed()), p.w.eq(-2), self.y.eq(p.z)]

    text = component_verilog(Small({"x": 8}, {"y": signed(12)}, fill), "top")
    assert "  input  wire [3:0]  x,\n" in text, "as wide as what is there to come in"
    assert "  assign z = $signed(x) * 2'sh2;\n" in text


@pytest.mark.parametrize("options", [{"async_reset": True}, {"clk_edge": "neg"}], ids=str)
def test_other_clock_domains_are_refused(options):
    def fill(self, m):
        m.domains.sync = domain = ClockDomain(**options)
        m.d.comb += [domain.clk.eq(self.clock), domain.rst.eq(self.reset)]
        m.d.sync += self.y.eq(self.x)

    component = Small({"clock": 1, "reset": 1, "x": 4}, {"y": 4}, fill)
    with pytest.raises(NotImplementedError, match="module 'top'"):
        component_verilog(component, "top")


def test_transparent_memories_are_refused():
    def fill(self, m):
        m.submodules.ram = ram = Memory(shape=4, depth=16, init=[])
        write = ram.write_port()
        read = ram.read_port(transparent_for=[write])
        m.d.comb += [write.addr.eq(self.x), read.addr.eq(self.x), write.en.eq(1)]
        m.d.comb += [write.data.eq(self.x), self.y.eq(read.data)]

    with pytest.raises(NotImplementedError, match="memrd_v2"):
        component_verilog(Small({"x": 4}, {"y": 4}, fill), "top")


def test_the_text_does_not_depend_on_the_process():
    code = (
        "from random_component import RandomComponent as R; from nnhw.export import "
        "component_verilog as v; print(v(R(3, 6), 'top'))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parent,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "12"
    }
    assert len(texts) == 1
    assert "always @(posedge clk)" in texts.pop()
