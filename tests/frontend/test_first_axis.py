"""The first axis: samples that a network keeps apart, or an axis of the data."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx_models import model, node, normal, save

from nnhw.errors import ModelError, UnsupportedError
from nnhw.frontend import load_model, supported_operators
from nnhw.frontend.batch_rules import rule_of
from nnhw.frontend.exact_products import make_products_exact
from nnhw.ir import from_channels_last, to_channels_last
from nnhw.quantize import run_float

COUNT = 4
"""Size of the first axis."""


def axes(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


W = normal(6, 5)
SQUARE = normal(COUNT, COUNT, seed=2)
ROWS = normal(COUNT, 1, seed=1)

# Name: nodes from x of (4, 6) to y, and constants. Whether samples are kept apart is up to
# onnxruntime: the answers are compared.
VECTORS = {
    "fully connected": ([node("MatMul", "x w")], {"w": W}),
    "mean": ([node("ReduceMean", "x", axes=[0])], {}),
    "mean by a negative axis": ([node("ReduceMean", "x", axes=[-2], keepdims=0)], {}),
    "mean of each": ([node("ReduceMean", "x", axes=[-1])], {}),
    "mean over all": ([node("ReduceMean", "x")], {}),
    "sum over no axes": ([node("ReduceSum", "x", noop_with_empty_axes=1)], {}),
    "sum over all by default": ([node("ReduceSum", "x", keepdims=0)], {}),
    "maximum, its axis computed": (
        [
            node("Shape", "x", "s"),
            node("Size", "s", "r"),
            node("Sub", "r two", "a"),
            node("Reshape", "a one", "ax"),
            node("ReduceSum", "x ax"),
        ],
        {"two": np.array(2, np.int64), "one": axes(1)},
    ),
    "softmax over the first axis": ([node("Relu", "x", "r"), node("Softmax", "r", axis=0)], {}),
    "softmax": ([node("Relu", "x", "r"), node("Softmax", "r", axis=-1)], {}),
    "argmax over the first axis": ([node("Relu", "x", "r"), node("ArgMax", "r", axis=0)], {}),
    "argmax by default": ([node("Relu", "x", "r"), node("ArgMax", "r", keepdims=0)], {}),
    "argmax": ([node("Relu", "x", "r"), node("ArgMax", "r", axis=1)], {}),
    "first rows": (
        [node("Slice", "x b e a")],
        {"b": axes(0), "e": axes(2), "a": axes(0)},
    ),
    "all rows": (
        [node("Slice", "x b e a")],
        {"b": axes(0), "e": axes(9999), "a": axes(-2)},
    ),
    "last row": ([node("Gather", "x i", axis=0)], {"i": np.array(-1, np.int64)}),
    "columns": ([node("Gather", "x i", axis=1)], {"i": axes(3, 1)}),
    "rows joined": ([node("Relu", "x", "a"), node("Concat", "x a", axis=0)], {}),
    "columns joined": ([node("Relu", "x", "a"), node("Concat", "x a", axis=-1)], {}),
    "halves": ([node("Split", "x", "y z", axis=0)], {}),
    "matrix from the left": ([node("MatMul", "m x")], {"m": SQUARE}),
    "transposed product": ([node("Gemm", "x m", transA=1)], {"m": SQUARE}),
    "transposed and back": (
        [
            node("Transpose", "x", "t", perm=[1, 0]),
            node("Relu", "t", "r"),
            node("Transpose", "r", perm=[1, 0]),
        ],
        {},
    ),
    "transposed product of the other axis": (
        [node("Transpose", "x", "t", perm=[1, 0]), node("MatMul", "t m")],
        {"m": SQUARE},
    ),
    "product with columns": (
        [node("Transpose", "x", "t", perm=[1, 0]), node("MatMul", "v t")],
        {"v": normal(3, 6)},
    ),
    "a constant for each row": ([node("Add", "x c")], {"c": ROWS}),
    "one constant for all rows": ([node("Add", "x c")], {"c": np.repeat(ROWS[:1], 4, 0)}),
    "a factor for each row": ([node("Mul", "x c")], {"c": ROWS}),
    "a constant for each column": ([node("Add", "x c")], {"c": normal(6)}),
    "less the mean": ([node("ReduceMean", "x", "m", axes=[0]), node("Sub", "x m")], {}),
    "flattened from the first axis": (
        [node("Flatten", "x", "f", axis=0), node("MatMul", "f w")],
        {"w": normal(24, 3)},
    ),
    "one vector of all rows": (
        [node("Reshape", "x s", "f"), node("MatMul", "f w")],
        {"s": axes(1, -1), "w": normal(24, 3)},
    ),
    "rows of half the length": (
        [node("Reshape", "x s", "h"), node("MatMul", "h w")],
        {"s": axes(-1, 3), "w": normal(3, 2)},
    ),
    "half rows and back": (
        [
            node("Reshape", "x s", "h"),
            node("MatMul", "h w", "p"),
            node("Reshape", "p t"),
        ],
        {"s": axes(-1, 3), "w": normal(3, 2), "t": axes(-1, 4)},
    ),
    "mean over half rows": (
        [node("Reshape", "x s", "h"), node("ReduceMean", "h", axes=[0])],
        {"s": axes(-1, 3)},
    ),
    "mean over what was the first axis": (
        [node("Unsqueeze", "x a", "u"), node("ReduceMean", "u", axes=[1])],
        {"a": axes(0)},
    ),
    "image of rows": (
        [node("Unsqueeze", "x a", "u"), node("Conv", "u k", pads=[1, 1, 1, 1])],
        {"a": axes(0, 1), "k": normal(2, 1, 3, 3)},
    ),
    "number of rows as a factor": (
        [
            node("Shape", "x", "s"),
            node("Gather", "s zero", "n"),
            node("Cast", "n", "f", to=1),
            node("Mul", "x f"),
        ],
        {"zero": np.array(0, np.int64)},
    ),
    "reshaped by the number of rows": (
        [
            node("Shape", "x", "s"),
            node("Gather", "s zero", "n"),
            node("Unsqueeze", "n a", "u"),
            node("Concat", "u rest", "t", axis=0),
            node("Reshape", "x t", "r"),
            node("MatMul", "r w"),
        ],
        {"zero": np.array(0, np.int64), "a": axes(0), "rest": axes(2, 3), "w": normal(3, 2)},
    ),
}

IMAGES = {
    "convolution": ([node("Conv", "x k")], {"k": normal(2, 3, 3, 3)}),
    "mean of images": (
        [node("Conv", "x k", "c"), node("ReduceMean", "c", axes=[0])],
        {"k": normal(2, 3, 3, 3)},
    ),
    "mean of each image": ([node("ReduceMean", "x", axes=[-1, -2])], {}),
    "pooled": ([node("MaxPool", "x", kernel_shape=[2, 2])], {}),
    "flattened": (
        [node("Flatten", "x", "f"), node("Gemm", "f w", transB=1)],
        {"w": normal(4, 60)},
    ),
    "channels first in front": (
        [node("Transpose", "x", "t", perm=[1, 0, 2, 3]), node("ReduceMean", "t", axes=[1])],
        {},
    ),
    "channels to the end": (
        [node("Transpose", "x", "t", perm=[0, 2, 3, 1]), node("MatMul", "t w")],
        {"w": normal(3, 2)},
    ),
    "doubled": (
        [
            node(
                "Resize",
                "x - s",
                mode="nearest",
                coordinate_transformation_mode="asymmetric",
                nearest_mode="floor",
            )
        ],
        {"s": np.array([1, 1, 2, 2], np.float32)},
    ),
    "repeated columns": ([node("Tile", "x p")], {"p": axes(1, 1, 1, 2)}),
    "repeated images": ([node("Tile", "x p")], {"p": axes(2, 1, 1, 1)}),
    "expanded": (
        [node("GlobalAveragePool", "x", "m"), node("Expand", "m p")],
        {"p": axes(3, 2, 2)},
    ),
    "expanded for their number": (
        [
            node("Shape", "x", "s"),
            node("GlobalAveragePool", "x", "m"),
            node("Expand", "m s"),
        ],
        {},
    ),
    "padded": ([node("Pad", "x p")], {"p": axes(0, 0, 1, 1, 0, 0, 1, 1)}),
}
CASES = {name: ((COUNT, 6), *case) for name, case in VECTORS.items()} | {
    name: ((COUNT, 3, 5, 4), *case) for name, case in IMAGES.items()
}


def _model(shape, nodes, constants) -> onnx.ModelProto:
    to_integers = any(n.op_type == "ArgMax" for n in nodes)
    kind = onnx.TensorProto.INT64 if to_integers else onnx.TensorProto.FLOAT
    return model(nodes, shape, constants, output_type=kind, outputs=nodes[-1].output)


def agrees(made: onnx.ModelProto, folder, x: np.ndarray) -> str:
    """Compare with what onnxruntime makes of all of x at once; tells how x was read."""
    path = save(made, folder)
    try:
        graph = load_model(path)
    except ModelError:
        return "refused"
    (port,) = graph.inputs
    as_data = port.onnx_shape == x.shape
    assert as_data or port.onnx_shape == x.shape[1:]
    batch = x[None] if as_data else x
    results = run_float(graph, to_channels_last(batch, port, graph.tensors[port.tensor]))
    for sink in graph.outputs:
        result = from_channels_last(results[sink.tensor], sink)
        session = _session(made, sink.onnx_name)
        # Where the number of samples is open, one by one is as good.
        is_open = made.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 0
        parts = [x[i : i + 1] for i in range(len(x))] if is_open else [x]
        wanted = np.concatenate(
            [session.run([sink.onnx_name], {"x": part})[0].ravel() for part in parts]
        )
        np.testing.assert_allclose(result.ravel(), wanted, rtol=1e-4, atol=1e-5)
    return "data" if as_data else "samples"


def _session(made: onnx.ModelProto, output: str):
    ort = pytest.importorskip("onnxruntime")
    copy = onnx.ModelProto()
    copy.CopyFrom(made)
    if output not in {value.name for value in copy.graph.output}:
        copy.graph.output.append(onnx.helper.make_empty_tensor_value_info(output))
    make_products_exact(copy)
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(copy.SerializeToString(), options)


SAMPLES = {
    "fully connected", "mean of each", "sum over no axes", "softmax", "argmax", "all rows",
    "columns", "columns joined", "transposed and back",
    "a constant for each column", "rows of half the length",
    "half rows and back", "reshaped by the number of rows", "convolution", "mean of each image",
    "pooled", "flattened", "channels to the end", "doubled", "padded",
    "repeated columns", "expanded", "expanded for their number",
}  # fmt: skip
"""Networks that keep samples apart."""

REFUSED = {"mean of images"}
"""Networks of several images, which are more than one frame."""


@pytest.mark.parametrize("name", CASES)
def test_fixed(name, tmp_path):
    shape, nodes, constants = CASES[name]
    read = agrees(_model(shape, nodes, constants), tmp_path, normal(*shape, seed=9))
    expected = "refused" if name in REFUSED else "samples" if name in SAMPLES else "data"
    assert read == expected


@pytest.mark.parametrize("name", CASES)
def test_open(name, tmp_path):
    shape, nodes, constants = CASES[name]
    read = agrees(_model(("N", *shape[1:]), nodes, constants), tmp_path, normal(*shape, seed=9))
    accepted = SAMPLES | {"product with columns"}
    assert read == ("samples" if name in accepted else "refused")


def test_expanded_to_a_fixed_number(tmp_path):
    """It would not be expanded to one sample alone."""
    made = _model((COUNT, 1), [node("Expand", "x p")], {"p": axes(COUNT, 5)})
    assert agrees(made, tmp_path, normal(COUNT, 1, seed=9)) == "data"


def test_open_is_refused_by_node(tmp_path):
    nodes = [node("MatMul", "x w", "p"), node("ReduceMean", "p", axes=[0])]
    with pytest.raises(UnsupportedError) as caught:
        load_model(save(model(nodes, ("N", 6), {"w": W}), tmp_path))
    (line,) = caught.value.problems
    assert line.startswith("ReduceMean 'the_reducemean_y': it combines samples")
    assert "depends on how many" in line


def test_several_images_are_refused_for_the_reason(tmp_path):
    shape, nodes, constants = CASES["mean of images"]
    with pytest.raises(UnsupportedError) as caught:
        load_model(save(_model(shape, nodes, constants), tmp_path))
    text = "\n".join(caught.value.problems)
    assert "ReduceMean 'the_reducemean_y': it combines what lies along the first axis" in text
    assert "Conv" not in text


@pytest.mark.parametrize("size", [1, COUNT])
def test_two_inputs_one_of_which_is_data(size, tmp_path):
    nodes = [node("ReduceMean", "z", "m", axes=[0]), node("Add", "x m")]
    made = model(nodes, (size, 6))
    made.graph.input.append(onnx.helper.make_tensor_value_info("z", onnx.TensorProto.FLOAT, (5, 6)))
    graph = load_model(save(made, tmp_path))
    assert [port.onnx_shape for port in graph.inputs] == [(6,) if size == 1 else (4, 6), (5, 6)]


def test_vector_without_batch(tmp_path):
    made = _model((6,), [node("MatMul", "x w")], {"w": W})
    assert agrees(made, tmp_path, normal(6)) == "data"


@pytest.mark.parametrize("axis", [0, 1])
def test_image_without_batch(axis, tmp_path):
    nodes = [node("Unsqueeze", "x a", "u"), node("Conv", "u k")]
    shape = (3, 5, 4) if axis == 0 else (1, 5, 4)
    kernel = normal(2, shape[0], 3, 3)
    made = _model(shape, nodes, {"a": axes(axis), "k": kernel})
    assert agrees(made, tmp_path, normal(*shape)) == "data" if axis == 0 else "samples"


def test_two_samples_of_one(tmp_path):
    made = _model((1, 6), [node("Relu", "x", "r"), node("Concat", "x r", axis=0)], {})
    assert agrees(made, tmp_path, normal(1, 6)) == "samples"


def test_only_one_sample_is_possible(tmp_path):
    nodes = [node("Reshape", "x s", "r"), node("ReduceMean", "r", axes=[0])]
    made = _model(("N", 6), nodes, {"s": axes(2, 3)})
    assert load_model(save(made, tmp_path)).inputs[0].onnx_shape == (6,)


def test_every_operator_has_a_rule():
    names = set(supported_operators()) - {"Constant"}
    assert not [name for name in names if rule_of(name) is None]


def test_a_model_that_contradicts_what_it_declares(tmp_path):
    nodes = [node("ReduceMean", "x", "m", axes=[1], keepdims=0), node("Mul", "x m")]
    with pytest.raises(ModelError, match=r"contradict each other: .*the_mul_y"):
        load_model(save(_model((4, 6), nodes, {}), tmp_path))
    assert load_model(save(_model((6, 6), nodes, {}), tmp_path)).inputs[0].onnx_shape == (6, 6)
