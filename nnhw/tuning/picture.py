"""The curves of a run as a PNG file, by matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from ..report import Curve
from ..search.picture import png

_COLOURS = ("#0b61a4", "#b34700")


def draw_png(title: str, charts: Mapping[str, Sequence[Curve]], marked: int) -> bytes:
    """Charts one below the other, with a line at the marked epoch."""
    figure = Figure(figsize=(8, 2.6 * len(charts)), layout="constrained")
    figure.suptitle(title)
    for axes, (name, curves) in zip(figure.subplots(len(charts), 1), charts.items(), strict=True):
        axes.set_title(name, fontsize="medium")
        for curve, colour in zip(curves, _COLOURS, strict=False):
            epochs, values = [[point[axis] for point in curve.points] for axis in (0, 1)]
            axes.plot(epochs, values, color=colour, label=curve.name)
        axes.axvline(marked, color="#767676", linestyle="--", linewidth=1, label="taken")
        axes.legend(fontsize="small")
    axes.set_xlabel("epoch")
    return png(figure)
