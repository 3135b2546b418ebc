"""`nnhw tune` and `nnhw.tune`: from a float model and samples to a QDQ file."""

from __future__ import annotations

import importlib.util
import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from typer.testing import CliRunner

import nnhw
from nnhw.cli import app
from nnhw.conversion import Samples, convert
from nnhw.data import load_data, predict
from nnhw.errors import DataError, ExportError, OptionError, QuantizationError
from nnhw.frontend import load_model
from nnhw.golden import quantize_inputs, real_outputs, run
from nnhw.ir import QConv
from nnhw.options import OPTIMIZERS, BuildOptions, TuneOptions
from nnhw.tuning import augment, train

EXAMPLES = Path(__file__).parents[2] / "examples"
MODEL = EXAMPLES / "digits_mlp.onnx"


def samples(part: int, count: int = 400) -> dict[str, np.ndarray]:
    """Every other image of the digits."""
    with np.load(EXAMPLES / "digits.npz") as arrays:
        return {name: arrays[name][part::2][:count] for name in ("x", "y")}


def test_validation_samples_that_are_trained_on_are_told(tmp_path: Path) -> None:
    """Value for value, whatever their type."""
    mine, others = samples(0, 40), samples(1, 30)
    val = {"x": np.concatenate([others["x"], mine["x"][:10].astype(np.float64)])}
    out = tmp_path / "t.onnx"
    result = nnhw.tune(MODEL, data={"x": mine["x"]}, val=val, out=out, epochs=1)
    assert sum("25% of the validation samples" in warning for warning in result.warnings) == 1
    result = nnhw.tune(MODEL, data=mine, val=others, out=tmp_path / "u.onnx", epochs=1)
    assert not any("trained on" in warning for warning in result.warnings)


