"""What a control bus adds to a top module, and to those who have it as an instance."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from integer_graphs import IntegerBuilder
from register_maps import small_map

from nnhw.design import read_manifest
from nnhw.errors import ExportError, MappingError, OptionError
from nnhw.export import export_design
from nnhw.mapping import EngineConfig, map_graph, predict_cycles
from nnhw.options import BUSES, BuildOptions
from nnhw.placement import place
from nnhw.registers import BUSES as DESCRIBED
from nnhw.registers import control_ports, result_user_bits
from nnhw.shell import Accelerator, ShellConfig, TensorSizes
from nnhw.shell.register_shell import FRONT_ENDS
from nnhw.simulate import install_testbench

pytest.importorskip("systemrdl")
pytestmark = pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")


def small_graph():
    builder = IntegerBuilder((1, 1, 7), seed=1)
    return builder.graph(builder.dense("x", 3))


def export(bus: str | None, folder: Path, **streams) -> None:
    """A small design."""
    graph = small_graph()
    program = map_graph(graph, EngineConfig(rows=2, cols=2, frame_check=True))
    cycles = predict_cycles(program)
    shell = ShellConfig(bus=bus, **streams)
    export_design(graph, program, cycles, folder, model_sha256="00" * 32, shell=shell)


def test_buses_have_one_list():
    assert list(BUSES) == list(DESCRIBED) == list(FRONT_ENDS)


@pytest.mark.parametrize("bus", BUSES)
def test_exported_ports(bus, tmp_path):
    """Manifest, Verilog and testbench have the ports of the description."""
    export(bus, tmp_path)
    shell = read_manifest(tmp_path)["shell"]
    assert (shell["bus"], shell["bus_errors"], shell["address_bits"]) == (bus, False, 12)
    ports = control_ports(shell)
    assert "irq" in ports
    (source,) = (tmp_path / "rtl").glob("*.v")
    top = source.read_text().partition("module net (")[2].partition(");")[0]
    found = {
        name: (direction, int(high or 0) + 1)
        for direction, high, name in re.findall(
            r"(input|output) +(?:wire|reg) +(?:\[(\d+):0\])? *(\w+)", top
        )
    }
    assert ports.items() <= found.items()
    assert found["m_axis_tuser"] == ("output", 1)
    assert "s_axis_tuser" not in found
    install_testbench(tmp_path)
    bench = (tmp_path / "sim" / "tb.v").read_text()
    for name, (direction, width) in ports.items():
        assert f".{name}({f'{width}' if direction == 'input' else ')'}" in bench
    folders = {path.parent.name for path in tmp_path.rglob("*") if path.is_file()}
    assert {"registers", "c", "python"} <= folders


def test_tags_stand_above_the_flag(tmp_path):
    keep = TensorSizes(inputs=(7,), outputs=(3,))
    export("axi-lite", tmp_path, tag_bits=4, keep=keep)
    manifest = read_manifest(tmp_path)
    widths = {port["name"]: port["width"] for port in manifest["ports"]}
    assert (widths["s_axis_tuser"], widths["m_axis_tuser"]) == (4, 5)
    assert result_user_bits(manifest["shell"]) == 5
    (source,) = (tmp_path / "rtl").glob("*.v")
    top = source.read_text().partition("module net (")[2].partition(");")[0]
    assert re.search(r"input +wire +\[3:0\] +s_axis_tuser", top)
    assert re.search(r"output +wire +\[4:0\] +m_axis_tuser", top)
    assert re.search(r"s_axil_awvalid", top)
    install_testbench(tmp_path)
    bench = (tmp_path / "sim" / "tb.v").read_text()
    assert "reg [4-1:0] s_axis_tuser" in bench
    assert "wire [5-1:0] m_axis_tuser" in bench


def test_windows_are_in_the_place_of_streams(tmp_path):
    """No stream's port; the driver's part for them; a processor's part in the testbench."""
    program = map_graph(
        small_graph(),
        EngineConfig(rows=2, cols=2, input_bytes=4, output_bytes=4, frame_check=True),
    )
    cycles, shell = predict_cycles(program), ShellConfig(bus="apb", io="mapped")
    export_design(small_graph(), program, cycles, tmp_path, model_sha256="00" * 32, shell=shell)
    manifest = read_manifest(tmp_path)
    assert not [port for port in manifest["ports"] if "axis" in port["name"]]
    assert ShellConfig.from_dict(manifest["shell"]) == shell
    assert (tmp_path / "drivers" / "c" / "nnhw_window.c").is_file()
    install_testbench(tmp_path)
    for name in ("tb.v", "selfcheck.sv"):
        bench = (tmp_path / "sim" / name).read_text()
        assert "module host" in bench


