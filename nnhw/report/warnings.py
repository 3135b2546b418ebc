"""What a warning about a design is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class QualityWarning:
    """One thing that makes a design poor, though it equals its golden model.

    Parameters
    ----------
    kind
        The same word for the same kind of problem: "pole", "reference-scores", "low-sqnr",
        "accuracy-drop", "low-agreement", "cut-off", "narrow", "roundings" or "device".
    layer
        Name of the node, or of the input, where the problem arises, which need not be where it
        shows; None if it is not a single one's.
    problem
        What is wrong, with figures; a sentence without its full stop.
    advice
        What to try; likewise.
    """

    kind: str
    layer: str | None
    problem: str
    advice: str


def describe_warnings(warnings: Iterable[QualityWarning]) -> list[str]:
    """Warnings in whole sentences; those that have place and advice in common are one text."""
    together: dict[tuple[str | None, str], list[str]] = {}
    for warning in warnings:
        together.setdefault((warning.layer, warning.advice), []).append(warning.problem)
    texts = []
    for (layer, advice), problems in together.items():
        place = [f"It arises in '{layer}'"] if layer is not None else []
        texts.append(" ".join(map(_sentence, (*problems, *place, advice))))
    return texts


def describe_refusal(warnings: Iterable[QualityWarning]) -> str:
    """What a build says that does not accept warnings."""
    return "\n".join(
        [
            "The design is poor, and the option strict does not accept that:",
            *(f"  - {text}" for text in describe_warnings(warnings)),
            "Nothing was written. Without strict it is built, with the same words as warnings",
        ]
    )


def _sentence(text: str) -> str:
    return text if text.endswith("?") else f"{text}."
