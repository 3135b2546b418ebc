"""The table of TFLite operators: which function translates each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..network import Operator
from ..writer import Writer

Translate = Callable[[Operator, Writer], str | list[str]]
"""Appends the nodes of an operator; returns the names of its results."""


@dataclass(frozen=True)
class Translator:
    """How an operator is translated.

    Parameters
    ----------
    translate
        The function.
    keeps_values
        Whether results are elements of its inputs.
    """

    translate: Translate
    keeps_values: bool = False


TRANSLATORS: dict[str, Translator] = {}
"""By the operator's name in the schema."""


def translates(*kinds: str, keeps_values: bool = False) -> Callable[[Translate], Translate]:
    """Enter the decorated function for operators of these names; see `Translator`."""

    def enter(translate: Translate) -> Translate:
        TRANSLATORS.update(dict.fromkeys(kinds, Translator(translate, keeps_values)))
        return translate

    return enter
