"""Two designs side by side: what is found to differ, and how it is shown."""

import io
import json

import pytest
from exported_folder import write_folder
from rich.console import Console

from nnhw.cli import main
from nnhw.errors import ExportError, NnhwError
from nnhw.report import diff_designs, render_difference

LAYER = {
    "name": "/body/a/Conv",
    "operator": "conv 3x3",
    "shape": [8, 8, 16],
    "cycles": 100,
    "fence_wait": 1,
    "drain_wait": 2,
    "stream_wait": 3,
    "weight_bits": 8,
    "sqnr_db": 40.0,
}
OTHER_LAYER = LAYER | {"name": "/body/b/Gemm", "cycles": 20}

REPORT = {
    "nnhw_version": "0.1.0",
    "source": {
        "model": "net.onnx",
        "model_sha256": "ab" * 32,
        "data": "net.npz",
        "data_sha256": "cd" * 32,
        "options": {"clock_mhz": 50.0, "weight_bits": 8, "trim": True, "bits": {}},
    },
    "macs": 73728,
    "weights": 1152,
    "accuracy": {
        "samples": 597,
        "float_top1": 99.25,
        "integer_top1": 98.99,
        "agreement": 99.5,
        "sqnr_db": 31.42,
        "further_sqnr_db": {"box": 20.0},
    },
    "engine": {"rows": 4, "cols": 16, "technology": "portable"},
    "mac_units": 64,
    "latency_cycles": 1000,
    "interval_cycles": 800,
    "utilisation": 90.0,
    "layers": [LAYER, OTHER_LAYER],
    "memory_bits": {"weights": 65536, "frame_buffer": 512},
    "fits": [{"name": "accumulators", "kept": "21 bits"}],
    "verification": {"passed": True, "frames": 3},
    "warnings": [],
}

USAGE = [{"resource": "LUTs", "used": 2000, "available": 24288}]
SYNTHESIS = {
    "design": "net", "target": "ecp5-25k", "description": "ECP5", "tools": {}, "usage": USAGE,
    "cells": {}, "fits": True, "advice": [], "speed": None, "simulation": None, "remarks": [],
}  # fmt: skip


@pytest.fixture
def design(tmp_path):
    """Writes a folder with a report."""

    def write(name: str, synthesis: dict | None = None, **changes):
        report = json.dumps(REPORT | changes)
        folder = write_folder(tmp_path / name, {"rtl/net.v": "module net; endmodule\n"})
        (folder / "report.json").write_text(report)
        if synthesis:
            result = folder / "syn" / synthesis["target"] / "result.json"
            result.parent.mkdir(parents=True)
            result.write_text(json.dumps(synthesis))
        return folder

    return write


def shown(difference, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO())
    console.print(render_difference(difference), crop=False)
    return console.file.getvalue()


def differing(difference) -> dict[tuple[str, str], tuple]:
    return {
        (section.name, figure.name): (figure.a, figure.b)
        for section in (*difference.sections, *difference.layers)
        for figure in section.differing
    }


def test_equal_designs(design):
    difference = diff_designs(design("a"), design("b"))
    assert differing(difference) == {}
    lines = [line.strip() for line in shown(difference, 200).splitlines() if line.strip()]
    assert len(lines) == 3
    assert lines[-1].startswith("Equal in all ")


def test_what_differs_is_found_and_nothing_else(design):
    options = REPORT["source"]["options"] | {"weight_bits": 4, "bits": {"fc": 2}}
    a = design("a")
    b = design(
        "b",
        source=REPORT["source"] | {"options": options},
        accuracy=REPORT["accuracy"] | {"integer_top1": 97.99, "further_sqnr_db": {}},
        latency_cycles=1500,
        memory_bits={"weights": 32768, "frame_buffer": 512},
        layers=[LAYER | {"cycles": 150, "sqnr_db": 20.0}, OTHER_LAYER],
    )
    assert differing(diff_designs(a, b)) == {
        ("options", "weight_bits"): (8, 4),
        ("options", "bits"): ("{}", '{"fc": 2}'),
        ("accuracy", "integer top-1"): (98.99, 97.99),
        ("accuracy", "the same of box"): (20.0, None),
        ("speed", "latency"): (1000, 1500),
        ("speed", "latency in time"): (20.0, 30.0),
        ("memories", "weights"): (65536, 32768),
        ("/body/a/Conv", "cycles"): (100, 150),
        ("/body/a/Conv", "SQNR"): (40.0, 20.0),
    }


def test_changes_are_shown(design):
    a = design("a")
    b = design(
        "b",
        latency_cycles=1500,
        accuracy=REPORT["accuracy"] | {"integer_top1": 97.99, "sqnr_db": 21.42},
        layers=[LAYER | {"cycles": 150}, OTHER_LAYER],
    )
    lines = [" ".join(line.split()) for line in shown(diff_designs(a, b), 200).splitlines()]
    assert "latency 1,000 cycles 1,500 cycles +50.0%" in lines
    assert "integer top-1 98.99% 97.99% -1.00 points" in lines
    assert "signal to quantization noise 31.4 dB 21.4 dB -10.0 dB" in lines
    assert "/body/a/Conv 100 150 +50.0% 40.0 dB 40.0 dB" in lines
    assert any(line.startswith("Equal: ") and "1 of 2 layers" in line for line in lines)


