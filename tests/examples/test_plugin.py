"""The example package: all that it adds, in one build; and plug-ins that are broken or in the way.

Everything runs in processes of its own, which have the package as if pip had installed it.
"""

from __future__ import annotations

import ast
import importlib
import json
import sys
from pathlib import Path

import plugin_network
import pytest
from plugin_site import EXAMPLE, install, install_example, run_python

CHOSEN = ("--plugins", "match_distance", "--plugins", "layer-table", "--quantizer", "steady")
BUILD = ("-m", "nnhw", "build", "doors.onnx", "--data", "x.npy", "--macs", "16", "--vectors", "2")
OPERATORS = ("org.example.Blend", "org.example.Distance")
NAMES = ("match_distance", "steady", "fabric", "layer-table", "steadiness")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder of installed packages: the example."""
    folder = tmp_path_factory.mktemp("site")
    install_example(folder)
    return folder


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Path:
    """A folder with the network and its data."""
    folder = tmp_path_factory.mktemp("work")
    plugin_network.write(folder)
    return folder


@pytest.fixture(scope="module")
def design(site, work) -> Path:
    """The network, built and simulated with everything that the package adds."""
    arguments = (*BUILD, *CHOSEN, "--technology", "fabric", "--out", "design")
    done = run_python(*arguments, sites=(site,), cwd=work)
    assert done.returncode == 0, done.stderr
    return work / "design"


def test_hardware_equals_the_golden_model(design):
    report = json.loads((design / "report.json").read_text())
    assert report["verification"]["passed"]
    operators = [layer["operator"] for layer in report["layers"]]
    assert operators.count("distance") == 2  # one of ONNX, one that the pass has found
    (fit,) = (fit for fit in report["fits"] if fit["name"] == "distances of tensors")
    assert fit["kept"] == "yes"


def test_verilog_has_the_component_and_the_cells(design):
    text = (design / "rtl" / "doors.v").read_text()
    assert "FABRIC_MULT #(" in text
    assert "The distance of two terms." in text
    assert "module FABRIC_MULT" in (design / "sim" / "cells" / "fabric.v").read_text()


def test_manifest_and_report_name_all_of_it(design):
    package = {"package": "nnhw-example", "version": "1.0"}
    expected = {
        ("nnhw.families", "fabric"): True,
        ("nnhw.passes", "match_distance"): False,
        ("nnhw.operators", "org.example.Blend"): False,
        ("nnhw.operators", "org.example.Distance"): True,
        ("nnhw.quantizers", "steady"): False,
        ("nnhw.steps", "layer-table"): False,
    }
    told = json.loads((design / "manifest.json").read_text())["plugins"]
    assert {(plugin["group"], plugin["name"]): plugin["needed"] for plugin in told} == expected
    assert all(package.items() <= plugin.items() for plugin in told)
    report = json.loads((design / "report.json").read_text())
    assert {(plugin["group"], plugin["name"]) for plugin in report["plugins"]} == set(expected)
    assert report["source"]["options"]["plugins"] == ["match_distance", "layer-table"]
    assert "match_distance of nnhw-example 1.0" in (design / "report.html").read_text()


def test_the_step_has_written_its_table(design):
    lines = (design / "layers.csv").read_text().splitlines()
    assert lines[0] == "layer,start,cycles"
    assert "layers.csv" in json.loads((design / "report.json").read_text())["files"]


def test_float_reading_is_right(site, work):
    program = """
import sys
from pathlib import Path
import numpy as np
from nnhw.frontend import load_model
from nnhw.passes import simplify_graph
from nnhw.quantize import run_float
from nnhw_example.match_distance import apply
sys.path.append(sys.argv[1])
from plugin_network import reference, samples
graph = load_model("doors.onnx")
x = samples()
expected = reference(x)
for graph in (graph, simplify_graph(graph, [apply])):
    (y,) = run_float(graph, x.transpose(0, 2, 3, 1)).values()
    np.testing.assert_allclose(y.reshape(expected.shape), expected, rtol=1e-4, atol=1e-4)
