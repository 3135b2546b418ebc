"""Ports, constraints and the manifest of designs with options of the streams."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from integer_graphs import IntegerBuilder

from nnhw.errors import MappingError
from nnhw.export import generate_verilog, make_register_map
from nnhw.export.crossings import constraint_files, crossings, synchronizers
from nnhw.ir import Graph
from nnhw.mapping import EngineConfig, Program, map_graph, predict_cycles
from nnhw.options import BuildOptions
from nnhw.placement import place
from nnhw.shell import ShellConfig, TensorSizes

# of a component that was refused
pytestmark = pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")

KEEP = TensorSizes(inputs=(7,), outputs=(3,))


def small_graph() -> Graph:
    builder = IntegerBuilder((1, 1, 7), seed=1)
    return builder.graph(builder.dense("x", 3))


def small_program(
    *, checked: bool = False, programmable: bool = False, parity: bool = False
) -> Program:
    config = EngineConfig(
        rows=2,
        cols=2,
        input_bytes=4,
        output_bytes=2,
        frame_check=checked,
        programmable=programmable,
        parity=parity,
    )
    return map_graph(small_graph(), config)


def ports(verilog: str) -> dict[str, int]:
    """Widths of the top module's ports."""
    top = re.search(r"^module \w+ \((.*?)\);", verilog, re.MULTILINE | re.DOTALL)
    assert top is not None
    found = re.findall(r"(?:input|output)\s+\w+\s+(?:\[(\d+):0\])?\s*(\w+)", top[1])
    return {name: int(high or 0) + 1 for high, name in found}


@pytest.mark.parametrize(
    ("shell", "more"),
    [
        ({}, {}),
        ({"keep": KEEP}, {"s_axis_tkeep": 4, "m_axis_tkeep": 2}),
        ({"tag_bits": 5}, {"s_axis_tuser": 5, "m_axis_tuser": 5}),
        ({"clocks": "two"}, {"axis_clk": 1}),
    ],
)
def test_ports(shell, more):
    program = small_program(checked=True)
    plain = ports(generate_verilog(program))
    assert set(plain) & {"s_axis_tkeep", "m_axis_tuser", "axis_clk"} == set()
    verilog = generate_verilog(program, shell=ShellConfig(**shell))
    assert ports(verilog) == plain | more
    assert ("Two clocks, clk and axis_clk" in verilog) == ("axis_clk" in more)


def test_tags_need_a_frame_check():
    with pytest.raises(ValueError, match="Tags need a machine that checks frames"):
        generate_verilog(small_program(), shell=ShellConfig(tag_bits=1))


@pytest.mark.parametrize(
    ("shell", "message"),
    [
        ({"clocks": "three"}, "'clocks' must be one of one, two, not 'three'"),
        ({"tag_bits": 65}, "'tag_bits' must be an integer from 0 to 64, not 65"),
        ({"tag_bits": -1}, "'tag_bits' must be an integer from 0 to 64, not -1"),
        ({"tag_bits": "1"}, "'tag_bits' must be an integer from 0 to 64, not '1'"),
    ],
)
def test_shell_wrong(shell, message):
    with pytest.raises(MappingError, match=f"^{re.escape(message)}$"):
        ShellConfig(**shell)


def test_options_reach_the_shell():
    builder = IntegerBuilder((1, 1, 7), seed=1)
    graph = builder.graph(builder.dense("x", 3))
    options = BuildOptions(macs=4, keep=True, tag_bits=3, clocks="two", stream_bytes=(2, 16))
    placement = place(graph, options)
    assert placement.shell == ShellConfig(keep=KEEP, tag_bits=3, clocks="two")
    assert placement.engine.frame_check
    assert (placement.engine.input_bytes, placement.engine.output_bytes) == (2, 16)
    plain = place(graph, BuildOptions(macs=4))
    assert plain.shell == ShellConfig()
    assert not plain.engine.frame_check
    assert placement.engine == replace(
        plain.engine, frame_check=True, input_bytes=2, output_bytes=16
    )


@pytest.mark.parametrize(
    ("bus", "loaded", "parity"),
    [(None, False, False), ("apb", False, False), ("apb", True, False), ("apb", True, True)],
)
def test_constraints_name_what_there_is(bus, loaded, parity):
    """Every path is an instance in an instance, and there a register or a memory."""
    shell = ShellConfig(clocks="two", keep=KEEP, bus=bus)
    program = small_program(checked=bus is not None, programmable=loaded, parity=parity)
    registers = None
    if bus is not None:
        cycles = predict_cycles(program)
        graph = small_graph()
        registers = make_register_map(graph, program, cycles, model_sha256="00" * 32, shell=shell)
    verilog = generate_verilog(program, shell=shell, registers=registers)
    modules = dict(re.findall(r"^module (\w+) (.*?)^endmodule", verilog, re.MULTILINE | re.DOTALL))
    top = next(iter(modules))
    found = {}
    paths = [p for c in crossings(shell, loaded=loaded) for p in (c.source, c.target)] + [
        *synchronizers(shell, parity=parity)
    ]
    for path in paths:
        module = top
        *instances, register = path.split("/")
        for instance in instances:
            module = re.search(rf"^  (\w+) {instance} \($", modules[module], re.MULTILINE)[1]
        declared = re.search(rf"\breg (\[\d+:0\] )?{register}\b", modules[module])
        assert declared, path
        found[path] = module
    # and no register that takes what another clock changes is left out
    unstable = {
        (module, register)
        for module, text in modules.items()
        for register in re.findall(r"\breg (?:\[\d+:0\] )?(\w+_unstable)\b", text)
    }
    named = {(module, path.split("/")[-1]) for path, module in found.items()}
    assert unstable == {pair for pair in named if pair[1].endswith("_unstable")}
    assert len(unstable) == 7 + 2 * loaded + 2 * parity
    files = constraint_files("net", shell, loaded=loaded, parity=parity)
    assert sorted(files) == ["constraints/net_crossings.sdc", "constraints/net_crossings.xdc"]
    for text in files.values():
        assert all(path in text for path in paths)
    assert constraint_files("net", ShellConfig()) == {}
