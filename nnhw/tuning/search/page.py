"""What a search of settings writes for people."""

from __future__ import annotations

from pathlib import Path

from ...options import TuneOptions, flag_of
from ...report import Found, render_exploration
from ...search.drawn import number_text
from ...search.figures import flat
from ...search.files import write_file
from ...search.picture import draw_trials_png
from ...search.plots import (
    picture_of_progress,
    pictures_of_parameters,
    plotly_script,
)
from ...search.result import SearchResult
from .space import with_settings

_SHOWN = 20
"""Trials in the table."""


def write_pictures(result: SearchResult, options: TuneOptions, path: Path) -> None:
    """Write the page and the picture of a search beside its study."""
    title = f"Settings for {path.name.removesuffix('.study.db')}"
    write_file(path.with_suffix(".html"), _page(result, options, title).encode())
    write_file(path.with_suffix(".png"), draw_trials_png(result, title))


def _page(result: SearchResult, options: TuneOptions, title: str) -> str:
    ended = [trial for trial in result.trials if trial.values is not None]
    best = sorted(ended, key=lambda trial: trial.values or ())[:_SHOWN]
    space = result.goal.space
    found = []
    for trial in best:
        chosen = with_settings(options, space, trial.point)
        named = {name: getattr(chosen, name) for name in options.search_over}
        flags = [f"{flag_of(name)} {value}" for name, value in named.items() if value is not None]
        figures = flat(trial.outcome.figures)
        cells = (
            str(trial.number),
            *(number_text(figures[name]) for name in ("val_loss", "figure")),
        )
        found.append(Found(cells=cells, command=" ".join(flags)))
    return render_exploration(
        title=title,
        facts={
            "chosen by": f"{options.search}, by the least loss on validation samples",
            "trials": f"{len(result.trials):,}, of {len(space):,} combinations there are",
            "of these": f"{len(ended):,} came to their end, the others were stopped at the median "
            "or diverged",
            "epochs of a trial": str(options.epochs),
            "processor time": f"{sum(trial.outcome.seconds for trial in result.trials):,.0f} s",
        },
        remarks=(),
        heading="Settings",
        caption="The best trials; a figure on samples that it was chosen by flatters",
        columns=("trial", *(figure.label for figure in result.objectives), "figure"),
        found=found,
        pictures=(picture_of_progress(result), *pictures_of_parameters(result, "trial")),
        space={
            name: ", ".join(str(value) for value in values)
            for name, values in space.to_dict().items()
        },
        script=plotly_script(),
    )