assert sum(type(node).__name__ == "Distance" for node in graph.nodes) == 2
"""
    done = run_python("-c", program, str(Path(__file__).parent), sites=(site,), cwd=work)
    assert done.returncode == 0, done.stderr


def test_golden_model_runs_where_the_package_is(site, work, design):
    done = run_python("-m", "nnhw", "run", "design", "--data", "x.npy", sites=(site,), cwd=work)
    assert done.returncode == 0, done.stderr
    assert "60 samples" in done.stdout


@pytest.mark.parametrize(
    "command", [("run", "--data", "x.npy"), ("sim",), ("synth", "--target", "ecp5-25k")]
)
def test_commands_name_what_is_missing(work, design, command):
    name, *rest = command
    done = run_python("-m", "nnhw", name, "design", *rest, sites=(), cwd=work)
    assert done.returncode == 1
    assert "needs plug-in" in done.stderr
    assert "of package nnhw-example 1.0, which is not installed here" in done.stderr
    assert "Traceback" not in done.stderr


def test_another_version_is_told(tmp_path, site, work, design):
    (tmp_path / "nnhw_example").symlink_to(site / "nnhw_example")
    (info,) = site.glob("*.dist-info")
    entries = info / "entry_points.txt"
    install(tmp_path, "nnhw-example", "1.1", {})
    (tmp_path / "nnhw_example-1.1.dist-info" / "entry_points.txt").write_text(entries.read_text())
    done = run_python("-m", "nnhw", "run", "design", "--data", "x.npy", sites=(tmp_path,), cwd=work)
    assert done.returncode == 0, done.stderr
    assert "made with version 1.0 of nnhw-example, but 1.1 is installed" in done.stderr


def test_nothing_is_imported_unasked(site, work):
    program = """
import sys
import nnhw
import nnhw.cli
try:
    nnhw.cli.app(["build", "--help"])
except SystemExit:
    pass
