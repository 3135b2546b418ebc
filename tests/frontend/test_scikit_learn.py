"""Networks of scikit-learn, as skl2onnx writes them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx_models import check, run_graph, run_onnxruntime, save

from nnhw import build, golden
from nnhw.errors import UnsupportedError
from nnhw.frontend import load_model
from nnhw.ir import Conv, Function, from_channels_last, to_channels_last
from nnhw.passes import simplify_graph
from nnhw.quantize import quantize

FEATURES = 6
TRAINING = {"solver": "lbfgs", "alpha": 0.1, "max_iter": 60, "random_state": 0}


def samples(count: int) -> np.ndarray:
    # One feature is far from zero, and one is small: what a scaler is for.
    values = np.random.default_rng(3).normal(size=(count, FEATURES))
    return (values * [1, 1, 1, 1, 1, 0.4] + [0, 0, 0, 0, 2, 0]).astype(np.float32)


def labels(x: np.ndarray, classes: int) -> np.ndarray:
    weight = np.random.default_rng(4).normal(size=(FEATURES, classes))
    return ((x - samples(1000).mean(axis=0)) @ weight).argmax(axis=1)


def classifier(classes: int, *, scaled: bool = False, text: bool = False, **options) -> Any:
    """A trained network; with a StandardScaler in front if it is `scaled`."""
    pytest.importorskip("sklearn")
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x = samples(300)
    y = labels(x, classes)
    network = MLPClassifier((12,), **TRAINING, **options)
    model = make_pipeline(StandardScaler(), network) if scaled else network
    return fitted(model, x, np.array(list("abcd"))[y] if text else y)


def regressor(outputs: int) -> Any:
    """A trained network; with a MinMaxScaler in front if it has several outputs."""
    pytest.importorskip("sklearn")
    from sklearn.neural_network import MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler

    x = samples(300)
    y = np.sin(x[:, :outputs]) + x[:, 3:4]
    network = MLPRegressor(hidden_layer_sizes=(12,), **TRAINING)
    if outputs == 1:
        return fitted(network, x, y.ravel())
    return fitted(make_pipeline(MinMaxScaler(), network), x, y)


def fitted(model: Any, x: np.ndarray, y: np.ndarray) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a few iterations will do
        return model.fit(x, y)


def exported(model: Any, **options) -> onnx.ModelProto:
    skl2onnx = pytest.importorskip("skl2onnx")
    return skl2onnx.to_onnx(model, samples(1), options=options or None)


def integer_outputs(path: Path, x: np.ndarray) -> np.ndarray:
    """What the golden model answers, in real values; (N, outputs)."""
    graph = simplify_graph(load_model(path))
    (source,), (sink,) = graph.inputs, graph.outputs
    integer = quantize(graph, to_channels_last(samples(200), source, graph.tensors[source.tensor]))
    images = to_channels_last(x, source, graph.tensors[source.tensor])
    q = golden.quantize_input(images, integer.tensors[source.tensor].q)
    result = golden.run(integer, q)[sink.tensor]
    return from_channels_last(golden.dequantize(result, integer.tensors[sink.tensor].q), sink)


@pytest.mark.parametrize("zipmap", [True, False])
@pytest.mark.parametrize("scaled", [True, False])
def test_several_classes(tmp_path, scaled, zipmap):
    model = classifier(4, scaled=scaled)
    made = exported(model, zipmap=zipmap)
    x = samples(1000)[500:]
    graph = check(made, tmp_path, x[:20])
    softmax, label, *zipped = graph.host_postprocess
    assert softmax == "Softmax(axis=1)"
    name = "output_label" if zipmap else "label"
    assert label.startswith(f"{name}: ArgMax(axis=1), ArrayFeatureExtractor(classes=[0, 1, 2, 3])")
    assert zipped == (["output_probability: ZipMap(classes=[0, 1, 2, 3])"] if zipmap else [])
    assert [type(one) for one in simplify_graph(graph).nodes] == [Conv, Conv]
    scores = run_graph(graph, x)
    np.testing.assert_array_equal(scores.argmax(axis=1), model.predict(x))
    integer = integer_outputs(tmp_path / "small.onnx", x).argmax(axis=1)
    assert np.mean(integer == model.predict(x)) > 0.95


@pytest.mark.parametrize("zipmap", [True, False])
@pytest.mark.parametrize("activation", ["tanh", "logistic", "identity"])
def test_two_classes(tmp_path, activation, zipmap):
    """A single number remains; the second probability is what it lacks to one."""
    model = classifier(2, activation=activation)
    x = samples(1000)[500:]
    graph = check(exported(model, zipmap=zipmap), tmp_path, x[:20])
    assert graph.outputs[0].onnx_shape == (1,)
    sigmoid, label, probabilities = graph.host_postprocess
    assert sigmoid == "Sigmoid"
    assert "label: Concat(1 - p, p), ArgMax(axis=1), " in label
    assert probabilities == (
        "output_probability: Concat(1 - p, p), ZipMap(classes=[0, 1])"
        if zipmap
        else "probabilities: Concat(1 - p, p)"
    )
    functions = [one.function for one in graph.nodes if isinstance(one, Function)]
    assert functions == {"tanh": ["tanh"], "logistic": ["sigmoid"], "identity": []}[activation]
    np.testing.assert_array_equal(run_graph(graph, x)[:, 0] > 0, model.predict(x))
    integer = integer_outputs(tmp_path / "small.onnx", x)[:, 0] > 0
    assert np.mean(integer == model.predict(x)) > 0.95


@pytest.mark.parametrize("zipmap", [True, False])
def test_names_of_classes(tmp_path, zipmap):
    graph = load_model(save(exported(classifier(3, text=True), zipmap=zipmap), tmp_path))
    text = " ".join(graph.host_postprocess)
    assert text.count("classes=['a', 'b', 'c']") == 1 + zipmap


def test_several_labels(tmp_path):
    pytest.importorskip("sklearn")
    from sklearn.neural_network import MLPClassifier

    x = samples(200)
    y = np.stack([x[:, 0] > 0, x[:, 1] > x[:, 2]], axis=1).astype(int)
    model = fitted(MLPClassifier((8,), **TRAINING), x, y)
    graph = check(exported(model, zipmap=False), tmp_path, x[:20])
    assert graph.host_postprocess == (
        "Sigmoid",
        "label: Binarizer(threshold=0.5), Cast(to=int64)",
        "probabilities: Concat(1 - p, p)",
    )
    np.testing.assert_array_equal(run_graph(graph, x) > 0, model.predict(x))


@pytest.mark.parametrize("outputs", [1, 3])
def test_regression(tmp_path, outputs):
    model = regressor(outputs)
    x = samples(1000)[500:]
    check(exported(model), tmp_path, x[:20])
    expected = model.predict(x).reshape(len(x), outputs)
    result = integer_outputs(tmp_path / "small.onnx", x).reshape(len(x), outputs)
    noise = np.square(result - expected).sum() / np.square(expected).sum()
    assert 10 * np.log10(1 / noise) > 28


def test_scaler_of_integers(tmp_path):
    """Integers, too, are scaled as real numbers."""
    node = onnx.helper.make_node(
        "Scaler", ["x"], ["y"], "scaler", domain="ai.onnx.ml", offset=[1.0, 2.0], scale=[0.5]
    )
    graph = onnx.helper.make_graph(
        [node],
        "scaled",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.INT64, (1, 2))],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, (1, 2))],
    )
    imports = [onnx.helper.make_opsetid("", 21), onnx.helper.make_opsetid("ai.onnx.ml", 1)]
    made = onnx.helper.make_model(graph, opset_imports=imports, ir_version=10)
    x = np.array([[3, 4], [-7, 0]])
    np.testing.assert_array_equal(
        run_graph(load_model(save(made, tmp_path)), x), [[1, 1], [-4, -1]]
    )


def test_other_models_are_refused_by_operator(tmp_path):
    pytest.importorskip("sklearn")
    from sklearn.tree import DecisionTreeClassifier

    x = samples(50)
    tree = DecisionTreeClassifier(max_depth=2).fit(x, labels(x, 2))
    with pytest.raises(UnsupportedError, match=r"ai\.onnx\.ml\.TreeEnsembleClassifier"):
        load_model(save(exported(tree, zipmap=False), tmp_path))


def test_build(tmp_path):
    """Down to the simulated Verilog, with labels."""
    model = classifier(4, scaled=True)
    x = samples(1000)[500:]
    np.savez(tmp_path / "data.npz", x=x, y=labels(x, 4))
    made = exported(model, zipmap=True)
    report = build(
        save(made, tmp_path), data=tmp_path / "data.npz", out=tmp_path / "out", macs=16, vectors=2
    ).report
    assert report.verification is not None
    assert report.verification.passed
    assert report.accuracy is not None
    assert report.accuracy.agreement is not None
    assert report.accuracy.agreement > 95
    assert report.host_postprocess[0] == "Softmax(axis=1)"
    # the label that the model itself gives for a score is the largest one's class
    answers = run_onnxruntime(made, x[:20], "output_label")
    np.testing.assert_array_equal(answers, model.predict(x[:20]))
