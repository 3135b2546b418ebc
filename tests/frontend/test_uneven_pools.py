"""Adaptive average pooling to sizes that do not divide an image's, as PyTorch exports it."""

from __future__ import annotations

import math

import numpy as np
import onnx
import pytest
from onnx_models import check, model, node, normal, save
from torch_models import export

from nnhw.errors import UnsupportedError
from nnhw.frontend import load_model
from nnhw.ir import Conv

Constants = dict[str, np.ndarray]
Size = tuple[int, int]


def windows(size: int, parts: int) -> list[range]:
    """As torch.nn.AdaptiveAvgPool2d divides an axis."""
    starts = [part * size // parts for part in range(parts)]
    ends = [math.ceil((part + 1) * size / parts) for part in range(parts)]
    return [range(start, end) for start, end in zip(starts, ends, strict=True)]


def pooling(
    size: tuple[int, int], parts: tuple[int, int]
) -> tuple[list[onnx.NodeProto], Constants]:
    """From "c" to "p": pixels of all windows, zeros for those that windows lack, sums, a mean."""
    rows, columns = (windows(n, p) for n, p in zip(size, parts, strict=True))
    most = [max(map(len, axis)) for axis in (rows, columns)]
    places = np.zeros((parts[0], most[0], parts[1], most[1], 2), np.int64)
    for y, row in enumerate(rows):
        for x, column in enumerate(columns):
            for i in range(most[0]):
                for j in range(most[1]):
                    places[y, i, x, j] = min(row[0] + i, row[-1]), min(column[0] + j, column[-1])
    lacks = [
        np.array([[i >= len(w) for i in range(m)] for w in axis])
        for axis, m in zip((rows, columns), most, strict=True)
    ]
    sizes = np.multiply.outer(list(map(len, rows)), list(map(len, columns)))
    constants = {
        "places": places,
        "lack_rows": lacks[0][:, :, None, None],
        "lack_columns": lacks[1],
        "nothing": np.float32(0),
        "sizes": sizes.astype(np.float32),
        **{f"at_{i}": np.array(i) for i in range(max(most))},
    }
    nodes = [
        node("Transpose", "c", "turned", perm=[2, 3, 0, 1]),
        node("GatherND", "turned places", "pixels"),
        node("Transpose", "pixels", "each", perm=[4, 5, 0, 1, 2, 3]),
        node("Where", "lack_columns nothing each", "some"),
        node("Where", "lack_rows nothing some", "all"),
    ]
    total = ""
    for i in range(most[0]):
        nodes.append(node("Gather", f"all at_{i}", f"row_{i}", axis=3))
        for j in range(most[1]):
            nodes.append(node("Gather", f"row_{i} at_{j}", f"pixel_{i}_{j}", axis=4))
            if total:
                nodes.append(node("Add", f"{total} pixel_{i}_{j}", f"sum_{i}_{j}"))
            total = f"sum_{i}_{j}" if total else f"pixel_{i}_{j}"
    return [*nodes, node("Div", f"{total} sizes", "p")], constants


@pytest.mark.parametrize(
    ("size", "parts"), [((7, 9), (3, 5)), ((5, 5), (2, 3)), ((4, 7), (4, 3)), ((1, 5), (1, 2))]
)
def test_uneven_pooling(tmp_path, size, parts):
    """A product along rows and one along columns, where these are pooled at all."""
    nodes, constants = pooling(size, parts)
    convolution, end = node("Conv", "x w", "c"), [node("Flatten", "p", "f"), node("Gemm", "f v")]
    constants |= {"w": normal(4, 3, 1, 1), "v": normal(4 * math.prod(parts), 5)}
    graph = check(model([convolution, *nodes, *end], (1, 3, *size), constants), tmp_path)
    products = sum(n != p for n, p in zip(size, parts, strict=True))
    assert sum(isinstance(made, Conv) for made in graph.nodes) == 2 + products


def test_other_gathered_pixels_are_refused(tmp_path):
    """Those of which rows and columns do not make a pattern of their own."""
    nodes, constants = pooling((5, 5), (2, 3))
    constants["places"] = constants["places"].copy()
    constants["places"][0, 0, 0, 0] = 4, 4
    made = model(
        [node("Conv", "x w", "c"), *nodes, node("Relu", "p")],
        (1, 3, 5, 5),
        {"w": normal(4, 3, 1, 1), **constants},
    )
    with pytest.raises(UnsupportedError, match="GatherND 'the_gathernd_pixels'"):
        load_model(save(made, tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("parts", [(3, 5), (4, 4), (7, 2)])
def test_as_pytorch_exports_it(tmp_path, parts):
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxscript")
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), torch.nn.AdaptiveAvgPool2d(parts))
    check(onnx.load(export(network, tmp_path / "network.onnx", dynamo=True)), tmp_path)
