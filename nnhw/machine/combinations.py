"""How the two terms of a pair become one, and the codes of that in instructions."""

from __future__ import annotations

from collections.abc import Sequence

SUM, PRODUCT = 0, 1
"""Codes of the two that nnhw has itself: terms are added, operands are multiplied."""


def combination_code(name: str, own: Sequence[str]) -> int:
    """The code of a combination.

    Parameters
    ----------
    name
        "sum", "product" or one of `own`.
    own
        Those that only some engines have, in their order (`Limits.combinations`).
    """
    return ("sum", "product", *own).index(name)
