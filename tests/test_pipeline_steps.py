"""Steps of a build: start and stop, saved graphs, other steps."""

from dataclasses import replace
from pathlib import Path

import pytest

import nnhw
from nnhw.errors import OptionError
from nnhw.ir import load_graph
from nnhw.pipeline import STEPS, Step, build, insert_step, replace_step

EXAMPLES = Path(__file__).parents[1] / "examples"
MODEL, DATA = EXAMPLES / "digits_mlp.onnx", EXAMPLES / "digits.npz"
OPTIONS = {"data": DATA, "macs": 16, "vectors": 1, "sim": False}


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_stop_and_go_on(tmp_path):
    """Two halves give the design that one whole gives, byte for byte."""
    saved = tmp_path / "saved"
    half = build(MODEL, out=tmp_path / "half", stop="trim", save_steps=saved, **OPTIONS)
    assert half.folder is None
    assert not (tmp_path / "half").exists()
    assert load_graph(saved / "trim.graph.npz").name == half.state.graph.name == "digits_mlp"
    with pytest.raises(OptionError, match="stopped before its report"):
        _ = half.report

    titles: list[str] = []
    second = build(
        MODEL,
        out=tmp_path / "two" / "digits_mlp",
        start="measure",
        save_steps=saved,
        progress=lambda title, share: titles.append(title),
        **OPTIONS,
    )
    assert "Quantize" not in titles
    assert "Run the model file" in titles
    assert second.has_report
    build(MODEL, out=tmp_path / "one" / "digits_mlp", **OPTIONS)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_another_array_with_the_same_integers(tmp_path):
    saved = tmp_path / "saved"
    build(MODEL, out=tmp_path / "a", save_steps=saved, **OPTIONS)
    build(MODEL, out=tmp_path / "b", start="map", save_steps=saved, **{**OPTIONS, "macs": 4})
    a, b = (files(tmp_path / name) for name in "ab")
    assert a["golden.npz"] == b["golden.npz"]
    assert a["program.txt"] != b["program.txt"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": "map"}, "^Option start needs save_steps"),
        ({"stop": "quantise"}, "^A build has no step 'quantise'; did you mean quantize\\?$"),
        ({"stop": "zzz"}, "^A build has no step 'zzz'; there are read-model, read-data, "),
        (
            {"start": "map", "stop": "trim", "save_steps": "saved"},
            "^Step 'trim' comes before 'map'",
        ),
        ({"start": "map", "save_steps": "none"}, "^'none' holds no saved steps"),
    ],
)
def test_wrong_steps(tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionError, match=message):
        build(MODEL, out="design", **OPTIONS, **options)
    assert list(tmp_path.iterdir()) == []


def test_saved_with_other_options(tmp_path):
    saved = tmp_path / "saved"
    build(MODEL, stop="trim", save_steps=saved, **OPTIONS)
    with pytest.raises(OptionError, match=r"made with another weight_bits \(8, not 4\)"):
        build(MODEL, start="map", save_steps=saved, weight_bits=4, **OPTIONS)
    (saved / "trim.graph.npz").write_bytes(b"PK")
    with pytest.raises(nnhw.NnhwError, match=r"trim\.graph\.npz"):
        build(MODEL, out=tmp_path / "out", start="map", save_steps=saved, **OPTIONS)


def test_inserted_step():
    seen = []
    step = Step(name="look", title="Look", run=lambda state: seen.append(state.whole.name))
    steps = insert_step(STEPS, step, after="quantize")
    build(MODEL, steps=steps, stop="trim", **OPTIONS)
    assert seen == ["digits_mlp"]
    with pytest.raises(OptionError, match="has a step 'look' already"):
        insert_step(steps, step, after="quantize")


def test_another_quantizer():
    """Such as one that gives every layer a name of its own."""
    ordinary = next(step for step in STEPS if step.name == "quantize").run

    def run(state):
        ordinary(state)
        state.whole = replace(state.whole, name="other")

    result = build(MODEL, steps=replace_step(STEPS, "quantize", run), stop="trim", **OPTIONS)
    assert result.state.graph.name == "other"