@pytest.mark.parametrize("role", ["model", "data", "val"])
def test_what_is_read_is_not_replaced(role: str, tmp_path: Path) -> None:
    paths = {name: tmp_path / f"{name}.npz" for name in ("data", "val")}
    for number, path in enumerate(paths.values()):
        np.savez(path, **samples(number, 40))
    model = tmp_path / "model.onnx"
    model.write_bytes(MODEL.read_bytes())
    kept = {path: path.read_bytes() for path in (model, *paths.values())}
    out = {**paths, "model": model}[role]
    with pytest.raises(ExportError, match=f"is the {role} that is read; give another --out"):
        nnhw.tune(model, **paths, out=tmp_path / "." / out.name, force=True, epochs=1)
    assert {path: path.read_bytes() for path in kept} == kept
    assert set(tmp_path.iterdir()) == set(kept)


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_is_no_file_to_write(force: bool, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for out in (".", tmp_path):
        with pytest.raises(ExportError, match="is a folder; give a file in it"):
            nnhw.tune(MODEL, data=samples(0, 40), out=out, force=force, epochs=1)


def test_what_is_replaced_stays_until_the_result_is_there(tmp_path: Path) -> None:
    out = tmp_path / "t.onnx"
    out.write_text("an earlier result")
    with pytest.raises(QuantizationError, match="diverges"):
        nnhw.tune(MODEL, data=samples(0, 40), out=out, force=True, epochs=2, lr=1e6)
    assert out.read_text() == "an earlier result"
    assert list(tmp_path.iterdir()) == [out]
    nnhw.tune(MODEL, data=samples(0, 40), out=out, force=True, epochs=1)
    assert load_model(out).nodes


def test_a_run_that_diverges_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "t.onnx"
    with pytest.raises(QuantizationError, match="use a smaller learning rate"):
        nnhw.tune(MODEL, data=samples(0, 40), out=out, epochs=2, lr=1e6)
    assert not list(tmp_path.iterdir())
    # So that the advice can be taken as it is.
    nnhw.tune(MODEL, data=samples(0, 40), out=out, epochs=1, lr=1e-3)
    assert load_model(out).nodes


def test_mixed_samples_have_both_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All partner and nothing of its own, a step is one of the same samples in another order."""

    def loss(name: str, **options: object) -> float:
        given = {"labels": True, "teacher": False, "lr": 1e-9, "epochs": 2, "hints": "off"}
        out = tmp_path / f"{name}.onnx"
        result = nnhw.tune(MODEL, data=samples(0, 100), out=out, **given, **options)
        return result.history[-1]["train_loss"]

    plain, mixed = loss("plain"), loss("mixed", mixup=1.0)
    assert mixed > 2 * plain
    draw = augment.draw_mixture

    def others_only(*arguments: object) -> augment.Mixture:
        mixture = draw(*arguments)
        return replace(mixture, share=np.zeros_like(mixture.share))

    monkeypatch.setattr(train, "draw_mixture", others_only)
    assert loss("others", mixup=1.0) == pytest.approx(plain, rel=1e-3)


def accuracy(graph: nnhw.ir.Graph, data: dict[str, np.ndarray]) -> float:
    """Top-1 in per cent, by the golden model."""
    judged = load_data(data, graph)
    outputs = real_outputs(graph, run(graph, quantize_inputs(graph, judged.x[:])))
    return float(100 * np.mean(predict(outputs[graph.outputs[0].onnx_name]) == judged.y))


def test_tuning_wins_accuracy_back_without_labels(tmp_path: Path) -> None:
    """On images that nothing of the run has seen."""
    mine, others = samples(0), samples(1)
    result = nnhw.tune(
        MODEL, data={"x": mine["x"]}, out=tmp_path / "t.onnx", weight_bits=2, epochs=12, loss="kl"
    )
    seen = load_data(mine, load_model(MODEL))
    options = BuildOptions(weight_bits=2)
    direct = convert(load_model(MODEL), Samples(calibration=seen), options).whole
    before, after = accuracy(direct, others), accuracy(result.graph, others)
    assert before < 90
    assert after > before + 5
    assert after > 93
    losses = [epoch["val_loss"] for epoch in result.history]
    assert result.best_epoch >= np.argmin(losses) > 0
    assert len(losses) == 13
    assert not np.isfinite(result.history[0]["train_loss"])
    assert result.samples == {"train": 359, "calibration": 179, "validation": 40}
    assert result.figure == "same class as the float network %"
    page = (tmp_path / "t.tuning.html").read_text()
    assert page.count("<svg") == 3
    assert "before tuning" in page
    if importlib.util.find_spec("matplotlib"):
        assert (tmp_path / "t.tuning.png").read_bytes().startswith(b"\x89PNG")


def test_the_file_is_built_with_the_integers_that_training_saw(tmp_path: Path) -> None:
    result = nnhw.tune(
        MODEL, data=samples(0, 60), out=tmp_path / "t.onnx", weight_bits=3, act_bits=6, epochs=2
    )
    again = convert(load_model(result.path), Samples(), BuildOptions(trim=False)).whole
    assert len(result.graph.nodes) == len(again.nodes) == 3
    for one, other in zip(result.graph.nodes, again.nodes, strict=True):
        assert result.graph.tensors[one.output].q == again.tensors[other.output].q
        for name in ("weight", "bias", "weight_scale"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        for name in ("multiplier", "shift", "lo", "hi"):
            constants = (getattr(node.requantize, name) for node in (one, other))
            np.testing.assert_array_equal(*constants)
    assert {node.weight_bits for node in again.nodes if isinstance(node, QConv)} == {3}


SCRIPT = """
import os, signal, sys
import numpy as np
import nnhw
with np.load(sys.argv[1]) as arrays:
    data = {name: arrays[name][:90] for name in ("x", "y")}
def progress(step, share):
    if step.startswith(sys.argv[4]) and share > float(sys.argv[5]):
        os.kill(os.getpid(), signal.SIGKILL)
nnhw.tune(sys.argv[2], data=data, out=sys.argv[3], weight_bits=2, epochs=4, threads=1, warmup=2,
          dropout=0.2, shift=1, noise=0.1, learn_ranges=True, progress=progress)
"""


def run_script(out: Path, step: str = "never", share: float = 0.0) -> int:
    """Tune in a process of its own, which kills itself in a step; its exit code."""
    arguments = [str(EXAMPLES / "digits.npz"), str(MODEL), str(out), step, str(share)]
    return subprocess.run([sys.executable, "-c", SCRIPT, *arguments], check=False).returncode


def test_a_killed_run_goes_on_and_makes_the_same_bytes(tmp_path: Path) -> None:
    whole, killed = tmp_path / "a" / "t.onnx", tmp_path / "b" / "t.onnx"
    for path in (whole, killed):
        path.parent.mkdir()
    assert run_script(whole) == 0
    assert run_script(killed, "Epoch 3", 0.6) == -signal.SIGKILL
    assert not killed.exists()
    epochs = torch.load(f"{killed}.checkpoint", weights_only=True)["history"]
    assert len(epochs) == 3  # of the untuned network and of two epochs
    assert run_script(killed) == 0
    assert killed.read_bytes() == whole.read_bytes()
    page, other = (path.with_suffix(".tuning.html").read_text() for path in (whole, killed))
    assert page == other


def test_a_checkpoint_of_another_run_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, data = tmp_path / "t.onnx", samples(0, 40)
    nnhw.tune(MODEL, data=data, out=out, epochs=1)
    with pytest.raises(ExportError, match="exists; give --force"):
        nnhw.tune(MODEL, data=data, out=out, epochs=1)
    out.unlink()
    with pytest.raises(ExportError, match=r"another model, other data or options, or of another"):
        nnhw.tune(MODEL, data=data, out=out, epochs=2)
    with monkeypatch.context() as version:
        version.setattr("nnhw.tuning.run._STATE", 1)
        with pytest.raises(ExportError, match=r"or of another version; give --force"):
            nnhw.tune(MODEL, data=data, out=out, epochs=1)
    nnhw.tune(MODEL, data=data, out=out, epochs=2, force=True)
    out.unlink()
    checkpoint = Path(f"{out}.checkpoint")
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(ExportError, match=r"Checkpoint .* cannot be read"):
        nnhw.tune(MODEL, data=data, out=out, epochs=2)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns(optimizer: str, tmp_path: Path) -> None:
    result = nnhw.tune(
        MODEL,
        data=samples(0, 120),
        out=tmp_path / "t.onnx",
        weight_bits=2,
        epochs=3,
        optimizer=optimizer,
        l2=1e-5,
        l1=1e-7,
    )
    losses = [epoch["val_loss"] for epoch in result.history]
    assert min(losses) < 0.95 * losses[0]


def test_labels_teach_alone_and_with_the_float_network(tmp_path: Path) -> None:
    data = samples(0, 200)
    for teacher in (False, True):
        result = nnhw.tune(
            MODEL,
            data=data,
            val=samples(1, 60),
            out=tmp_path / f"{teacher}.onnx",
            weight_bits=2,
            epochs=4,
            labels=True,
            teacher=teacher,
        )
        assert result.figure == "top-1 %"
        assert result.after > result.before
        assert result.samples["validation"] == 60
        assert result.samples["train"] == 200


def test_wrong_labels_are_learned_too(tmp_path: Path) -> None:
    """So labels do reach the loss."""
    data = samples(0, 200)
    data["y"] = (data["y"] + 1) % 10
    result = nnhw.tune(
        MODEL, data=data, out=tmp_path / "t.onnx", epochs=6, labels=True, teacher=False, lr=0.01
    )
    assert result.before < 20
    assert result.after > 60


def test_targets_are_learned(tmp_path: Path) -> None:
    data = samples(0, 200)
    rng = np.random.default_rng(0)
    data["y"] = rng.normal(size=(200, 10)).astype(np.float32)
    result = nnhw.tune(
        MODEL, data=data, out=tmp_path / "t.onnx", epochs=4, labels=True, teacher=False
    )
    assert result.history[-1]["train_loss"] < 0.7 * result.history[1]["train_loss"]
    assert result.figure == "SNR dB"


def test_hidden_layers_teach_where_samples_are_few(tmp_path: Path) -> None:
    losses = {}
    for hints in ("auto", "on", "off"):
        result = nnhw.tune(
            MODEL, data=samples(0, 60), out=tmp_path / f"{hints}.onnx", epochs=2, hints=hints
        )
        losses[hints] = [epoch["val_loss"] for epoch in result.history]
    assert losses["auto"] == losses["on"]
    assert losses["auto"] != losses["off"]


def test_a_run_stops_when_nothing_gets_better(tmp_path: Path) -> None:
    result = nnhw.tune(
        MODEL, data=samples(0, 60), out=tmp_path / "t.onnx", epochs=20, lr=1.0, patience=2
    )
    losses = [epoch["val_loss"] for epoch in result.history]
    assert len(losses) - 1 == losses.index(min(losses)) + 2
    assert any("untuned network" in warning for warning in result.warnings) == (
        result.best_epoch == 0
    )


def test_few_samples_are_told(tmp_path: Path) -> None:
    result = nnhw.tune(MODEL, data=samples(0, 12), out=tmp_path / "t.onnx", epochs=1)
    assert any("too few samples" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"teacher": False}, OptionError, "nothing is to be learned"),
        ({"labels": True}, DataError, "Option labels needs labels"),
        ({"optimiser": "adam"}, OptionError, "no option of tuning; did you mean optimizer"),
        ({"dropout": 1.0}, OptionError, "dropout must be a number between 0 and 1"),
        ({"weight_bits": 1}, OptionError, "weight_bits must be an integer from 2 to 8"),
        ({"bits": {"nowhere": 4}}, QuantizationError, "names 'nowhere'"),
        ({"out": 3}, OptionError, "Option out must be a path"),
        ({"hints": "on", "labels": True, "teacher": False}, OptionError, "nothing without teacher"),
        ({"hints": "on", "prune_to": 0.5}, OptionError, "nothing without all channels"),
        ({"lr": 1e300}, QuantizationError, "smaller learning rate"),
    ],
)
def test_refusals(options: dict, kind: type[Exception], message: str, tmp_path: Path) -> None:
    settings = {"out": tmp_path / "t.onnx", "epochs": 1, **options}
    with pytest.raises(kind, match=message):
        nnhw.tune(MODEL, data={"x": samples(0, 40)["x"]}, **settings)


def test_command_line(tmp_path: Path) -> None:
    np.savez(tmp_path / "train.npz", **samples(0, 60))
    np.savez(tmp_path / "val.npz", **samples(1, 30))
    config = tmp_path / "tune.toml"
    config.write_text('epochs = 9\nlr = 0.002\nschedule = "step"\n')
    arguments = ["tune", str(MODEL), "--data", str(tmp_path / "train.npz")]
    arguments += ["--val", str(tmp_path / "val.npz"), "--out", str(tmp_path / "t.onnx")]
    arguments += ["--weight-bits", "4", "--bits", "/body/body.1/Gemm=3", "--epochs", "2"]
    arguments += ["--optimizer", "nesterov", "--labels", "--config", str(config)]
    found = CliRunner().invoke(app, [*arguments, "--json"])
    assert found.exit_code == 0, found.output
    said = json.loads(found.stdout)
    assert said["options"]["lr"] == 0.002
    assert said["options"]["optimizer"] == "nesterov"
    assert said["options"]["labels"] is said["options"]["teacher"] is True
    assert len(said["history"]) == 3
    assert said["history"][0]["train_loss"] is None
    assert TuneOptions(**said["options"]).to_dict() == said["options"]
    graph = convert(load_model(tmp_path / "t.onnx"), Samples(), BuildOptions(trim=False)).whole
    bits = [node.weight_bits for node in graph.nodes if isinstance(node, QConv)]
    assert sorted(bits) == [3, 4, 4]
    (tmp_path / "t.onnx").unlink()
    text = CliRunner().invoke(app, arguments)
    assert text.exit_code == 0
    assert "30 validation samples" in text.output
    assert "nnhw build" in text.output


def test_bits_by_layer_are_chosen_for_a_budget(tmp_path: Path) -> None:
    """And are those of the file."""
    out = tmp_path / "t.onnx"
    result = nnhw.tune(MODEL, data=samples(0, 100), out=out, epochs=1, mean_bits=3.5)
    bits = result.options.bits
    sizes = {node.name: node.weight.size for node in result.graph.nodes if isinstance(node, QConv)}
    assert bits.keys() == sizes.keys()
    mean = sum(bits[layer] * sizes[layer] for layer in sizes) / sum(sizes.values())
    assert 3 < mean <= 3.5
    assert len(set(bits.values())) > 1
    for node in result.graph.nodes:
        if isinstance(node, QConv):
            assert abs(node.weight).max() < 1 << (bits[node.name] - 1)
    again = nnhw.tune(MODEL, data=samples(0, 100), out=out, force=True, epochs=1, mean_bits=3.5)
    assert again.options.bits == bits
    with pytest.raises(OptionError, match="Options mean_bits and weight_bits say the same"):
        nnhw.tune(MODEL, data=samples(0, 100), out=out, mean_bits=3.5, weight_bits=4)
    with pytest.raises(OptionError, match="mean_bits must be a number from 2 to 8"):
        nnhw.tune(MODEL, data=samples(0, 100), out=out, mean_bits=1.5)


@pytest.mark.parametrize("name", ["digits_mlp", "digits_resnet"])
def test_scales_that_are_powers_of_two_stay_so(name: str, tmp_path: Path) -> None:
    """So that the hardware requantizes by shifts alone, as that of a direct build."""
    out = tmp_path / "t.onnx"
    model = MODEL.with_name(f"{name}.onnx")
    result = nnhw.tune(
        model, data=samples(0, 200), out=out, epochs=3, power_of_two=True, weight_bits=3
    )
    assert result.best_epoch > 0
    built = nnhw.build(out, data=samples(1), stop="trim", trim=False).state.graph
    pairs = zip(result.graph.nodes, built.nodes, strict=True)
    convs = [pair for pair in pairs if isinstance(pair[0], QConv)]
    assert convs
    for tuned, again in convs:
        multiplier = tuned.requantize.multiplier
        assert not np.any(multiplier & (multiplier - 1))
        exponents = np.log2(tuned.weight_scale)
        assert np.allclose(exponents, exponents.round(), atol=1e-5)
        ratios = [
            np.ldexp(q.multiplier.astype(float), -q.shift)
            for q in (tuned.requantize, again.requantize)
        ]
        assert np.array_equal(*ratios)
        multiplier = again.requantize.multiplier
        assert not np.any(multiplier & (multiplier - 1))
    with pytest.raises(OptionError, match="power_of_two and learn_ranges do not go together"):
        nnhw.tune(MODEL, data=samples(0), out=out, power_of_two=True, learn_ranges=True)
