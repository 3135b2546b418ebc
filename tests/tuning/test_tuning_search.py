"""`nnhw tune --search`: settings of a run, chosen by validation samples."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("optuna")

import optuna
from optuna.trial import TrialState
from typer.testing import CliRunner

import nnhw
from nnhw.cli import app
from nnhw.errors import OptionError, QuantizationError
from nnhw.options import OPTIMIZERS, SEARCHED, TUNE_SAMPLERS, TuneOptions
from nnhw.tuning.optimizers import largest_rate
from nnhw.tuning.search.space import space_of, with_settings

EXAMPLES = Path(__file__).parents[2] / "examples"
MODEL = EXAMPLES / "digits_mlp.onnx"
SETTINGS = {"weight_bits": 2, "epochs": 2, "threads": 1}


def samples(count: int = 60) -> dict[str, np.ndarray]:
    with np.load(EXAMPLES / "digits.npz") as arrays:
        return {name: arrays[name][:count] for name in arrays}


def trials(path: Path) -> list[optuna.trial.FrozenTrial]:
    """Of the study beside a tuned file."""
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{path}.study.db")
    return study.get_trials()


@pytest.mark.parametrize("sampler", TUNE_SAMPLERS)
def test_the_best_trial_is_the_result(sampler: str, tmp_path: Path) -> None:
    result = nnhw.tune(
        MODEL, data=samples(), out=tmp_path / "t.onnx", search=sampler, trials=7, **SETTINGS
    )
    found = result.searched
    count = 6 if sampler == "grid" else 7  # of three rates and two optimizers
    assert (found.sampler, found.trials) == (sampler, count)
    ended = {t.number: t.value for t in trials(result.path) if t.state is TrialState.COMPLETE}
    assert found.best == min(ended, key=ended.get)
    assert len(ended) == count - found.stopped
    least = min(epoch["val_loss"] for epoch in result.history)
    assert least == pytest.approx(ended[found.best])
    for name, value in found.settings.items():
        assert getattr(result.options, name) == value
    assert set(found.settings) == set(SEARCHED)
    assert found.page.read_text(encoding="utf-8").count("--optimizer") == len(ended)
    assert found.study.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_trials_that_do_no_better_than_half_of_the_others_are_stopped(tmp_path: Path) -> None:
    result = nnhw.tune(
        MODEL,
        data=samples(),
        out=tmp_path / "t.onnx",
        search="random",
        search_over="lr,optimizer",
        trials=14,
        **{**SETTINGS, "epochs": 4},
    )
    stopped = [trial for trial in trials(result.path) if trial.state is TrialState.PRUNED]
    assert len(stopped) == result.searched.stopped
    begun = [trial for trial in stopped if trial.intermediate_values]  # and were not drawn before
    assert begun
    for trial in begun:
        steps = trial.intermediate_values
        assert 1 <= max(steps) < 4
        others = [
            t.intermediate_values
            for t in trials(result.path)[: trial.number]
            if t.state is TrialState.COMPLETE
        ]
        reached = [some[max(steps)] for some in others if max(steps) in some]
        assert min(steps.values()) > np.median(reached)


def test_a_search_goes_on_and_is_not_done_twice(tmp_path: Path) -> None:
    settings = {"data": samples(), "out": tmp_path / "t.onnx", "search": "random", **SETTINGS}

    def stop(step: str, share: float) -> None:
        if step.startswith("Trial 3"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nnhw.tune(MODEL, trials=4, progress=stop, **settings)
    assert not settings["out"].exists()
    first = [trial.params for trial in trials(settings["out"])][:2]
    steps = []
    result = nnhw.tune(MODEL, trials=4, progress=lambda step, share: steps.append(step), **settings)
    assert result.searched.trials == 4
    assert not any(step.startswith("Trial 2") for step in steps)
    assert [trial.params for trial in trials(settings["out"])][:2] == first
    settings["out"].unlink()
    steps.clear()
    again = nnhw.tune(MODEL, trials=4, progress=lambda step, share: steps.append(step), **settings)
    assert not any(step.startswith(("Trial", "Epoch")) for step in steps)
    assert again.searched == result.searched
    settings["out"].unlink()
    with pytest.raises(OptionError, match="is of another search"):
        nnhw.tune(MODEL, trials=4, seed=1, **settings)


def test_what_is_searched() -> None:
    options = TuneOptions(search="tpe", search_over="lr,batch", optimizer="sgd", batch=8)
    space = space_of(options)
    assert [parameter.name for parameter in space.parameters] == ["lr", "batch"]
    chosen = with_settings(options, space, {"lr": 4.0, "batch": 64})
    assert (chosen.optimizer, chosen.batch) == ("sgd", 64)
    assert chosen.lr == pytest.approx(4 * largest_rate(options))
    given = TuneOptions(search="tpe", search_over="optimizer", lr=0.5)
    for optimizer in OPTIMIZERS:
        assert with_settings(given, space_of(given), {"optimizer": optimizer}).lr == 0.5
    grid = space_of(TuneOptions(search="grid", trials=12))
    assert len(grid) <= 12
    assert {"lr", "optimizer"} <= {parameter.name for parameter in grid.parameters}
    alone = space_of(TuneOptions(search="grid", trials=1, batch=64))
    assert (alone.fixed["optimizer"], alone.fixed["batch"], alone.fixed["lr"]) == ("adam", 64, 1.0)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"search": "nsga2"}, OptionError, "search must be one of grid, random, tpe"),
        ({"trials": 5}, OptionError, "trials says nothing without search; give that, too"),
        ({"search": "tpe", "search_over": "seed"}, OptionError, "names 'seed'; there are lr"),
        ({"search": "tpe", "prune_to": 0.5}, OptionError, "search the settings first, then prune"),
        (
            {"search": "grid", "search_over": "batch", "trials": 1, "lr": 1e300},
            QuantizationError,
            "No trial of the search has come to an end: .*smaller learning rate",
        ),
    ],
)
def test_refusals(options: dict, kind: type[Exception], message: str, tmp_path: Path) -> None:
    with pytest.raises(kind, match=message):
        nnhw.tune(MODEL, data=samples(), out=tmp_path / "t.onnx", **SETTINGS, **options)


def test_command_line(tmp_path: Path) -> None:
    np.savez(tmp_path / "train.npz", **samples())
    arguments = ["tune", str(MODEL), "--data", str(tmp_path / "train.npz"), "--epochs", "1"]
    arguments += ["--out", str(tmp_path / "t.onnx"), "--search", "random", "--trials", "2"]
    arguments += ["--search-over", "lr", "--search-over", "l2"]
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code == 0, found.output
    assert "best of 2 trials" in found.output
    (tmp_path / "t.onnx").unlink()
    again = CliRunner().invoke(app, [*arguments, "--json"])
    assert again.exit_code == 0, again.output
    told = json.loads(again.stdout)["searched"]
    assert set(told["settings"]) == {"lr", "l2"}
