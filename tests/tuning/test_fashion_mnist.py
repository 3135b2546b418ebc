"""benchmarks/fashion_mnist.py from its start to its end, on a few images of its own."""

from __future__ import annotations

import gzip
import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import onnxruntime
import pytest

pytest.importorskip("torch")

pytestmark = pytest.mark.slow

NETWORK = "mobilenet"
JUDGED = 300


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The script, with a folder of images: a bright stripe on noise, whose place is the label."""
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    module = importlib.import_module("fashion_mnist")
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for part, count in (("train", 900), ("t10k", JUDGED)):
        labels = rng.integers(0, 10, count, np.uint8)
        pixels = rng.integers(0, 100, (count, 28, 28), np.uint8)
        for image, label in zip(pixels, labels, strict=True):
            image[4 + 2 * label : 6 + 2 * label] += 80
        for kind, header, array in (("images-idx3", 16, pixels), ("labels-idx1", 8, labels)):
            with gzip.open(folder / f"{part}-{kind}-ubyte.gz", "wb") as file:
                file.write(bytes(header) + array.tobytes())
    monkeypatch.setattr(module, "FOLDER", folder)
    yield module
    monkeypatch.undo()


def run(module: ModuleType, monkeypatch: pytest.MonkeyPatch, folder: Path, *more: str) -> str:
    """The table that the command writes."""
    options = ["--networks", NETWORK, "--images", "900", "--float-epochs", "8", "--epochs", "1"]
    paths = ["--runs", str(folder / "runs"), "--out", str(folder / "table.md")]
    paths += ["--done", str(folder / "done.jsonl")]
    monkeypatch.setattr(sys, "argv", ["fashion_mnist.py", *options, *paths, *more])
    module.main()
    return (folder / "table.md").read_text()


def right(model: Path, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Which images a runtime gets right."""
    session = onnxruntime.InferenceSession(model)
    (port,) = session.get_inputs()
    scores = [session.run(None, {port.name: image[None].astype(np.float32)})[0] for image in x]
    return np.concatenate(scores).reshape(len(x), -1).argmax(1) == y


def test_networks_are_trained_tuned_and_judged(
    benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = run(benchmark, monkeypatch, tmp_path, "--variants", "3 bits", "pruned")
    runs = tmp_path / "runs"
    lines = (tmp_path / "done.jsonl").read_text().splitlines()
    found = {item["variant"]: item for item in map(json.loads, lines)}
    assert set(found) == {"3 bits", "pruned"}
    assert table.count(f"| {NETWORK} |") == 2
    (model,) = runs.glob(f"{NETWORK}_0_8_900.onnx")
    images, labels = benchmark.images("t10k")
    exact = right(model, images, labels)
    assert exact.mean() > 0.5  # of ten classes: it has learned
    for item in found.values():
        assert item["samples"] == JUDGED
        assert item["images"] == 810
        assert item["float_right"] == exact.sum()
        only = item["only_tuned"] - item["only_float"]
        assert item["tuned_right"] - item["float_right"] == only
    tuned = right(runs / f"{model.stem}_3_bits_1.onnx", images, labels)
    # A runtime may differ from the golden model by single steps beside ties.
    assert abs(int(tuned.sum()) - found["3 bits"]["tuned_right"]) <= 0.02 * JUDGED
    before, after = found["pruned"]["cycles"]
    assert after <= before / 2
    assert f"{before:,} to {after:,}" in table

    # What is done is not done again; of the float network the last epoch is enough to go on from.
    moments = {path: path.stat().st_mtime_ns for path in runs.iterdir()}
    assert run(benchmark, monkeypatch, tmp_path, "--table") == table
    assert run(benchmark, monkeypatch, tmp_path, "--variants", "3 bits", "pruned") == table
    assert {path: path.stat().st_mtime_ns for path in runs.iterdir()} == moments
    written = model.read_bytes()
    model.unlink()
    run(benchmark, monkeypatch, tmp_path, "--variants", "3 bits")
    assert model.read_bytes() == written
    assert (tmp_path / "done.jsonl").read_text().splitlines() == lines


def test_without_the_data_nothing_is_measured(
    benchmark: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(benchmark, "FOLDER", tmp_path / "absent")
    monkeypatch.setattr(sys, "argv", ["fashion_mnist.py", "--runs", str(tmp_path / "runs")])
    benchmark.main()
    assert "nothing is measured" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
