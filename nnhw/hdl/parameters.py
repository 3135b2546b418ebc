"""Checks of components' parameters: each message says what was expected, and what was given."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral


def check_integers(component: object, *, least: int = 1, **parameters: int) -> None:
    """Raise a TypeError unless all parameters, given by name, are integers from `least` on."""
    kind = {0: "a non-negative integer", 1: "a positive integer"}.get(
        least, f"an integer of at least {least}"
    )
    for name, value in parameters.items():
        is_number = isinstance(value, Integral) and not isinstance(value, bool)
        _check(component, name, value, kind, is_right=is_number and value >= least)


def check_powers_of_two(component: object, **parameters: int) -> None:
    """Raise a TypeError unless all parameters, given by name, are powers of two."""
    for name, value in parameters.items():
        is_right = isinstance(value, Integral) and value > 0 and value & (value - 1) == 0
        _check(component, name, value, "a power of two", is_right=is_right)


def check_at_most(component: object, most: int, meaning: str, **parameters: int) -> None:
    """Raise a TypeError unless all parameters, given by name, are at most `most`, which is what
    `meaning` says."""
    for name, value in parameters.items():
        _check(component, name, value, f"at most {meaning}, {most}", is_right=value <= most)


def check_words(component: object, words: Sequence[int], width: int) -> None:
    """Raise a TypeError unless there is a word, and all words are unsigned and of `width` bits."""
    _check(component, "words", words, "a sequence of at least one word", is_right=len(words) > 0)
    wrong = next((word for word in words if not 0 <= word < 1 << width), None)
    kind = f"unsigned integers of {width} bits"
    _check(component, "words", wrong, kind, is_right=wrong is None)


def _check(component: object, name: str, value: object, expected: str, *, is_right: bool) -> None:
    if not is_right:
        kind = type(component).__name__
        raise TypeError(f"'{name}' of {kind} must be {expected}, not {value!r}")
