"""What is wrong with a design's files is said before anything is compiled."""

import json
import zipfile

import numpy as np
import pytest
from exported_folder import change_manifest, write_folder
from standin import write_standin

from nnhw.design import write_checksums
from nnhw.errors import ExportError
from nnhw.simulate import run_regression


@pytest.fixture
def design(tmp_path):
    return write_standin(tmp_path / "standin")


def change_vectors(design, **arrays):
    path = design / "sim" / "vectors.npz"
    with np.load(path) as file:
        np.savez(path, **{**file, **arrays})
    write_checksums(design)


def test_no_testbench(tmp_path):
    with pytest.raises(ExportError, match=r"run\.py' is missing: .* has no testbench"):
        run_regression(write_folder(tmp_path / "net"))


def test_no_manifest(design):
    (design / "manifest.json").unlink()
    with pytest.raises(ExportError, match=r"manifest\.json' is missing"):
        run_regression(design)


def test_damaged_manifest(design):
    (design / "manifest.json").write_text("{")
    with pytest.raises(ExportError, match=r"manifest\.json' is damaged"):
        run_regression(design)


def test_manifest_of_another_form(design):
    change_manifest(design, layers=[{"name": "plus_one"}])
    with pytest.raises(
        ExportError, match=r"manifest\.json' is not .*: 'layers\[0\]\.shape' is missing"
    ):
        run_regression(design)


BLOCK = {"offset": 0, "rows": 1, "columns": 1, "run": 1, "pixel_gap": 0, "row_gap": 0}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": ["x", 1, 1]}, "'x' is no whole number from 1 on"),
        ({"shape": [1, 1]}, "not enough values to unpack"),
        ({"strips": [0]}, "0 is no whole number from 1 on"),
        ({"block": {**BLOCK, "run": -1}}, "-1 is no whole number from 0 on"),
        ({"block": {**BLOCK, "rows": 1 << 39}}, "the block of layer 'plus_one' leaves its tensor"),
    ],
)
def test_testbench_reads_manifest_by_itself(testbench, design, changes, message):
    """sim/run.py works where nnhw, which checks a manifest, is not installed."""
    layer, *_ = json.loads((design / "manifest.json").read_text())["layers"]
    change_manifest(design, layers=[{**layer, **changes}])
    module = testbench("design")
    with pytest.raises(module.DesignError, match=message):
        module.load_design(design)


def test_missing_source(design):
    (design / "rtl" / "standin.v").unlink()
    with pytest.raises(ExportError, match=r"standin\.v' is named in .* but missing"):
        run_regression(design)


def test_no_vectors(design):
    (design / "sim" / "vectors.npz").unlink()
    write_checksums(design)
    with pytest.raises(ExportError, match=r"vectors\.npz' is missing"):
        run_regression(design)


def test_damaged_vectors(design):
    (design / "sim" / "vectors.npz").write_bytes(b"PK\x03\x04 and no more")
    write_checksums(design)
    with pytest.raises(ExportError, match=r"vectors\.npz' is damaged"):
        run_regression(design)


def test_vectors_that_are_no_arrays(design):
    path = design / "sim" / "vectors.npz"
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    members["layer_1.npy"] = b"text"
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    write_checksums(design)
    with pytest.raises(ExportError, match=r"'layer_1' .* must be uint8"):
        run_regression(design)


def test_vectors_of_another_design(design):
    change_vectors(design, layer_1=np.zeros((6, 43), np.uint8))
    with pytest.raises(ExportError, match=r"'layer_1' .* uint8 \(6, 42\), not uint8 \(6, 43\)"):
        run_regression(design)


def test_vectors_of_fewer_layers(design):
    change_manifest(design, layers=[{"name": name, "shape": [1, 1, 1]} for name in "abc"])
    with pytest.raises(ExportError, match=r"lacks the arrays \['layer_2'\]"):
        run_regression(design)


def test_no_frames(design):
    empty = {name: np.zeros((0, 60), np.uint8) for name in ("input", "layer_0")}
    empty |= {name: np.zeros((0, 42), np.uint8) for name in ("output", "layer_1")}
    change_vectors(design, kind=np.array([], str), **empty)
    with pytest.raises(ExportError, match="holds no frame"):
        run_regression(design)
