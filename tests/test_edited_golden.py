"""A golden model that has been edited, with a checksum to go with it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from nnhw import build
from nnhw.design import write_checksums
from nnhw.errors import ExportError
from nnhw.inference import run_design

EXAMPLES = Path(__file__).parents[1] / "examples"
DATA = EXAMPLES / "digits.npz"


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("golden") / "mlp"
    build(EXAMPLES / "digits_mlp.onnx", data=DATA, out=out, rows=4, cols=4, vectors=1, sim=False)
    return out


def field(name, value):
    """Sets a field of the graph's first node."""

    def edit(arrays):
        graph = json.loads(str(arrays["graph"]))
        assert name in graph["nodes"][0]
        graph["nodes"][0][name] = value
        arrays["graph"] = np.array(json.dumps(graph))

    return edit


def port(name, value):
    """Sets a field of the output's port."""

    def edit(arrays):
        graph = json.loads(str(arrays["graph"]))
        assert name in graph["outputs"][0]
        graph["outputs"][0][name] = value
        arrays["graph"] = np.array(json.dumps(graph))

    return edit


def weights(change):
    """Changes the weights of the first node."""

    def edit(arrays):
        name = next(name for name in arrays if name.endswith("weight"))
        arrays[name] = change(arrays[name])

    return edit


EDITS = {
    "a number for a name": field("output", 3),
    "text for a number": field("weight_bits", "8"),
    "null for an object": field("window", None),
    "an object for an array": field("weight", {"class": "Requantize"}),
    "a class that is none": field("window", {"class": "__import__"}),
    "a shape that does not fit": port("onnx_shape", [11]),
    "a layout of three axes of nothing": port("layout", [0, 0, 0]),
    "weights of another shape": weights(lambda array: array[:, :, :, :-1]),
    "weights that are text": weights(lambda array: array.astype(str)),
    "no weights": weights(lambda array: array[:0]),
    "no graph": lambda arrays: arrays.update(graph=np.array("[]")),
    "deep JSON": lambda arrays: arrays.update(graph=np.array("[" * 100_000)),
}


@pytest.mark.parametrize("name", EDITS)
def test_edit_is_refused(built, tmp_path, name):
    folder = tmp_path / "mlp"
    shutil.copytree(built, folder)
    path = folder / "golden.npz"
    with np.load(path) as file:
        arrays = dict(file)
    EDITS[name](arrays)
    np.savez(path, **arrays)
    with pytest.raises(ExportError, match=r"golden\.npz' has changed since"):
        run_design(folder, DATA)
    write_checksums(folder)
    with pytest.raises(ExportError, match=r"golden\.npz' (does not hold|holds) a graph"):
        run_design(folder, DATA)
