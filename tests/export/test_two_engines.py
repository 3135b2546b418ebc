"""Two engines in one netlist, and two designs in one compilation: nothing of theirs is global."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from integer_graphs import IntegerBuilder
from run_verilator import verilator

from nnhw.export import ExportedMemories, component_verilog, generate_verilog
from nnhw.ir import Graph
from nnhw.mapping import EngineConfig, Program, map_graph
from nnhw.shell import Accelerator
from nnhw.simulate import sim_folder

CONFIG = EngineConfig(rows=4, cols=4, lanes=2, lane_groups=2, input_bytes=4, output_bytes=2)

SOURCES = {
    "clk": "",
    "rst": "",
    "s_axis_tdata": f"[{8 * CONFIG.input_bytes - 1}:0]",
    "s_axis_tvalid": "",
    "s_axis_tlast": "",
    "m_axis_tready": "",
}
"""Inputs of an accelerator, and their widths."""
SINKS = ("s_axis_tready", "m_axis_tdata", "m_axis_tvalid", "m_axis_tlast")


def network(name: str, channels: int) -> Graph:
    """Two layers, whose weights are large enough for a file."""
    builder = IntegerBuilder((1, 1, channels), seed=channels)
    return replace(builder.graph(builder.dense(builder.dense("x", 64), 48)), name=name)


def program(name: str, channels: int) -> Program:
    return map_graph(network(name, channels), CONFIG)


class Pair(wiring.Component):
    """Two accelerators with the ports of both, and registers of its own clock domain."""

    def __init__(self, *programs: Program):
        self.accelerators = [Accelerator(each.machine, each.image) for each in programs]
        members = {
            f"{name}_{port}": member
            for name, accelerator in zip(("first", "second"), self.accelerators, strict=True)
            for port, member in accelerator.signature.members.items()
        }
        super().__init__({"clk": In(1), "rst": In(1), "beats": Out(8), **members})

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = sync = ClockDomain()
        m.d.comb += [sync.clk.eq(self.clk), sync.rst.eq(self.rst)]
        for name, accelerator in zip(("first", "second"), self.accelerators, strict=True):
            m.submodules[name] = accelerator
            for port, member in accelerator.signature.members.items():
                outer, inner = getattr(self, f"{name}_{port}"), getattr(accelerator, port)
                m.d.comb += inner.eq(outer) if member.flow is In else outer.eq(inner)
        with m.If(self.first_m_axis_tvalid & self.second_m_axis_tvalid):
            m.d.sync += self.beats.eq(self.beats + 1)
        return m


def modules(verilog: str) -> list[str]:
    return re.findall(r"^module (\w+)", verilog, re.MULTILINE)


def lint(folder: Path, top: str, *files: str) -> str:
    """What Verilator has to say; "" if nothing."""
    waivers = sim_folder() / "waivers.vlt"
    return verilator(
        "--lint-only", "-Wall", "-Wno-UNUSEDSIGNAL", waivers, "--top", top, *files, folder=folder
    ).stderr


@pytest.mark.parametrize("channels", [(3, 6), (5, 5)])
def test_two_engines_in_one_netlist(channels, tmp_path):
    """Those of the same network share their modules, which is no harm."""
    pair = Pair(*(program(name, number) for name, number in zip("ab", channels, strict=True)))
    verilog = component_verilog(pair, "pair")
    names = modules(verilog)
    assert len(set(names)) == len(names)
    assert all(name == "pair" or name.startswith("pair_") for name in names)
    (tmp_path / "pair.v").write_text(verilog)
    assert lint(tmp_path, "pair", "pair.v") == ""


def test_two_designs_in_one_compilation(tmp_path):
    programs = [program("narrow", 3), program("wide", 6)]
    names: list[str] = []
    for each in programs:
        files = ExportedMemories(each.name, files=True)
        text = generate_verilog(each, files)
        (tmp_path / f"{each.name}.v").write_text(text)
        assert files.texts
        for name, contents in files.texts.items():
            (tmp_path / name).write_text(contents)
        names += [*modules(text), *files.texts]
    assert len(set(names)) == len(names)
    chip = [
        f"module chip ({', '.join(f'input {width} {port}' for port, width in SOURCES.items())});"
    ]
    pins = [*(f".{port}({port})" for port in SOURCES), *(f".{port}()" for port in SINKS)]
    chip += [f"  {each.name} {each.name}_0 ({', '.join(pins)});" for each in programs]
    (tmp_path / "chip.v").write_text("\n".join([*chip, "endmodule\n"]))
    assert lint(tmp_path, "chip", "narrow.v", "wide.v", "chip.v") == ""
