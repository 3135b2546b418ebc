"""`--synth`: the best designs are built and synthesized."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("optuna")

from test_explore import explore

import nnhw
from nnhw.errors import OptionError, ToolError
from nnhw.search import run
from nnhw.search.figures import Kind

SETTINGS: dict[str, Any] = {
    "target": "ice40up5k",
    "space": {"rows": [1, 2], "cols": [1]},
    "objective": "latency_cycles,multipliers",
    "constraint": "latency_cycles<=100000",
}


def test_figures_of_designs_are_beside_the_estimates(tmp_path: Path, monkeypatch) -> None:
    calls = []

    def confirmed(model, data, options, folder, progress):
        calls.append((options.rows, folder.name))
        if options.rows == 1:
            raise ToolError("no way")
        return {Kind.PLACED: {"luts": 4000, "clock": 20.0}}

    monkeypatch.setattr(run, "confirm_design", confirmed)
    result = explore(tmp_path / "out", synth="top:5", **SETTINGS)
    assert sorted(calls) == [(1, "trial_0"), (2, "trial_1")]
    placed = result.to_dataframe().set_index("rows").luts_placed
    assert placed[2] == 4000
    assert placed.isna()[1]
    assert result.remarks == ("The design of trial 0 could not be confirmed: no way",)


def test_a_device_is_needed(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="Option synth needs a device; give target, too"):
        explore(tmp_path / "out", synth="top:1")
    with pytest.raises(OptionError, match="Option synth must be a number of the best, such as top"):
        explore(tmp_path / "out", synth="5")


@pytest.mark.slow
def test_the_best_design_is_placed(tmp_path: Path) -> None:
    result = explore(tmp_path / "out", synth="top:1", **SETTINGS)
    best = result.front[0]
    placed = best.outcome.figures[Kind.PLACED]
    estimated = best.outcome.figures[Kind.ESTIMATED]
    assert placed["clock"] > 5
    assert abs(placed["luts"] / estimated["luts"] - 1) < 0.3
    assert (tmp_path / "out" / "designs" / f"trial_{best.number}" / "manifest.json").is_file()
    assert isinstance(result, nnhw.ExploreResult)
