"""What of a difference from onnxruntime is noise, and what is a wrong answer.

Float reading: an element is off if it differs by more than 1e-4 of its output's largest value. It
is excused if onnxruntime's own value is off likewise when constants and inputs change by some units
in the last place (2^-23 to 2^-19): there, float32 does not define the answer. Where such elements
exist, a quarter more may be off, since not every element next to a step is hit in a few draws.

Integers: the contract allows one step an operator, where the exact quotient lies next to a tie. For
operators in a row, that means at the outputs: at most 2% of the elements (or two) differ beyond
those that change in onnxruntime likewise, and none by more steps than the largest such change plus
one step for every rounding in the graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from .reference import NoReferenceError, Reference

Answers = Mapping[str, np.ndarray]

TOLERANCE = 1e-4
DRAWS = tuple(2.0**-power for power in (23, 22, 21, 20, 19, 21, 20, 19))


def find_difference(
    reference: Reference,
    x: Answers,
    found: Answers,
    *,
    steps: Mapping[str, float] | None = None,
    roundings: int = 0,
    bias: float = 0.0,
    reach: Mapping[str, tuple[float, float]] | None = None,
) -> str | None:
    """What is wrong with answers, or None.

    Parameters
    ----------
    x, found
        Inputs and answers by ONNX name, (N, *ONNX shape).
    steps
        By output, how far apart neighbouring values are; None: float.
    roundings
        How many operators round one after the other.
    bias
        Error of what is added to sums, where biases arrive as real numbers and become integers.
    reach
        Least and largest value of outputs that saturate where the file does not.

    Raises
    ------
    NoReferenceError
        If onnxruntime has no answer.
    WrongShapeError
        If its answer has another size.
    """
    expected = reference.run(x)
    disturbed: list[Answers] | None = None
    for name, right in expected.items():
        answer = np.asarray(found[name], np.float64)[: len(right)]
        valid = np.isfinite(right)
        right = np.clip(right, *(reach or {}).get(name, (-np.inf, np.inf)))
        if not valid.any():
            continue
        unit = _unit(right, valid, None if steps is None else steps[name])
        off = valid & ~(np.abs(answer - right) <= unit)
        if not off.any():
            continue
        if disturbed is None:
            disturbed = list(_disturbed(reference, x, bias))
        moved = np.zeros(right.shape)
        for other in disturbed:
            change = np.abs(other[name] - right)
            moved = np.maximum(moved, np.where(np.isfinite(change), change, np.inf))
        excused = moved > 0.3 * unit
        unexplained = off & ~excused
        rounded = steps is not None or roundings > 0
        allowed = np.count_nonzero(excused) / 4 + (max(2, 0.02 * off.size) if rounded else 0)
        count = np.count_nonzero(unexplained)
        if count > allowed:
            return _told(name, answer, right, unexplained, unit)
        if steps is None:
            continue
        finite = moved[np.isfinite(moved)]
        most = finite.max(initial=0) + (roundings + 1) * steps[name]
        far = off & ~(np.abs(answer - right) <= most)
        if far.any() and np.isfinite(moved).all():
            return _told(name, answer, right, far, unit)
    return None


def _unit(right: np.ndarray, valid: np.ndarray, step: float | None) -> float:
    """The largest difference that is none."""
    largest = float(np.abs(right[valid]).max())
    noise = TOLERANCE * largest + 1e-30
    return noise if step is None else max(0.51 * step, 1e-6 * largest)


def _disturbed(reference: Reference, x: Answers, bias: float) -> Iterator[Answers]:
    for seed, amount in enumerate(DRAWS):
        generator = np.random.default_rng(seed)
        noisy = {
            name: array * (1 + generator.uniform(-amount, amount, array.shape))
            if array.dtype.kind == "f"
            else array
            for name, array in x.items()
        }
        try:
            yield reference.disturbed(amount, seed, bias).run(noisy)
        except NoReferenceError:
            continue


def _told(name: str, answer: np.ndarray, right: np.ndarray, wrong: np.ndarray, unit: float) -> str:
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    return (
        f"'{name}' differs in {np.count_nonzero(wrong)} of {wrong.size} elements by more than "
        f"{unit:.3g}; element {index} is {answer[index]:.6g}, onnxruntime says {right[index]:.6g}"
    )
