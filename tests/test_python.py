"""The library as Python sees it: what models, data and metrics may come as."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.lib.format import open_memmap
from onnx import TensorProto, helper, numpy_helper
from random_graphs import Builder

import nnhw
from nnhw.data import load_data
from nnhw.errors import DataError, ExportError, ModelError, NnhwError, OptionError

EXAMPLES = Path(__file__).parents[1] / "examples"
MODEL = EXAMPLES / "digits_mlp.onnx"
DATA = EXAMPLES / "digits.npz"
X, Y = (np.load(DATA)[name] for name in ("x", "y"))
FAST = {"macs": 16, "vectors": 1, "sim": False}


def dense(outputs: dict[str, int], inputs: dict[str, int]) -> onnx.ModelProto:
    """A network whose every output is a linear function of the sum of linear ones of the inputs."""
    weights, nodes = [], []
    for name, size in inputs.items():
        weights.append(numpy_helper.from_array(normal(size, 4), f"w_{name}"))
        nodes.append(helper.make_node("MatMul", [name, f"w_{name}"], [f"h_{name}"]))
    hidden = f"h_{next(iter(inputs))}"
    for name in list(inputs)[1:]:
        nodes.append(helper.make_node("Add", [hidden, f"h_{name}"], [f"s_{name}"]))
        hidden = f"s_{name}"
    for name, size in outputs.items():
        weights.append(numpy_helper.from_array(normal(4, size), f"w_{name}"))
        nodes.append(helper.make_node("MatMul", [hidden, f"w_{name}"], [name]))

    def told(sizes: dict[str, int]) -> list[onnx.ValueInfoProto]:
        kind = TensorProto.FLOAT
        return [helper.make_tensor_value_info(n, kind, [1, size]) for n, size in sizes.items()]

    graph = helper.make_graph(nodes, "dense-net", told(inputs), told(outputs), weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def normal(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def rtl(folder: Path) -> str:
    """Digest of a design's Verilog, golden model and vectors."""
    digest = hashlib.sha256()
    for path in (*sorted((folder / "rtl").iterdir()), folder / "golden.npz"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> nnhw.BuildResult:
    """A build of files."""
    out = tmp_path_factory.mktemp("built") / "digits_mlp"
    return nnhw.build(MODEL, data=DATA, out=out, **FAST)


def test_a_result_has_all_that_is_documented(built):
    assert built.folder.is_dir()
    assert built.report.accuracy.integer_top1 > 98
    assert built.manifest == json.loads((built.folder / "manifest.json").read_text())
    inference = built.run((X[:50], Y[:50]))
    assert inference.samples == 50
    assert inference.y.shape == (50, 10)
    assert inference.top1 == pytest.approx(100 * np.mean(inference.y.argmax(1) == Y[:50]))
    np.testing.assert_array_equal(built.run(X[:50]).y, inference.y)


def test_a_build_that_stops_has_no_design():
    stopped = nnhw.build(MODEL, data=DATA, stop="quantize")
    for use in (lambda: stopped.manifest, lambda: stopped.run(X), lambda: stopped.report):
        with pytest.raises(OptionError, match="leave out stop"):
            use()


def files_of_arrays(folder: Path) -> Path:
    np.save(folder / "x.npy", X)
    np.save(folder / "y.npy", Y)
    return folder


@pytest.mark.parametrize(
    "given",
    [
        lambda folder: (X, Y),
        lambda folder: {"x": X, "y": Y},
        lambda folder: {"image": X, "y": Y},
        lambda folder: ({"x": X.astype("f8")}, Y[:, None]),
        files_of_arrays,
        lambda folder: (files_of_arrays(folder) / "x.npy", folder / "y.npy"),
        lambda folder: {"x": str(files_of_arrays(folder) / "x.npy"), "y": Y},
    ],
    ids=[
        "tuple",
        "dictionary",
        "by name",
        "both",
        "folder",
        "tuple of files",
        "dictionary of files",
    ],
)
def test_data_in_every_form_give_the_same_design(built, given, tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    result = nnhw.build(MODEL, data=given(files), out=tmp_path / "digits_mlp", **FAST)
    assert rtl(result.folder) == rtl(built.folder)
    assert result.report.accuracy == built.report.accuracy
    assert len(result.report.source.data_sha256) == 64


def test_a_model_in_memory_is_as_good_as_its_file(built, tmp_path):
    model = onnx.load(MODEL)
    model.graph.name = "digits mlp"
    result = nnhw.build(model, data=X, out=tmp_path / "out", **FAST)
    assert rtl(result.folder) == rtl(built.folder)
    assert result.report.source.model == "digits_mlp.onnx"
    assert result.report.accuracy.float_top1 is None
    assert nnhw.inspect_model(model, data=X).supported


def test_names_and_values_are_part_of_the_digest():
    def digest(data: object) -> str:
        return nnhw.data.data_source(data).sha256

    assert digest(X) == digest({"x": X.copy()})
    assert len({digest(data) for data in (X, (X, Y), {"z": X}, X[1:], X.astype("f8"))}) == 5


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"model": 3}, ModelError, "path of an ONNX or TFLite file or an onnx.ModelProto, not int"),
        ({"model": b"m.onnx"}, ModelError, "not bytes"),
        ({"data": 3}, DataError, "Data must be an array, or a path.*not int"),
        ({"data": X.tolist()}, DataError, "not list"),
        ({"data": (X, Y, Y)}, DataError, r"\(inputs, labels\), not of 3 elements"),
        ({"data": (X, None)}, DataError, "Labels must be an array.*NoneType"),
        ({"data": {1: X}}, DataError, "name inputs by text, not by 1"),
        ({"data": {"x": [1]}}, DataError, "Array 'x' of the data must be an array.*not list"),
        ({"data": {"x": "x.npz"}}, DataError, r"an \.npy file, not the path 'x.npz'"),
        ({"data": {"x": "absent.npy"}}, DataError, r"absent\.npy is no file"),
        ({"data": {"picture": X}}, DataError, r"must hold an array 'x'.*it holds \['picture'\]"),
        ({"data": X[:, :, 1:]}, DataError, r"shape \(N, 1, 8, 8\)"),
        ({"data": "empty"}, DataError, r"holds no \.npy files"),
        ({"metrics": 3}, OptionError, "function of .*not int"),
        ({"metrics": [3]}, OptionError, "must be a function"),
        ({"metrics": [np.mean, np.mean]}, OptionError, "Two metrics are called 'mean'"),
        ({"metrics": lambda y, labels: "good"}, DataError, "must give a number, not str"),
        ({"metrics": {"mine": lambda y: 1}}, DataError, "Metric 'mine' fails: .*argument"),
        ({"out": 3}, OptionError, "Option out must be a path, not int"),
        ({"config": 3}, OptionError, "Option config must be BuildOptions or the path"),
        ({"force": "yes"}, OptionError, "Option force must be true or false"),
        ({"jobs": 0}, OptionError, "Option jobs must be an integer of at least 1"),
        ({"progress": 3}, OptionError, "Option progress must be a function"),
        ({"save_steps": 3}, OptionError, "Option save_steps must be a path"),
        ({"start": 3, "save_steps": "s"}, OptionError, "Step 3 must be a name, not int"),
        ({"steps": [3]}, OptionError, "Option steps must be a sequence of Step"),
    ],
)
def test_wrong_types_are_told(tmp_path, monkeypatch, given, kind, message):
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    arguments = {"model": MODEL, "data": DATA, "out": "out", **FAST, **given}
    with pytest.raises(kind, match=message):
        nnhw.build(**arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', "])
def test_damaged_npy_files_are_told(tmp_path, content):
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(DataError, match=r"Array 'x' in data file .*x\.npy.* cannot be read"):
        nnhw.build(MODEL, data=tmp_path / "x.npy", out=tmp_path / "out", **FAST)


def test_a_short_npy_file_is_told(tmp_path):
    np.save(tmp_path / "x.npy", X)
    content = (tmp_path / "x.npy").read_bytes()
    (tmp_path / "x.npy").write_bytes(content[:-1])
    with pytest.raises(DataError, match=r"cannot be read: .*mmap"):
        nnhw.build(MODEL, data=tmp_path / "x.npy", out=tmp_path / "out", **FAST)


def confusion(outputs: np.ndarray, labels: np.ndarray) -> float:
    """Share of the sevens that are taken for something else."""
    return np.mean(outputs[labels == 7].argmax(1) != 7)


def test_metrics_of_the_user_are_in_the_report(tmp_path):
    seen = []

    def shapes(outputs, labels):
        seen.append((outputs.shape, labels.shape))
        return np.nan

    result = nnhw.build(MODEL, data=DATA, metrics=[confusion, shapes], out=tmp_path / "out", **FAST)
    accuracy = result.report.accuracy
    assert [metric.name for metric in accuracy.metrics] == ["confusion", "shapes"]
    assert 0 <= accuracy.metrics[0].reference < 0.2
    assert (accuracy.metrics[1].reference, accuracy.metrics[1].integer) == (None, None)
    assert seen == [((597, 10), (597,))] * 2
    assert accuracy.integer_top1 > 98  # beside it
    saved = json.loads((result.folder / "report.json").read_text())
    assert saved["accuracy"]["metrics"][0]["name"] == "confusion"
    assert "confusion" in (result.folder / "report.html").read_text()
    run = result.run((X, Y), metrics={"sevens": confusion})
    assert run.metrics == {"sevens": pytest.approx(confusion(run.y, Y))}


def test_labels_that_only_a_metric_knows(tmp_path):
    boxes = normal(len(X), 3, 4)

    def first_corner(outputs, labels):
        return labels[0, 0, 0]

    arguments = {"out": tmp_path / "out", **FAST}
    with pytest.raises(DataError, match="integer labels"):
        nnhw.build(MODEL, data=(X, boxes), **arguments)
    result = nnhw.build(MODEL, data=(X, boxes), metrics=first_corner, **arguments)
    accuracy = result.report.accuracy
    assert accuracy.float_top1 is None
    assert accuracy.remark == "used by metrics only"
    with pytest.raises(DataError, match="integer labels"):
        nnhw.build(MODEL, data=(X, boxes[1:]), metrics=first_corner, force=True, **arguments)


def test_regression_is_told_by_error_and_determination(tmp_path):
    model = dense({"y": 2}, {"x": 6})
    x = normal(400, 6)
    weights = [numpy_helper.to_array(w).astype(float) for w in model.graph.initializer]
    exact = x @ weights[0] @ weights[1]
    targets = exact + 0.3 * normal(400, 2, seed=3)
    result = nnhw.build(model, data=(x, targets), out=tmp_path / "out", **FAST)
    accuracy = result.report.accuracy
    error, determination = accuracy.metrics
    assert (error.name, determination.name) == ("mean squared error", "R²")
    assert error.reference == pytest.approx(0.09, rel=0.2)
    variance = targets.var(axis=0).mean()
    assert determination.reference == pytest.approx(1 - error.reference / variance, abs=0.01)
    assert error.reference * 0.8 < error.integer < error.reference * 1.3
    assert accuracy.float_top1 is accuracy.agreement is None  # there are no classes
    run = result.run((x, targets))
    assert run.top1 is None
    assert run.metrics["mean squared error"] == pytest.approx(np.mean((run.y - targets) ** 2))


def test_several_inputs_and_outputs(tmp_path):
    model = dense({"scores": 5, "further": 3}, {"a": 6, "b": 3})
    data = {"a": normal(100, 6), "b": normal(100, 3, seed=2)}

    def names(outputs, labels):
        return len(outputs["scores"]) + len(outputs["further"])

    labels = np.arange(100) % 5
    result = nnhw.build(model, data=(data, labels), metrics=names, out=tmp_path / "out", **FAST)
    accuracy = result.report.accuracy
    assert accuracy.metrics[0].integer == 100
    assert accuracy.float_top1 is not None
    assert list(accuracy.further_sqnr_db) == ["further"]
    assert list(result.run(data).outputs) == ["scores", "further"]
    with pytest.raises(DataError, match=r"lacks \['a', 'b'\]"):
        result.run(data["a"])


def test_mapped_samples_stay_in_their_file(tmp_path):
    """Eight gigabytes, twice the budget, of which the disk holds little."""
    builder = Builder((64, 64, 3))
    graph = builder.graph(builder.dense("x", 5))
    count = (8 << 30) // (64 * 64 * 3)
    stored = open_memmap(tmp_path / "x.npy", "w+", np.int8, (count, 3, 64, 64))
    stored[-1, 2, 63, 62] = 77
    stored.flush()
    del stored
    tracemalloc.start()
    data = load_data(tmp_path / "x.npy", graph)
    calibration, evaluation = data.split(seed=0, calibration_samples=200)
    (last,) = data.x[count - 1 :].arrays.values()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 << 20
    assert len(calibration) + len(evaluation) == count
    assert last.shape == (1, 64, 64, 3)
    assert last[0, 63, 62, 2] == last.sum() == 77


def test_parts_give_what_the_whole_gives(tmp_path, monkeypatch, built):
    monkeypatch.setattr("nnhw.data.dataset._PART_ELEMENTS", 100 * (64 + 10))
    result = nnhw.build(MODEL, data=files_of_arrays(tmp_path), out=tmp_path / "digits_mlp", **FAST)
    assert result.report.accuracy == built.report.accuracy
    np.testing.assert_array_equal(result.run(X).y, built.run(X).y)


def test_everything_that_is_refused_is_one_kind_of_error():
    assert issubclass(DataError, NnhwError)
    assert issubclass(ExportError, NnhwError)
