"""What a run writes for people: a page, and its curves as a picture."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence

from ..report import Curve, render_tuning
from ..search.files import write_file
from .result import TuneResult, rounds_table


def write_pages(result: TuneResult, model: str) -> None:
    """Write the page of a run, and the picture where matplotlib is installed.

    Parameters
    ----------
    model
        Name of its file.
    """
    write_file(result.page, _page(result, model).encode())
    if importlib.util.find_spec("matplotlib") is not None:
        from .picture import draw_png

        picture = draw_png(f"Tuning of {model}", _charts(result), result.best_epoch)
        write_file(result.page.with_suffix(".png"), picture)


def _charts(result: TuneResult) -> Mapping[str, Sequence[Curve]]:
    """Curves that share their axes, by title."""

    def curve(name: str, key: str) -> Curve:
        points = [(epoch, values[key]) for epoch, values in enumerate(result.history)]
        return Curve(name=name, points=tuple(p for p in points if p[1] == p[1]))

    return {
        "loss": (curve("training", "train_loss"), curve("validation", "val_loss")),
        f"{result.figure}, on validation samples": (curve("validation", "figure"),),
        "learning rate": (curve("rate", "rate"),),
    }


def _page(result: TuneResult, model: str) -> str:
    told = {
        "model": model,
        "epoch taken": f"{result.best_epoch} of {len(result.history) - 1}, by the loss on "
        "validation samples",
        f"{result.figure}, before tuning": f"{result.before:.2f}",
        f"{result.figure}, after tuning": f"{result.after:.2f}",
        "samples trained on": f"{result.samples['train']:,}",
        "of these calibrated with": f"{result.samples['calibration']:,}",
        "samples that the epoch was chosen by": f"{result.samples['validation']:,}",
    }
    given = {name: str(value) for name, value in result.options.to_dict().items()}
    if result.rounds:
        first, last = result.rounds[0], result.rounds[-1]
        told |= {
            "clock cycles a frame": f"{last.interval_cycles:,} of {first.interval_cycles:,}",
            "bits of memory": f"{last.memory_bits:,} of {first.memory_bits:,}",
            "weights": f"{last.weights:,} of {first.weights:,}",
        }
    if result.searched:
        told["settings chosen"] = f"the best of {result.searched.trials} trials, by the least loss "
        told["settings chosen"] += f"on validation samples; see {result.searched.page.name}"
    return render_tuning(
        title=f"Tuning of {model}",
        facts=told,
        rounds=rounds_table(result),
        options=given,
        warnings=result.warnings,
        charts=_charts(result),
        marked=result.best_epoch,
    )
