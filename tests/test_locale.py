"""A Python whose locale is C, outputs that take ASCII only, and files with names of all kinds."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

NAMES = ["synopsys_modèle.onnx", b'a "b\x27 $HOME;c#[red]\xff.onnx']


@pytest.fixture(params=NAMES, ids=["accent", "bytes"])
def model(request, tmp_path):
    """A matrix product whose tensors have names that are not ASCII."""
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((8, 4)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["größe", "w"], ["[/b]→y"], name="[red]Schicht→1")],
        "net",
        [helper.make_tensor_value_info("größe", TensorProto.FLOAT, ["n", 8])],
        [helper.make_tensor_value_info("[/b]→y", TensorProto.FLOAT, ["n", 4])],
        [numpy_helper.from_array(weights, "w")],
    )
    opset = [helper.make_opsetid("", 17)]
    path = tmp_path / os.fsdecode(request.param)
    made = helper.make_model(graph, opset_imports=opset, ir_version=8)
    path.write_bytes(made.SerializeToString())
    onnx.checker.check_model(made)
    np.savez(tmp_path / "x.npz", x=rng.standard_normal((20, 8)).astype(np.float32))
    return path


def nnhw(*arguments: str | Path) -> str:
    """What the command prints with the poorest of locales."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LC_", "LANG", "PYTHON")) or name == "PYTHONPATH"
    }
    environment |= {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-c", "from nnhw.cli import main; main()", *map(os.fspath, arguments)],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode("ascii")
    return done.stdout.decode("ascii")


def test_commands(model, tmp_path):
    out = tmp_path / "größe"
    data = tmp_path / "x.npz"
    nnhw("inspect", model)
    assert json.loads(nnhw("inspect", model, "--json"))
    build = ["build", model, "--data", data, "--rows", "1", "--cols", "1", "--no-sim", "--out", out]
    nnhw(*build)
    report = json.loads(nnhw(*build, "--force", "--json"))
    assert report == json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert "20 samples" in nnhw("run", out, "--data", data, "--out", tmp_path / "y→.npz")
    header = next((out / "rtl").glob("*.v")).read_text(encoding="ascii").splitlines()[0]
    assert header.startswith("// Accelerator of the neural network ")


def calls_without_encoding(source: str) -> list[int]:
    """Lines that read or write text in an encoding which depends on the locale."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        module = ast.unparse(node.func).split(".")[0]
        owner = ast.unparse(node.func).rpartition(".")[0]
        keywords = {keyword.arg for keyword in node.keywords}
        modes = [value.value for value in node.args if isinstance(value, ast.Constant)]
        binary = any(isinstance(mode, str) and "b" in mode for mode in modes)
        text_process = module == "subprocess" and keywords & {"text", "universal_newlines"}
        opens = name == "open" and not owner.endswith(("os", "archive")) and not binary
        if (name in ("read_text", "write_text") or opens or text_process) and (
            "encoding" not in keywords
        ):
            lines.append(node.lineno)
    return lines


def test_every_encoding_is_named():
    root = Path(__file__).parents[1]
    found = {
        str(path): lines
        for folder in ("nnhw", "sim")
        for path in (root / folder).rglob("*.py")
        if (lines := calls_without_encoding(path.read_text(encoding="utf-8")))
    }
    assert found == {}
    for wrong in ("p.read_text()", "open(p)", "p.open('w')", "subprocess.run(c, text=True)"):
        assert calls_without_encoding(wrong) == [1], wrong