nnhw.build(sys.argv[1], data=sys.argv[2], out="plain", macs=16, vectors=1, sim=False)
assert not [name for name in sys.modules if name.startswith("nnhw_example")]
"""
    digits = EXAMPLE.parent
    done = run_python(
        *("-c", program, str(digits / "digits_mlp.onnx"), str(digits / "digits.npz")),
        sites=(site,),
        cwd=work,
    )
    assert done.returncode == 0, done.stderr
    assert "fabric" in done.stdout  # which is offered nevertheless
    manifest = json.loads((work / "plain" / "manifest.json").read_text())
    assert manifest["plugins"] == []
    assert "distances" not in (work / "plain" / "report.json").read_text()


BROKEN = {
    "nnhw.operators": dict.fromkeys(OPERATORS, "broken"),
    "nnhw.passes": {"match_distance": "broken:apply"},
    "nnhw.quantizers": {"steady": "broken:quantize"},
    "nnhw.families": {"fabric": "broken"},
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory) -> Path:
    """A folder with a package that cannot be imported."""
    folder = tmp_path_factory.mktemp("broken")
    install(folder, "broken-package", "0.3", BROKEN, broken="import no_such_module\n")
    return folder


def test_a_broken_operator_is_named_and_left_out(broken, work):
    done = run_python(*BUILD, "--out", "none", sites=(broken,), cwd=work)
    assert done.returncode == 1
    assert (
        "Warning: Plug-in 'org.example.Blend' (nnhw.operators) of package broken-package 0.3 "
        "cannot be loaded (ModuleNotFoundError" in done.stderr
    )
    assert "org.example.Blend 'blend': the operator is not supported" in done.stderr
    assert not (work / "none").exists()


def test_a_broken_pass_is_named_and_left_out(broken, work):
    digits = EXAMPLE.parent
    done = run_python(
        *("-m", "nnhw", "build", str(digits / "digits_mlp.onnx")),
        *("--data", str(digits / "digits.npz"), "--macs", "16", "--no-sim", "--out", "without"),
        *("--plugins", "match_distance"),
        sites=(broken,),
        cwd=work,
    )
    assert done.returncode == 0, done.stderr
    assert "Plug-in 'match_distance' (nnhw.passes) of package broken-package 0.3" in done.stderr
    assert json.loads((work / "without" / "manifest.json").read_text())["plugins"] == []


@pytest.mark.parametrize(
    "choice", [("--quantizer", "steady"), ("--technology", "fabric")], ids=lambda choice: choice[1]
)
def test_what_nothing_goes_without_is_an_error(broken, work, choice):
    digits = EXAMPLE.parent
    done = run_python(
        *("-m", "nnhw", "build", str(digits / "digits_mlp.onnx")),
        *("--data", str(digits / "digits.npz"), "--macs", "16", "--no-sim", "--out", "none"),
        *choice,
        sites=(broken,),
        cwd=work,
    )
    assert done.returncode == 1
    assert f"Plug-in '{choice[1]}' " in done.stderr
    assert "repair or uninstall it" in done.stderr
    assert not (work / "none").exists()


def test_all_are_listed(site, broken, work):
    done = run_python("-m", "nnhw", "plugins", "--json", sites=(site,), cwd=work)
    assert done.returncode == 0, done.stderr
    found = {item["name"]: item["problem"] for item in json.loads(done.stdout)["plugins"]}
    assert found == dict.fromkeys((*OPERATORS, *NAMES), "")
    done = run_python("-m", "nnhw", "plugins", sites=(broken,), cwd=work)
    assert done.stdout.count("✗") == 5
    assert "No module named 'no_such_module'" in " ".join(done.stdout.split())


def test_steps_are_saved_with_nodes_from_outside(site, work):
    options = (*BUILD, *CHOSEN, "--no-sim", "--save-steps", "saved")
    for further in (("--stop", "quantize"), ("--start", "trim", "--out", "continued")):
        done = run_python(*options, *further, sites=(site,), cwd=work)
        assert done.returncode == 0, done.stderr
    assert (work / "continued" / "golden.npz").exists()


def test_a_search_chooses_from_a_space_of_a_package(site, work):
    pytest.importorskip("optuna")
    search = ["explore", *BUILD[3:6], "--space", "steadiness", "--sampler", "grid"]
    search += ["--objective", "sqnr,memory_bits", "--macs", "8", "--workers", "1", "--json"]
    done = run_python("-m", "nnhw", *search, sites=(site,), cwd=work)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["search"]["space"] == {"quantizer": ["standard", "steady"], "weight_bits": [4, 8]}
    assert found["trials"] == 4


def test_an_unknown_name_is_told(site, work):
    done = run_python(*BUILD, "--plugins", "layer_table", sites=(site,), cwd=work)
    assert done.returncode == 1
    assert "Option plugins names 'layer_table', which no installed package has" in done.stderr
    assert "match_distance, layer-table" in done.stderr


TAKEN = """
from dataclasses import replace
from nnhw.ir import INTEGER_OPERATORS, QAdd, register_operator
register_operator(replace(INTEGER_OPERATORS[QAdd], node=type("QAdd", (QAdd,), {})))
"""

COLLISIONS = {
    "two packages": (
        {"nnhw.passes": {"match_distance": "other:apply"}},
        ("--plugins", "match_distance"),
        "plug-in 'match_distance' (nnhw.passes) of package nnhw-example 1.0 and plug-in "
        "'match_distance' (nnhw.passes) of package other 2.0 have this name",
    ),
    "a technology of nnhw": (
        {"nnhw.families": {"ecp5": "other"}},
        ("--technology", "ecp5"),
        "nnhw itself and plug-in 'ecp5' (nnhw.families) of package other 2.0 have this name",
    ),
    "a quantizer of nnhw": (
        {"nnhw.quantizers": {"standard": "other"}},
        (),
        "nnhw itself and plug-in 'standard' (nnhw.quantizers) of package other 2.0",
    ),
    "an operator of nnhw": (
        {"nnhw.operators": {"again": "taken"}},
        ("--plugins", "again"),
        "one integer operator named 'QAdd', of nnhw itself; that of plug-in 'again' "
        "(nnhw.operators) of package other 2.0 needs another name",
    ),
    "a step of nnhw": (
        {"nnhw.steps": {"again": "other:STEP"}},
        ("--plugins", "again"),
        "Step 'map' of plug-in 'again' (nnhw.steps) of package other 2.0: A build has a step 'map'",
    ),
}

OTHER = """
from nnhw.pipeline import AddedStep, Step
STEP = AddedStep(step=Step(name="map", title="Map", run=print), after="export")
"""


@pytest.mark.parametrize("case", COLLISIONS)
def test_names_that_are_taken_are_refused(tmp_path, site, work, case):
    entries, options, message = COLLISIONS[case]
    install(tmp_path, "other", "2.0", entries, other=OTHER, taken=TAKEN)
    done = run_python(*BUILD, "--out", "none", *options, sites=(site, tmp_path), cwd=work)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (work / "none").exists()


def test_public_names_are_enough():
    """The example imports nothing from nnhw that is not said to be public."""
    checked = 0
    for path in (EXAMPLE / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nnhw."):
                public = importlib.import_module(node.module).__all__
                assert {alias.name for alias in node.names} <= set(public), path
                checked += 1
            assert not isinstance(node, ast.Import) or node.names[0].name != "nnhw"
    assert checked > 10


def test_types_and_tests_of_the_example(site, work):
    pytest.importorskip("mypy")
    config = str(EXAMPLE / "pyproject.toml")
    for arguments in (
        ("-m", "mypy", "--config-file", config, "-p", "nnhw_example", "--cache-dir", "mypy"),
        ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", config, str(EXAMPLE / "tests")),
    ):
        done = run_python(*arguments, sites=(site,), cwd=work)
        assert done.returncode == 0, done.stdout + done.stderr
    assert sys.version_info >= (3, 11)
