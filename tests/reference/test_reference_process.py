"""The process that runs a model, and its limits."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from small_models import dense_model, onnx_model, samples, scores

from nnhw.errors import ToolError
from nnhw.reference import process
from nnhw.reference.process import run_model


def endless_model() -> onnx.ModelProto:
    """A loop of more rounds than anyone waits for."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["going"], ["goes_on"]),
            helper.make_node("Add", ["sum", "sum"], ["next"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("round", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum", TensorProto.FLOAT, [1, 6]),
        ],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, [1, 6]),
        ],
    )
    return onnx_model(
        [helper.make_node("Loop", ["rounds", "yes", "x"], ["y"], body=body)],
        {"x": (TensorProto.FLOAT, [1, 6])},
        {"y": TensorProto.FLOAT},
        {"rounds": np.array(1 << 50), "yes": np.array(True)},
    )


@pytest.mark.parametrize("batch", ["n", 1, 3])
def test_every_sample_is_answered(batch):
    x = samples(4)
    model = dense_model(batch).SerializeToString()
    answers, version = run_model(model, {"x": x}, ["y"])
    exact = np.exp(scores(x))
    np.testing.assert_allclose(answers["y"], exact / exact.sum(1, keepdims=True), rtol=1e-5)
    assert version[0].isdigit()


def test_samples_do_not_mix():
    """Where a model takes any number of samples, each is answered as if it were alone."""
    model = onnx_model(
        [
            helper.make_node("ReduceMean", ["x"], ["m"], axes=[0]),
            helper.make_node("Sub", ["x", "m"], ["y"]),
        ],
        {"x": (TensorProto.FLOAT, ["n", 6])},
        {"y": TensorProto.FLOAT},
        {},
    )
    answers, _ = run_model(model.SerializeToString(), {"x": samples(3)}, ["y"])
    assert not answers["y"].any()


def test_an_unknown_operator_is_told():
    model = onnx_model(
        [helper.make_node("Mystery", ["x"], ["y"], domain="somewhere")],
        {"x": (TensorProto.FLOAT, [1, 6])},
        {"y": TensorProto.FLOAT},
        {},
        domains=["somewhere"],
    )
    with pytest.raises(ToolError, match=r"onnxruntime does not run the model: .*Mystery") as caught:
        run_model(model.SerializeToString(), {"x": samples(1)}, ["y"])
    assert "\n" not in str(caught.value)


def test_too_much_memory_is_told():
    model = onnx_model(
        [
            helper.make_node("ConstantOfShape", ["many"], ["zeros"]),
            helper.make_node("ReduceSum", ["zeros"], ["sum"], keepdims=0),
            helper.make_node("Add", ["x", "sum"], ["y"]),
        ],
        {"x": (TensorProto.FLOAT, [1, 6])},
        {"y": TensorProto.FLOAT},
        {"many": np.array([1 << 29])},
    ).SerializeToString()
    with pytest.raises(ToolError, match=r"onnxruntime .*(memory|alloc)"):
        run_model(model, {"x": samples(1)}, ["y"], memory_bytes=1 << 30)


def test_too_much_time_is_told():
    with pytest.raises(ToolError, match=r"takes more than 1 seconds|processor time"):
        run_model(endless_model().SerializeToString(), {"x": samples(1)}, ["y"], seconds=1)


def test_a_death_is_told(tmp_path, monkeypatch):
    script = tmp_path / "dies.py"
    script.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    monkeypatch.setattr(process, "_SCRIPT", script)
    with pytest.raises(ToolError, match="onnxruntime is ended by SIGSEGV"):
        run_model(dense_model().SerializeToString(), {"x": samples(1)}, ["y"])


def test_without_onnxruntime(tmp_path, monkeypatch):
    """An installation that cannot run the script is no traceback."""
    script = tmp_path / "fails.py"
    script.write_text("raise ImportError('no module onnxruntime')\n")
    monkeypatch.setattr(process, "_SCRIPT", script)
    with pytest.raises(ToolError, match="cannot be run: ImportError: no module onnxruntime"):
        run_model(dense_model().SerializeToString(), {"x": samples(1)}, ["y"])


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_ends_with_its_parent(tmp_path):
    (tmp_path / "endless.onnx").write_bytes(endless_model().SerializeToString())
    (tmp_path / "parent.py").write_text(
        "import sys, numpy as np\n"
        "from nnhw.reference.process import run_model\n"
        "model = open(sys.argv[1], 'rb').read()\n"
        "run_model(model, {'x': np.zeros((1, 6), np.float32)}, ['y'])\n"
    )
    root = Path(__file__).parents[2]
    parent = subprocess.Popen(
        [sys.executable, str(tmp_path / "parent.py"), str(tmp_path / "endless.onnx")],
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")

    def wait_for(condition):
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.05)

    try:
        wait_for(lambda: children.read_text().split())
        (child,) = map(int, children.read_text().split())
        # What it has read by then is the whole request.
        wait_for(lambda: processor_seconds(child) > 1.5)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    wait_for(lambda: processor_seconds(child) == 0)


def processor_seconds(process_id: int) -> float:
    """What time a process has computed; 0 if it is no more."""
    try:
        fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] == "Z" else int(fields[11]) / os.sysconf("SC_CLK_TCK")