def test_a_bus_to_memory_is_in_the_place_of_streams(tmp_path):
    """Its ports in manifest and Verilog; the driver's part for it; a memory in the testbench."""
    config = EngineConfig(rows=2, cols=2, input_bytes=8, output_bytes=8, frame_check=True)
    program = map_graph(small_graph(), config)
    shell = ShellConfig(bus="apb", io="dma", memory_data_bits=64, memory_cache=15, memory_prot=2)
    export_design(
        small_graph(),
        program,
        predict_cycles(program),
        tmp_path,
        model_sha256="00" * 32,
        shell=shell,
    )
    manifest = read_manifest(tmp_path)
    assert not [port for port in manifest["ports"] if "axis" in port["name"]]
    assert ShellConfig.from_dict(manifest["shell"]) == shell
    assert manifest["shell"]["descriptor_entries"] == 2
    widths = {port["name"]: port["width"] for port in manifest["ports"]}
    assert (widths["m_axi_wdata"], widths["m_axi_wstrb"], widths["m_axi_araddr"]) == (64, 8, 32)
    (source,) = (tmp_path / "rtl").glob("*.v")
    text = source.read_text()
    assert '(* X_INTERFACE_INFO = "xilinx.com:interface:aximm:1.0 m_axi AWADDR" *)' in text
    assert "PROTOCOL AXI4," in text
    for name, value in (("cache", "4'd15"), ("prot", "3'd2"), ("size", "3'd3"), ("burst", "2'd1")):
        for channel in ("aw", "ar"):
            assert f"assign m_axi_{channel}{name} = {value};" in text
    assert (tmp_path / "drivers" / "c" / "nnhw_dma.c").is_file()
    install_testbench(tmp_path)
    for name in ("tb.v", "selfcheck.sv"):
        assert "reg [64-1:0] memory" in (tmp_path / "sim" / name).read_text()


def test_nothing_without_a_bus(tmp_path):
    export(None, tmp_path)
    assert control_ports(read_manifest(tmp_path)["shell"]) == {}
    assert not (tmp_path / "registers").exists()
    assert not (tmp_path / "drivers").exists()


def test_options_reach_the_shell():
    placement = place(small_graph(), BuildOptions(macs=4, bus="apb", bus_errors=True))
    assert placement.shell == ShellConfig(bus="apb", bus_errors=True)
    assert placement.engine.frame_check


def test_wrong_choices(tmp_path):
    with pytest.raises(OptionError, match="bus_errors needs a control bus"):
        BuildOptions(bus_errors=True)
    for others in ({}, {"bus": "apb"}, {"programmable": True}):
        with pytest.raises(OptionError, match="Option protect is for what is loaded over a"):
            BuildOptions(protect="parity", **others)
    with pytest.raises(MappingError, match="'parity' is of memories that are loaded"):
        EngineConfig(rows=2, cols=2, parity=True)
    with pytest.raises(OptionError, match="bus must be"):
        BuildOptions(bus="axi")
    with pytest.raises(MappingError, match="'bus' must be one of axi-lite, wishbone, apb"):
        ShellConfig(bus="axi")
    with pytest.raises(MappingError, match="needs a control bus"):
        ShellConfig(bus_errors=True)
    with pytest.raises(OptionError, match="Option io is mapped, which needs a control bus"):
        BuildOptions(io="mapped")
    for streams in ({"stream_bytes": (4, 4)}, {"keep": True}, {"tag_bits": 2}):
        with pytest.raises(OptionError, match=f"Option {next(iter(streams))} is of streams"):
            BuildOptions(io="mapped", bus="apb", **streams)
        with pytest.raises(OptionError, match="is of streams, and io is dma"):
            BuildOptions(io="dma", bus="apb", **streams)
    for wrong in (
        {"io": "cable"},
        {"io": "dma"},
        {"io": "mapped"},
        {"io": "mapped", "bus": "apb", "tag_bits": 1},
    ):
        with pytest.raises(MappingError, match=r"'io' (must be one of|is mapped|is dma)"):
            ShellConfig(**wrong)
    for name, value in (
        ("memory_data_bits", 48),
        ("memory_address_bits", 40),
        ("memory_cache", 16),
        ("memory_prot", -1),
    ):
        with pytest.raises(MappingError, match=f"'{name}' must be one of"):
            ShellConfig(io="dma", bus="apb", **{name: value})
        with pytest.raises(OptionError, match=f"(?i)(option )?{name} must be"):
            BuildOptions(io="dma", bus="apb", **{name: value})
    with pytest.raises(OptionError, match="memory_prot is of the bus to memory, and io is stream"):
        BuildOptions(memory_prot=2)
    with pytest.raises(MappingError, match="Sizes of 'keep' are loaded over a control bus"):
        ShellConfig(keep=TensorSizes(inputs=None, outputs=None))
    program = map_graph(small_graph(), EngineConfig(rows=2, cols=2))
    for registers in (None, small_map()):
        with pytest.raises(ValueError, match="needs a register map, and frames that are checked"):
            Accelerator(program.machine, program.image, ShellConfig(bus="apb"), registers)
    for front_end in FRONT_ENDS.values():
        with pytest.raises(TypeError, match="address_bits"):
            front_end(address_bits=2)
    export("apb", tmp_path)
    path = tmp_path / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["shell"]["bus"] = "isa"
    path.write_text(json.dumps(manifest))
    with pytest.raises(ExportError, match=r"shell\.bus"):
        read_manifest(tmp_path)
