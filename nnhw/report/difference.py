"""Two exported designs side by side: which of their figures differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from .figures import Better, Measure, Measures, Value, read_figures

_ABSENT = Measure(value=None)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure of both designs.

    Parameters
    ----------
    name
        Such as "latency".
    a, b
        What either design has; None where it has no such figure.
    unit, better
        See `Measure`.
    """

    name: str
    a: Value
    b: Value
    unit: str = ""
    better: Better = ""

    @property
    def differs(self) -> bool:
        """Whether the two designs differ in it."""
        return self.a != self.b


@dataclass(frozen=True, kw_only=True)
class Section:
    """Figures that belong together: of an aspect of a design, or of one layer.

    Parameters
    ----------
    name
        Such as "accuracy", or the name of a layer.
    figures
        All that either design has, in the order of a's.
    """

    name: str
    figures: tuple[Figure, ...]

    @property
    def differing(self) -> tuple[Figure, ...]:
        """The figures in which the designs differ."""
        return tuple(figure for figure in self.figures if figure.differs)

    @property
    def only_in(self) -> str:
        """Where the section is at all, if it is missing in one design: "a", "b", else ""."""
        if all(figure.b is None for figure in self.figures):
            return "a"
        return "b" if all(figure.a is None for figure in self.figures) else ""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two designs side by side.

    Parameters
    ----------
    a, b
        Their folders.
    sections
        What there is to say about each as a whole.
    layers
        A section for each layer, those of the same name together, in the order of a's.
    """

    a: str
    b: str
    sections: tuple[Section, ...]
    layers: tuple[Section, ...]

    def to_dict(self) -> dict[str, Any]:
        """All figures, for JSON: name, a, b, unit, better, differs."""
        values: dict[str, Any] = {"a": self.a, "b": self.b}
        for key, sections in (("sections", self.sections), ("layers", self.layers)):
            values[key] = [
                {
                    "name": section.name,
                    "figures": [asdict(f) | {"differs": f.differs} for f in section.figures],
                }
                for section in sections
            ]
        return values


def diff_designs(a: str | PathLike[str], b: str | PathLike[str]) -> Difference:
    """Compare the reports of two exported designs, and what `nnhw synth` has found out about them.

    Parameters
    ----------
    a, b
        Folders that `nnhw.build` wrote, of the same network or of different ones.

    Raises
    ------
    ExportError
        If a folder holds no design that is whole, or no report of this version of nnhw.
    ToolError
        If a result of synthesis is damaged.
    """
    first, second = read_figures(Path(a)), read_figures(Path(b))
    return Difference(
        a=first.folder,
        b=second.folder,
        sections=_side_by_side(first.sections, second.sections),
        layers=_side_by_side(first.layers, second.layers),
    )


def _side_by_side(a: Mapping[str, Measures], b: Mapping[str, Measures]) -> tuple[Section, ...]:
    return tuple(
        Section(name=name, figures=_figures(a.get(name, {}), b.get(name, {})))
        for name in {**a, **b}
    )


def _figures(a: Measures, b: Measures) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            name=name,
            a=a.get(name, _ABSENT).value,
            b=b.get(name, _ABSENT).value,
            unit=measure.unit,
            better=measure.better,
        )
        for name, measure in {**a, **b}.items()
    )
