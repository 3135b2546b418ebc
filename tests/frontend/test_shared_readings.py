"""The small networks in ../shared/cases/reading: read as onnxruntime does, or refused truly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from nnhw import build
from nnhw.errors import NnhwError
from nnhw.frontend import load_model, write_qdq
from nnhw.frontend.exact_products import make_products_exact
from nnhw.inspection import inspect_model
from nnhw.ir import Batch, as_batch, from_channels_last, to_channels_last
from nnhw.passes import simplify_graph
from nnhw.quantize import is_quantized, quantize, run_float

FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "reading"
FILES = sorted(FOLDER.glob("*.onnx")) if FOLDER.is_dir() else []

REFUSED = {
    "fusedconv": "optimizations on: save it with them off",
    "zero_axis": "axis 1 has size 0",
}
"""By file, what the refusal says."""

UNKNOWN = {"maxpool_dil"}
"""Files that onnxruntime itself does not run."""

pytestmark = pytest.mark.skipif(not FILES, reason="no ../shared/cases/reading")


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def path(request) -> Path:
    return request.param


def session(path: Path):
    ort = pytest.importorskip("onnxruntime")
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    model = onnx.load(path)
    make_products_exact(model)
    return ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def test_inspect_and_build_say_the_same(path, tmp_path):
    found = inspect_model(path, macs=16)
    assert found.supported == (path.stem not in REFUSED)
    if found.supported:
        return
    assert REFUSED[path.stem] in "\n".join(found.problems)
    shape = [dim.dim_value for dim in onnx.load(path).graph.input[0].type.tensor_type.shape.dim]
    np.savez(tmp_path / "x.npz", x=np.zeros((4, *shape[1:]), np.float32))
    with pytest.raises(NnhwError) as caught:
        build(path, data=tmp_path / "x.npz", out=tmp_path / "out", sim=False, macs=16)
    assert all(line in str(caught.value) for line in found.problems)


def test_answers_are_those_of_onnxruntime(path, tmp_path):
    if path.stem in set(REFUSED) | UNKNOWN:
        pytest.skip("refused")
    graph = load_model(path)
    (port,) = graph.inputs
    reference = session(path)
    (source,) = reference.get_inputs()
    x = np.random.default_rng(0).uniform(-1, 1, (3, *port.onnx_shape)).astype(np.float32)
    one_by_one = x if len(source.shape) == len(port.onnx_shape) else x[:, None]
    expected = np.stack([reference.run(None, {source.name: one})[0].ravel() for one in one_by_one])
    images = to_channels_last(x, port, graph.tensors[port.tensor])
    for candidate in (graph, simplify_graph(graph)):
        (sink,) = candidate.outputs
        result = from_channels_last(run_float(candidate, images)[sink.tensor], sink)
        error = np.abs(result.reshape(3, -1) - expected)
        scale = np.abs(expected).max()
        if is_quantized(graph):  # steps may fall to either side
            assert np.median(error) < 1e-5 * scale
        else:
            assert error.max() < 1e-5 * scale


def test_exported_model_runs(path, tmp_path):
    if path.stem in REFUSED:
        pytest.skip("refused")
    graph = simplify_graph(load_model(path))
    (port,) = graph.inputs
    x = np.random.default_rng(0).uniform(-1, 1, (4, *port.onnx_shape)).astype(np.float32)
    images: Batch = as_batch(graph, to_channels_last(x, port, graph.tensors[port.tensor]))
    integer = quantize(graph, images)
    write_qdq(integer, tmp_path / "model.qdq.onnx")
    assert session(tmp_path / "model.qdq.onnx").run(None, {port.onnx_name: x})