def test_layers_are_matched_by_name(design):
    a, b = design("a"), design("b", layers=[OTHER_LAYER, LAYER | {"name": "/body/c/Conv"}])
    difference = diff_designs(a, b)
    names = [(layer.name, layer.only_in) for layer in difference.layers]
    assert names == [("/body/a/Conv", "a"), ("/body/b/Gemm", ""), ("/body/c/Conv", "b")]
    lines = [" ".join(line.split()) for line in shown(difference, 100).splitlines()]
    assert "/body/a/Conv 100 - only in A 40.0 dB -" in lines
    assert "/body/c/Conv - 100 only in B - 40.0 dB" in lines
    assert not any(line.startswith("/body/b/Gemm") for line in lines)


def test_synthesis_of_either(design):
    usage = [{"resource": "LUTs", "used": 1500, "available": 24288}]
    a, b = design("a", SYNTHESIS), design("b", SYNTHESIS | {"usage": usage})
    assert differing(diff_designs(a, b)) == {("on ecp5-25k", "LUTs"): (2000, 1500)}
    assert differing(diff_designs(a, design("c"))) == {("on ecp5-25k", "LUTs"): (2000, None)}


def test_verdicts_and_edits(design):
    warning = {"kind": "low-sqnr"}
    a, b = design("a"), design("b", verification=None, warnings=[warning])
    (b / "rtl" / "net.v").write_text("module net; wire x; endmodule\n")
    assert differing(diff_designs(a, b)) == {
        ("verification", "simulation"): ("PASS", "not simulated"),
        ("verification", "warnings"): (None, "low-sqnr"),
        ("verification", "edited Verilog"): (None, "rtl/net.v"),
    }


@pytest.mark.parametrize("width", [80, 60])
def test_fits_a_terminal(design, width):
    long = LAYER | {"name": "/" + "x" * 100, "cycles": 1 << 40}
    a = design("a", SYNTHESIS, layers=[long, OTHER_LAYER])
    kept = {"name": "loop counters, bits", "kept": "out_rows 3, out_cols 3, tiles 1, taps_y 22"}
    b = design(
        "b", fits=[kept], layers=[long | {"cycles": 7, "weight_bits": 4}], memory_bits={}, macs=1
    )
    text = shown(diff_designs(a, b), width)
    lines = text.splitlines()
    assert long["name"] in lines  # whole, where there is no room for it, too
    assert all(len(line) <= width for line in lines if line != long["name"])
    assert f"{1 << 40:,}" in text


def test_names_are_no_markup(design):
    a = design("a", layers=[LAYER | {"name": "[red]x"}])
    b = design("b", layers=[LAYER | {"name": "[red]x", "cycles": 7, "operator": "[b]"}])
    text = shown(diff_designs(a, b))
    assert "[red]x" in text
    assert "[b]" in text


def test_command(design, monkeypatch, capsys):
    a, b = design("a"), design("b", latency_cycles=1500)
    monkeypatch.setattr("sys.argv", ["nnhw", "diff", str(a), str(b), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["a"], found["b"]) == (str(a), str(b))
    speed = next(s for s in found["sections"] if s["name"] == "speed")
    latency = {"name": "latency", "a": 1000, "b": 1500, "unit": "cycles", "better": "less"}
    assert speed["figures"][0] == latency | {"differs": True}
    assert [layer["name"] for layer in found["layers"]] == ["/body/a/Conv", "/body/b/Gemm"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers": 3}, r"report\.json' is no report .*'layers' must be a list"),
        ({"latency_cycles": "9"}, r"'latency_cycles' must be a whole number .*build the design"),
        ({"layers": [LAYER | {"cycles": None}]}, r"'layers\[0\]\.cycles' must be a whole number"),
        ({"memory_bits": {"x": "y"}}, r"'memory_bits\.x' must be a whole number"),
        ({"accuracy": {}}, r"'accuracy\.samples' is missing"),
        ({"verification": {"passed": 1, "frames": 1}}, "'verification.passed' must be true or"),
    ],
)
def test_damaged_report(design, changes, message):
    with pytest.raises(ExportError, match=message):
        diff_designs(design("a"), design("b", **changes))


def test_no_report(design):
    folder = design("a")
    (folder / "report.json").write_text("{")
    with pytest.raises(ExportError, match=r"report\.json' is no report"):
        diff_designs(folder, folder)
    (folder / "report.json").unlink()
    with pytest.raises(ExportError, match=r"report\.json' is missing; build the design again"):
        diff_designs(folder, folder)


def test_no_design(design, tmp_path):
    with pytest.raises(NnhwError, match="is not an exported design"):
        diff_designs(design("a"), tmp_path / "none")
