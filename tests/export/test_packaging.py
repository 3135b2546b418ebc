"""Files for other tools: all of them tell of the ports that the Verilog has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from integer_graphs import IntegerBuilder
from run_verilator import verilator, verilator_environment

from nnhw.design import read_manifest
from nnhw.export import export_design, generate_verilog, make_register_map
from nnhw.export.packaging import IpBlock, packaging_files
from nnhw.export.packaging.ip_xact import NAMESPACE
from nnhw.mapping import EngineConfig, map_graph, predict_cycles
from nnhw.options import BUSES
from nnhw.shell import AXI_STREAM, CLOCK, RESET, ShellConfig, TopPorts, port_members
from nnhw.simulate import install_testbench, sim_folder, write_selfcheck
from nnhw.vectors import make_vectors

SHELLS = {
    "plain": ({}, ShellConfig()),
    "low": ({}, ShellConfig(reset="active-low")),
    "checked": ({"frame_check": True, "input_bytes": 2, "output_bytes": 4}, ShellConfig()),
    "programmable": ({"programmable": True}, ShellConfig()),
    "loaded by bus": ({"programmable": True, "frame_check": True}, ShellConfig(bus="apb")),
}


def network(**choices):
    builder = IntegerBuilder((1, 1, 7), seed=1)
    graph = builder.graph(builder.dense("x", 3))
    return graph, map_graph(graph, EngineConfig(rows=2, cols=2, **choices))


@pytest.fixture(params=SHELLS)
def described(request):
    """Ports, what the Verilog's top module has in their place, and the files."""
    choices, shell = SHELLS[request.param]
    graph, program = network(**choices)
    registers = registers_of(graph, program, shell)
    ports = TopPorts(port_members(program.machine, shell, registers))
    block = IpBlock(
        name="net",
        version="1.2.3",
        summary="a <small> network & its ports",
        ports=ports,
        clock_mhz=125,
        sources=("rtl/net.v",),
        memory_files=("rtl/net_weights.hex",),
        cell_models=("sim/cells/ecp5.v",),
    )
    verilog = generate_verilog(program, shell=shell, registers=registers)
    return ports, verilog, packaging_files(block)


def registers_of(graph, program, shell):
    """The register map, if there is a control bus."""
    if shell.bus is None:
        return None
    cycles = predict_cycles(program)
    return make_register_map(graph, program, cycles, model_sha256="00" * 32, shell=shell)


