"""What is to be good, and what has to hold."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from ..errors import OptionError
from .figures import FIGURES, Figure

FEW_LABELS = 100
"""Fewer labels do not tell a point of accuracy."""

STAND_INS = {"accuracy": "sqnr", "accuracy_drop": "disagreement"}
"""What takes the place of accuracy where there are too few labels."""

_COMPARISONS = {
    "<=": lambda value, limit: value - limit,
    ">=": lambda value, limit: limit - value,
}
_FORM = re.compile(r"\s*([a-z_]+)\s*(<=|>=|==|=|<|>)\s*([^\s<>=]+)\s*")
_SMALLEST_LIMIT = 1.0
"""What a violation is relative to where the limit is less."""


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """A bound on a figure.

    Parameters
    ----------
    name
        Of the figure.
    comparison
        "<=" or ">=".
    limit
        The bound.
    asked
        What the user wrote, where the figure stands in for another one; else "".
    """

    name: str
    comparison: str
    limit: float
    asked: str = ""

    def violation(self, figures: Mapping[str, float]) -> float:
        """How far a design is beyond it, relative to the bound; 0 or less if it holds."""
        excess = _COMPARISONS[self.comparison](figures[self.name], self.limit)
        return excess / max(abs(self.limit), _SMALLEST_LIMIT)

    def __str__(self) -> str:
        return f"{self.name}{self.comparison}{self.limit:g}"


def find_objectives(
    names: Sequence[str], known: Collection[str], *, few_labels: bool
) -> tuple[Figure, ...]:
    """The figures that are objectives.

    Parameters
    ----------
    names
        As the user gave them; empty: latency, accuracy, and LUTs or else multipliers.
    known
        Figures that designs of this search have.
    few_labels
        Whether others stand in for accuracy; see `STAND_INS`.

    Raises
    ------
    OptionError
        If one is no figure, is there twice, or is not known in this search; it says what is.
    """
    if not names:
        size = "luts" if "luts" in known else "multipliers"
        good = STAND_INS["accuracy"] if few_labels else "accuracy"
        names = ("latency", good, size) if good in known else ("latency", size)
    found = [_figure(name, "Objective", known, few_labels) for name in names]
    if len(set(found)) < len(found):
        raise OptionError(f"Option objective names one figure twice: {', '.join(names)}")
    return tuple(found)


def find_constraint(text: str, known: Collection[str], *, few_labels: bool) -> Constraint:
    """A constraint such as "accuracy_drop<=1".

    Raises
    ------
    OptionError
        If the text is no comparison of a figure with a number; it says what was expected.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise OptionError(
            f"Constraint {text!r} must be a figure, a comparison and a number, such as "
            "accuracy_drop<=1 or fps>=1000"
        )
    name, comparison, number = form.groups()
    if comparison not in _COMPARISONS:
        raise OptionError(
            f"Constraint {text!r} compares with '{comparison}'; write <= for at most, >= for at "
            "least"
        )
    try:
        limit = float(number)
    except ValueError:
        limit = float("nan")
    if limit != limit or abs(limit) == float("inf"):
        raise OptionError(f"Constraint {text!r} has the limit {number!r}, which is no number")
    figure = _figure(name, f"Constraint {text!r}:", known, few_labels)
    return Constraint(
        name=figure.name,
        comparison=comparison,
        limit=limit,
        asked="" if figure.name == name else text.strip(),
    )


def _figure(name: str, what: str, known: Collection[str], few_labels: bool) -> Figure:
    if name not in FIGURES:
        similar = get_close_matches(name, FIGURES, n=1)
        advice = f"did you mean {similar[0]}?" if similar else f"there are {', '.join(FIGURES)}"
        raise OptionError(f"{what} '{name}' is no figure of a design; {advice}")
    if few_labels and name in STAND_INS:
        name = STAND_INS[name]
    if name not in known:
        have = ", ".join(each for each in FIGURES if each in known)
        raise OptionError(
            f"{what} '{name}' is not known in this search, {_WHY.get(name, _DATA)}; "
            f"there are {have}"
        )
    return FIGURES[name]


_DATA = "which would need data of another kind"
_TARGET = "which needs a device: give --target (target=)"
_WHY = dict.fromkeys(("luts", "flip_flops", "dsps", "block_rams", "clock"), _TARGET)
