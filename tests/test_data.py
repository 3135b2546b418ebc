"""Reading, checking, splitting and scoring of data."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from random_graphs import Builder

from nnhw.budget import memory_budget
from nnhw.data import Dataset, load_data, top1
from nnhw.errors import BudgetError, DataError
from nnhw.ir import Graph, Port, Tensor


@pytest.fixture
def graph() -> Graph:
    """A classifier of (2, 3, 4) images, channels first, into 5 classes."""
    builder = Builder((3, 4, 2))
    return builder.graph(builder.dense("x", 5))


def save(path: Path, **arrays: np.ndarray) -> Path:
    np.savez_compressed(path / "data.npz", **arrays)
    return path / "data.npz"


X = np.arange(6 * 24, dtype=np.uint8).reshape(6, 2, 3, 4)
Y = np.array([0, 1, 2, 3, 4, 0])


def test_samples_become_channels_last_float32(tmp_path: Path, graph: Graph) -> None:
    data = load_data(save(tmp_path, x=X, y=Y), graph)
    (x,) = data.x[:].arrays.values()
    assert x.dtype == np.float32
    assert x.shape == (6, 3, 4, 2)
    assert x[5, 2, 3, 1] == X[5, 1, 2, 3]
    assert data.y is not None
    assert data.y.tolist() == Y.tolist()


def test_labels_are_optional_and_may_be_a_column(tmp_path: Path, graph: Graph) -> None:
    assert load_data(save(tmp_path, x=X), graph).y is None
    column = load_data(save(tmp_path, x=X, y=Y[:, None].astype(np.uint8)), graph)
    assert column.y is not None
    assert column.y.tolist() == Y.tolist()


@pytest.mark.parametrize("kind", [np.uint8, bool, np.float32])
def test_one_hot_labels(tmp_path: Path, graph: Graph, kind: type) -> None:
    path = save(tmp_path, x=X, y=np.eye(5, dtype=kind)[Y])
    data = load_data(path, graph)
    assert (data.labels, data.one_hot) == ("classes", True)
    assert data.y is not None
    assert data.y.tolist() == Y.tolist()
    assert not load_data(save(tmp_path, x=X, y=Y), graph).one_hot
    two = np.eye(5, dtype=np.float32)[Y]
    two[3] = 1
    assert load_data(save(tmp_path, x=X, y=two), graph).labels == "targets"
    assert load_data(save(tmp_path, x=X, y=np.eye(5)[Y]), graph, any_labels=True).y.ndim == 2


def test_one_logit_has_two_classes(tmp_path: Path) -> None:
    builder = Builder((3, 4, 2))
    graph = builder.graph(builder.dense("x", 1))
    data = load_data(save(tmp_path, x=X, y=Y % 2), graph)
    assert data.y is not None
    assert data.y.max() == 1
    with pytest.raises(DataError, match="from 0 to 1"):
        load_data(save(tmp_path, x=X, y=Y), graph)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": X}, r"must hold an array 'x'.*\['images'\]"),
        ({"x": X[:, 0]}, r"shape \(N, 2, 3, 4\) of the model's input 'input', not \(6, 3, 4\)"),
        ({"x": np.array(1.0)}, r"not \(\)"),
        ({"x": X[:0]}, "at least one sample"),
        ({"x": np.where(X == 30, np.nan, X)}, r"not finite.*sample 1"),
        ({"x": X * 1e300}, "not finite"),
        ({"x": X.astype(complex)}, "real type, not complex128"),
        ({"x": np.full(X.shape, None)}, "cannot be read"),
        ({"x": X, "y": Y[:5]}, "one label for each of the 6 samples"),
        ({"x": X, "y": np.eye(6)}, r"integer labels.* of shape \(6, 5\), not float64 of shape"),
        ({"x": X, "y": Y.astype("S2")}, "integer labels or real numbers, not"),
        ({"x": X, "y": np.full((6, 5), np.inf)}, r"'y' .* not finite.*sample 0"),
        ({"x": X, "y": Y - 1}, "from 0 to 4.*it holds -1 to 3"),
        ({"x": X, "y": Y + 1}, "from 0 to 4.*it holds 1 to 5"),
    ],
)
def test_bad_arrays_are_refused(
    tmp_path: Path, graph: Graph, arrays: dict[str, np.ndarray], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        load_data(save(tmp_path, **arrays), graph)


def test_bad_files_are_refused(tmp_path: Path, graph: Graph) -> None:
    path = tmp_path / "data.npz"
    with pytest.raises(DataError, match="does not exist"):
        load_data(path, graph)
    with pytest.raises(DataError, match=r"holds no \.npy files"):
        load_data(tmp_path, graph)
    path.write_bytes(b"x,y\n1,2\n")
    with pytest.raises(DataError, match=r"not an \.npz"):
        load_data(path, graph)
    damaged = bytearray(save(tmp_path, x=X).read_bytes())
    damaged[80] ^= 255
    path.write_bytes(damaged)
    with pytest.raises(DataError, match="cannot be read"):
        load_data(path, graph)


def test_samples_are_counted_before_they_are_read(tmp_path: Path, graph: Graph) -> None:
    """A few kilobytes of compressed zeros."""
    path = save(tmp_path, x=np.zeros((20_000, *X.shape[1:]), np.int8))
    assert path.stat().st_size < 1 << 14
    with (
        memory_budget("1M"),
        pytest.raises(BudgetError, match=r"^Data file .* with 'x' of shape \(20000, 2, 3, 4\)"),
    ):
        load_data(path, graph)
    assert len(load_data(path, graph)) == 20_000


def test_arrays_that_nobody_asks_for_are_not_read(tmp_path: Path, graph: Graph) -> None:
    assert len(load_data(save(tmp_path, x=X, other=np.full(3, None)), graph)) == len(X)


def numbered(count: int) -> Dataset:
    """A dataset whose samples are their own labels."""
    y = np.arange(count)
    return Dataset(x=y.astype(np.float32).reshape(count, 1, 1, 1), y=y)


def test_split_is_disjoint_complete_and_repeatable() -> None:
    data = numbered(100)
    calibration, evaluation = data.split(seed=3, calibration_samples=30)
    assert evaluation.held_out
    assert len(calibration) == 30
    assert calibration.y is not None
    assert evaluation.y is not None
    assert sorted([*calibration.y, *evaluation.y]) == list(range(100))
    assert (calibration.x.ravel() == calibration.y).all()
    again, _ = data.split(seed=3, calibration_samples=30)
    other, _ = data.split(seed=4, calibration_samples=30)
    assert again.y is not None
    assert (again.y == calibration.y).all()
    assert other.y is not None
    assert (other.y != calibration.y).any()


def test_split_leaves_half_for_evaluation() -> None:
    calibration, evaluation = numbered(21).split(seed=0, calibration_samples=500)
    assert (len(calibration), len(evaluation)) == (10, 11)


def test_split_of_few_samples_holds_nothing_out() -> None:
    calibration, evaluation = numbered(12).split(seed=0, calibration_samples=4)
    assert (len(calibration), len(evaluation)) == (12, 12)
    assert not evaluation.held_out


def test_split_refuses_an_empty_calibration() -> None:
    with pytest.raises(DataError, match="calibration_samples must be at least 1"):
        numbered(30).split(seed=0, calibration_samples=0)


def test_top1() -> None:
    scores = np.array([[1, 5, 2], [9, 1, 1], [0, 0, 4], [3, 2, 1]])
    assert top1(scores, np.array([1, 0, 2, 1])) == 75.0
    assert top1(scores.reshape(4, 3, 1, 1), np.array([1, 0, 2, 0])) == 100.0
    assert top1(np.array([[-1.0], [2.0]]), np.array([0, 1])) == 100.0


@pytest.fixture
def two_inputs(graph: Graph) -> Graph:
    """The classifier with a second input, a vector "meta" of 3."""
    meta = Tensor(name="m", shape=(1, 1, 3))
    port = Port(tensor="m", onnx_name="meta", onnx_shape=(3,))
    return replace(graph, tensors={**graph.tensors, "m": meta}, inputs=(*graph.inputs, port))


def test_each_of_several_inputs_has_its_array(tmp_path: Path, two_inputs: Graph) -> None:
    meta = np.arange(18).reshape(6, 3)
    data = load_data(save(tmp_path, input=X, meta=meta, y=Y, unrelated=Y), two_inputs)
    batch = data.x[:]
    assert list(batch.arrays) == ["x", "m"]
    assert batch.arrays["m"][:, 0, 0].tolist() == meta.tolist()
    assert len(data) == 6
    assert data.y is not None
    calibration, evaluation = replace(data, x=data.x).split(0, 3)
    assert len(calibration) == len(evaluation) == 6


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"x": X, "meta": X[:, 0, 0, :3]},
            r"lacks \['input'\].*\['input', 'meta'\].*\['meta', 'x'\]",
        ),
        ({"input": X, "meta": X[:5, 0, 0, :3]}, "same number of samples, not 6 in 'input', 5 in"),
        (
            {"input": X, "meta": X[:, 0, 0]},
            r"'meta' in .* shape \(N, 3\) of the model's input 'meta'",
        ),
    ],
)
def test_several_inputs_wrong(tmp_path, two_inputs, arrays, message) -> None:
    with pytest.raises(DataError, match=message):
        load_data(save(tmp_path, **arrays), two_inputs)


def test_an_input_called_y_is_no_label(tmp_path: Path, two_inputs: Graph) -> None:
    renamed = replace(two_inputs.inputs[1], onnx_name="y")
    graph = replace(two_inputs, inputs=(two_inputs.inputs[0], renamed))
    data = load_data(save(tmp_path, input=X, y=X[:, 0, 0, :3]), graph)
    assert data.y is None