def top_header(verilog: str) -> str:
    found = re.search(r"^module net \((.*?)^\);", verilog, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def test_ports_are_those_of_the_verilog(described):
    ports, verilog, _ = described
    header = re.sub(r"\(\*.*?\*\)", "", top_header(verilog))
    lines = re.findall(r"(input|output) +(?:wire|reg) +(?:\[(\d+):0\] )? *(\w+)", header)
    assert [(p.name, p.direction, p.width) for p in ports.ports] == [
        (name, direction, int(left or 0) + 1) for direction, left, name in lines
    ]
    assert all(port.meaning for port in ports.ports)


def test_interfaces(described):
    ports, verilog, _ = described
    (clock,), (reset,) = ports.of_kind(CLOCK), ports.of_kind(RESET)
    assert clock.parameters["ASSOCIATED_RESET"] == reset.name
    control = ":s_apb" if "s_apb_paddr" in verilog else ""
    assert clock.parameters["ASSOCIATED_BUSIF"] == f"s_axis:m_axis{control}"
    low = reset.name == "aresetn"
    assert reset.parameters == {"POLARITY": "ACTIVE_LOW" if low else "ACTIVE_HIGH"}
    streams = ports.of_kind(AXI_STREAM)
    assert [(stream.name, stream.mode) for stream in streams] == [
        ("s_axis", "slave"),
        ("m_axis", "master"),
    ]
    for stream in streams:
        roles = {port.role: port for port in stream.ports}
        user = {"TUSER"} if control and stream.mode == "master" else set()
        assert set(roles) - user == {"TDATA", "TVALID", "TREADY", "TLAST"}
        assert int(stream.parameters["TDATA_NUM_BYTES"]) * 8 == roles["TDATA"].width
        assert (roles["TREADY"].direction == "output") == (stream.mode == "slave")
    attributes = re.findall(
        r'X_INTERFACE_INFO = "(\S+) (\S+) (\S+)" \*\)\s+(?:\(\*.*?\*\)\s+)?'
        r"(?:input|output) +(?:wire|reg) +(?:\[\d+:0\] )? *(\w+)",
        top_header(verilog),
    )
    assert attributes == [
        (interface.kind.vlnv, interface.name, port.role, port.name)
        for interface in ports.interfaces
        for port in interface.ports
    ]
    assert [port.name for port in ports.ports if port.interface is None] in (
        [],
        ["frame_error"],
        ["load_valid", "load_address", "load_data"],
    )


def test_template_can_be_pasted(described, tmp_path):
    ports, verilog, files = described
    wires = "".join(f"wire [{port.width - 1}:0] {port.name};\n" for port in ports.ports)
    wrapper = f'module top;\n{wires}`include "net_inst.vh"\nendmodule\n'
    for name, text in {
        "net.v": verilog,
        "net_inst.vh": files["rtl/net_inst.vh"],
        "top.v": wrapper,
    }.items():
        (tmp_path / name).write_text(text)
    done = verilator(
        *("--lint-only", "-Wall", "-Wno-UNUSEDSIGNAL", "-Wno-UNDRIVEN"),
        *(sim_folder() / "waivers.vlt", "net.v", "top.v", "--top", "top"),
        folder=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_constraints(described):
    ports, _, files = described
    for name in ("constraints/net.sdc", "constraints/net.xdc"):
        text = files[name]
        commands = [line for line in text.splitlines() if line and not line.startswith("#")]
        assert commands == ["create_clock -name clk -period 8.000 [get_ports clk]"]
        assert "-clock clk 3.200 [get_ports {" in text
        timed = [port for found in re.findall(r"get_ports {(.*?)}", text) for port in found.split()]
        assert sorted(timed) == sorted(port.name for port in ports.ports if port.name != "clk")


def test_ip_xact(described):
    ports, _, files = described
    root = ElementTree.fromstring(files["component.xml"])

    def find(element, path):
        return element.findall("/".join(f"{{{NAMESPACE}}}{name}" for name in path.split("/")))

    def value(element, path):
        (found,) = find(element, path)
        return found.text

    assert root.tag == f"{{{NAMESPACE}}}component"
    assert [value(root, name) for name in ("vendor", "library", "name", "version")] == [
        *("nnhw", "accelerators", "net", "1.2.3")
    ]
    assert value(root, "description") == "a <small> network & its ports"
    # elements in the order of the schema
    order = [child.tag.partition("}")[2] for child in root]
    assert order == [
        *("vendor", "library", "name", "version"),
        *("busInterfaces", "model", "fileSets", "description"),
    ]
    (model,) = find(root, "model")
    assert [child.tag.partition("}")[2] for child in model] == ["views", "instantiations", "ports"]
    assert value(model, "views/view/componentInstantiationRef") == value(
        model, "instantiations/componentInstantiation/name"
    )
    assert value(model, "instantiations/componentInstantiation/moduleName") == "net"
    found = []
    for port in find(model, "ports/port"):
        left = find(port, "wire/vectors/vector/left")
        width = int(left[0].text) + 1 if left else 1
        found.append((value(port, "name"), value(port, "wire/direction"), width))
    assert found == [(p.name, p.direction.removesuffix("put"), p.width) for p in ports.ports]
    buses = find(root, "busInterfaces/busInterface")
    for bus, interface in zip(buses, ports.interfaces, strict=True):
        assert value(bus, "name") == interface.name
        assert [child.tag.partition("}")[2] for child in bus] == [
            *("name", "busType", "abstractionTypes", interface.mode, "parameters")
        ]
        maps = find(bus, "abstractionTypes/abstractionType/portMaps/portMap")
        assert [(value(m, "logicalPort/name"), value(m, "physicalPort/name")) for m in maps] == [
            (port.role, port.name) for port in interface.ports
        ]
    names = [file.text for file in find(root, "fileSets/fileSet/file/name")]
    assert names == ["rtl/net.v", "rtl/net_weights.hex", "constraints/net.sdc"]


def test_ip_xact_is_read_by_others(described, tmp_path):
    ipyxact = pytest.importorskip("ipyxact.ipyxact")
    ports, _, files = described
    (tmp_path / "component.xml").write_text(files["component.xml"])
    component = ipyxact.Component()
    component.load(str(tmp_path / "component.xml"))
    assert [port.name for port in component.model.ports.port] == [p.name for p in ports.ports]
    buses = component.busInterfaces.busInterface
    assert [bus.name for bus in buses] == [interface.name for interface in ports.interfaces]


def test_file_list(described):
    _, _, files = described
    lines = files["net.f"].splitlines()
    assert [line for line in lines if not line.startswith("//")] == ["rtl/net.v"]
    assert "rtl/net_weights.hex" in files["net.f"]
    assert "sim/cells/ecp5.v" in files["net.f"]


def export(folder: Path, *, bus: str | None = None, **choices) -> Path:
    checked = {"frame_check": True} if bus else {}
    graph, program = network(input_bytes=2, output_bytes=2, **choices, **checked)
    folder.mkdir()
    export_design(
        graph,
        program,
        predict_cycles(program),
        folder,
        model_sha256="00" * 32,
        clock_mhz=50,
        shell=ShellConfig(bus=bus),
    )
    install_testbench(folder)
    vectors = make_vectors(
        graph,
        np.zeros((0, 1, 1, 7), np.int8),
        [layer.tensor for layer in program.layers],
        input_bytes=2,
        output_bytes=2,
    )
    write_selfcheck(folder, vectors)
    return folder


def test_files_are_in_the_folder(tmp_path):
    folder = export(tmp_path / "net")
    manifest = read_manifest(folder)
    assert all((folder / name).is_file() for name in manifest["packaging"])
    assert "-period 20.000" in (folder / "constraints" / "net.sdc").read_text()
    assert [port["name"] for port in manifest["ports"]][:2] == ["clk", "rst"]
    beats = (folder / "sim" / "selfcheck_input.hex").read_text().splitlines()
    assert len(beats) % 4 == 0  # of 7 bytes
    assert all(len(beat) == 4 for beat in beats)
    assert all(beat.startswith("00") for beat in beats[3::4])


@pytest.mark.parametrize(
    ("programmable", "bus"),
    [
        (False, None),
        (True, None),
        *(pytest.param(True, bus, marks=pytest.mark.slow) for bus in BUSES),
    ],
)
def test_fusesoc_simulates_the_core(tmp_path, programmable, bus):
    pytest.importorskip("fusesoc")
    if bus is not None:
        pytest.importorskip("systemrdl")
    folder = export(tmp_path / "net", programmable=programmable, bus=bus)
    environment = verilator_environment()
    for name in ("config", "cache", "data"):
        environment[f"XDG_{name.upper()}_HOME"] = str(tmp_path / name)
    command = "import sys; from fusesoc.main import main; sys.exit(main())"
    arguments = ["--cores-root", folder, "run", "--target", "sim", "nnhw:accelerators:net"]
    done = subprocess.run(
        [sys.executable, "-c", command, *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASSED: 3 frames, 6 beats" in done.stdout + done.stderr
    (binary,) = (tmp_path / "build").glob("*/sim/Vselfcheck")
    assert binary.with_name("selfcheck_load.hex").exists() == programmable
    expected = binary.with_name("selfcheck_output.hex")
    beats = expected.read_text().splitlines()
    for wrong, message in (
        ([*beats[:-1], f"{int(beats[-1], 16) ^ 1:04x}"], "beat 5 is"),
        (beats[:-1], "more than the 5 beats expected"),
        ([*beats, beats[0]], r"nothing for \d+ cycles; beats received: 6"),
    ):
        expected.unlink()
        expected.write_text("\n".join(wrong) + "\n")
        done = subprocess.run(
            [binary], cwd=binary.parent, capture_output=True, text=True, check=False
        )
        assert done.returncode != 0
        assert re.search(message, done.stdout + done.stderr)


@pytest.mark.parametrize("programmable", [False, True])
@pytest.mark.skipif(shutil.which("iverilog") is None, reason="no Icarus Verilog")
def test_icarus_runs_the_testbench_from_the_file_list(tmp_path, programmable):
    folder = export(tmp_path / "net", programmable=programmable)
    assert (folder / "sim" / "selfcheck_load.hex").exists() == programmable
    assert ("selfcheck_load.hex" in (folder / "net.core").read_text()) == programmable
    program = tmp_path / "selfcheck"
    subprocess.run(
        ["iverilog", "-g2012", "-s", "selfcheck", "-o", program, "-c", "net.f", "sim/selfcheck.sv"],
        cwd=folder,
        check=True,
    )
    done = subprocess.run(
        ["vvp", program],
        cwd=folder / "sim",
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "PASSED: 3 frames" in done.stdout
