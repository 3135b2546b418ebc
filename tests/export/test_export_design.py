"""The exported folder: what is in it, that it is the same each time, and clean to lint."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
from programs import PROGRAMS, dense_alone, narrow_lanes, padded_convolutions

import nnhw
from nnhw.design import write_checksums
from nnhw.export import export_design
from nnhw.ir import load_graph
from nnhw.mapping import map_graph, predict_cycles
from nnhw.reserved_words import is_reserved
from nnhw.simulate import install_testbench, lint


def export(make, folder):
    """Export a program; returns graph, program and timing."""
    graph, config = make()
    program = map_graph(graph, config)
    cycles = predict_cycles(program)
    folder.mkdir()
    export_design(graph, program, cycles, folder, model_sha256="0123abcd")
    return graph, program, cycles


def test_manifest(tmp_path):
    graph, program, cycles = export(padded_convolutions, tmp_path / "net")
    manifest = json.loads((tmp_path / "net" / "manifest.json").read_text())
    expected = {
        "name": "net",
        "top": "net",
        "sources": ["rtl/net.v"],
        "clock": "clk",
        "reset": "rst",
        "nnhw_version": nnhw.__version__,
        "model_sha256": "0123abcd",
        "host_postprocess": [],
        "macs": program.macs,
        "rows": 4,
        "cols": 3,
        "mac_units": 12,
        "latency_cycles": cycles.latency_cycles,
        "interval_cycles": cycles.interval_cycles,
        "engine": program.config.to_dict(),
    }
    assert {key: manifest[key] for key in expected} == expected
    source, sink = graph.tensors["x"].q, graph.tensors[graph.outputs[0].tensor].q
    assert manifest["input"] == {
        "name": "x",
        "onnx_shape": [3, 5, 4],
        "shape": [5, 4, 3],
        "layout": "HWC",
        "dtype": "int8",
        "bits": 8,
        "scale": source.scale,
        "zero_point": source.zero_point,
        "stream_bytes": 4,
        "frame_bytes": 60,
    }
    place = {"offset": 0, "bytes": 60, "beats": 60 // manifest["input"]["stream_bytes"]}
    stream = {"stream_bytes", "frame_bytes"}
    tensor = {key: value for key, value in manifest["input"].items() if key not in stream}
    rule = {"steps": [], "offset": 0.0, "scale": source.scale, "zero_point": source.zero_point}
    assert manifest["inputs"] == [tensor | place | {"host_preprocess": rule}]
    assert manifest["output"]["shape"] == [1, 1, 7]
    assert manifest["output"]["zero_point"] == sink.zero_point
    assert [layer["tensor"] for layer in manifest["layers"]] == [
        layer.tensor for layer in program.layers
    ]
    assert manifest["trace"]["lanes"] == 2


def test_folder(tmp_path):
    graph, program, _ = export(dense_alone, tmp_path / "net")
    files = {str(file.relative_to(tmp_path / "net")) for file in (tmp_path / "net").rglob("*.*")}
    assert files == {
        "component.xml",
        "constraints/net.sdc",
        "constraints/net.xdc",
        "golden.npz",
        "manifest.json",
        "model.qdq.onnx",
        "net.core",
        "net.f",
        "program.txt",
        "rtl/net.v",
        "rtl/net_inst.vh",
    }
    assert load_graph(tmp_path / "net" / "golden.npz").nodes[0].name == graph.nodes[0].name
    listing = (tmp_path / "net" / "program.txt").read_text()
    assert listing.startswith(f"Program of net: {len(program.layers)} layers\n")


@pytest.mark.parametrize("make", [dense_alone, narrow_lanes])
def test_same_program_same_bytes(make, tmp_path):
    for name in ("first", "second"):
        export(make, tmp_path / name)
    for file in (tmp_path / "first").rglob("*.*"):
        other = tmp_path / "second" / file.relative_to(tmp_path / "first")
        assert file.read_bytes() == other.read_bytes(), file.name


@pytest.mark.parametrize("make", PROGRAMS)
def test_lint(make, tmp_path):
    export(make, tmp_path / "net")
    install_testbench(tmp_path / "net")
    write_checksums(tmp_path / "net")
    assert lint(tmp_path / "net") == []


@pytest.mark.parametrize("make", PROGRAMS)
def test_what_an_engineer_reads(make, tmp_path):
    export(make, tmp_path / "net")
    text = (tmp_path / "net" / "rtl" / "net.v").read_text()
    modules = re.findall(r"^module (\S+) \($", text, re.MULTILINE)
    assert modules[0] == "net"
    assert all(re.fullmatch(r"net(_[a-z0-9]+)*", name) for name in modules)
    assert "net_engine_write_back" in modules
    assert len([name for name in modules if "column" in name]) == 1, "columns are alike"
    assert len([name for name in modules if "scaler" in name]) == 1, "scaler lanes are alike"
    assert len(re.findall(r"^// .*\nmodule ", text, re.MULTILINE)) == len(modules)
    assert not re.search(r"[\\]|\$(?!signed|value|plusargs)", text), "escaped or made-up names"
    assert not re.search(r"^  reg .*\b(register|unnamed)", text, re.MULTILINE), "not named"
    assert str(tmp_path) not in text
    code = [line for line in text.splitlines() if "'h" not in line]
    assert max(map(len, code)) <= 100
    ports = re.findall(r"module net_engine_write_back \(\n(.*?)\);", text, re.DOTALL)[0]
    outputs = re.findall(r"output .* (\w+)(?: = \S+)?,?\n", ports)
    assert {"valid", "layer", "count", "data"} <= set(outputs)


MOST_MADE_UP = 7
"""Expressions of a small program's Verilog that nobody has given a name, and that are too long to
stand where they are read."""

DECLARATION = re.compile(
    r"(?:\b(?:module|function|reg|wire)\b (?:\[\d+:0\] )?|^  \w+ (?:#\(.*\) )?(?=\w+ \($))(\w+)",
    re.MULTILINE,
)
MADE_UP = r"(?:bits|choice|difference|flag|negative|sum|test)(?:_\d+)?"


@pytest.mark.parametrize("make", PROGRAMS)
def test_names_say_what_is_meant(make, tmp_path):
    export(make, tmp_path / "net")
    text = (tmp_path / "net" / "rtl" / "net.v").read_text()
    names = set(DECLARATION.findall(text))
    assert {"net_engine", "engine", "is_reset", "take_shadow_1_arrives"} <= names
    assert [name for name in names if is_reserved(name) or name.endswith("_")] == []
    # the bits of an instruction stand just where its fields get their names
    modules = dict(re.findall(r"^module (\w+) \((.*?)^endmodule", text, re.M | re.S))
    for name, body in modules.items():
        is_instruction = name.endswith(("_instruction", "_placing", "_reads", "_writes"))
        assert is_instruction or not re.search(r"next_word|instruction_word", body)
        if is_instruction:
            uses = re.findall(r"^.*\b(?:next_)?word\b.*$", body, re.M)
            other = (
                r"  reg \[.*|  assign (?:current|upcoming)_\w+ = .*| +(?:next_)?word <= \d+'\w+;"
                r"| +current_\w+ <= next_word\b.*;"
            )
            assert [line for line in uses if not re.fullmatch(other, line)] == []
    # nothing is tested that is known, nothing keeps itself
    assert not re.search(r"\b\d+'[bd]\d+ [=!<>]=? \d+'|if \(!?1'b", text)
    assert not re.search(r"^ *(\S+) <= \1;", text, re.MULTILINE)
    declared = re.findall(rf"^  wire (?:\[\d+:0\] )?({MADE_UP}) =", text, re.MULTILINE)
    assert len(declared) <= MOST_MADE_UP, declared


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus Verilog")
@pytest.mark.parametrize("make", PROGRAMS)
def test_it_is_verilog_2005(make, tmp_path):
    export(make, tmp_path / "net")
    command = ["iverilog", "-g2005", "-Wall", "-tnull", str(tmp_path / "net" / "rtl" / "net.v")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    warnings = [line for line in done.stderr.splitlines() if "timescale" not in line]
    assert warnings == []


@pytest.mark.parametrize("make", PROGRAMS)
def test_listing_and_verilog_agree_about_bits(make, tmp_path):
    """A register holds its fields in the order of the listing, and none of the others."""
    export(make, tmp_path / "net")
    listing = (tmp_path / "net" / "program.txt").read_text()
    verilog = (tmp_path / "net" / "rtl" / "net.v").read_text()
    listed = {
        kind: dict(re.findall(r"^  (\w+) +\d+ bits? +(\[\S+\])$", fields, re.MULTILINE))
        for kind, fields in re.findall(r"^(\w+)\S* instruction, .*\n((?:  .*\n)*)", listing, re.M)
    }
    modules = {"Fetch": "fetch_instruction", "Drain": "drain_instruction"}
    for kind, module in modules.items():
        body = re.search(rf"^module net_engine_{module} .*?^endmodule", verilog, re.M | re.S)
        written = re.findall(
            r"assign \w+?_(\w+) = ((?:next_)?word)(\[\S+\])?;", body[0] if body else ""
        )
        for register in ("word", "next_word"):
            held = {name: _places(bits) for name, of, bits in written if of == register}
            after = 0
            for name in (name for name in listed[kind] if name in held):
                assert len(held[name]) == len(_places(listed[kind][name]))
                assert held[name].start >= after
                after = held[name].stop
        assert {name for name, *_ in written} <= set(listed[kind])
        assert bool(written) == bool(listed[kind])


def _places(bits: str) -> range:
    """Bits of a word that a field takes, as Verilog says it; "" is the only one of the word."""
    top, _, low = (bits or "[0]")[1:-1].partition(":")
    return range(int(low or top), int(top) + 1)
