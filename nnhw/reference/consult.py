"""The file's answers, after our reading of it has been compared with them."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike

from ..data import SampleSource
from ..ir import Graph
from .answers import Answers, ask_file
from .check import check_reading
from .samples import random_samples


def consult_file(
    path: str | PathLike[str], network: Graph, x: SampleSource | None, seed: int
) -> Answers:
    """What a model file answers to samples, or to random ones; see `ask_file`.

    Parameters
    ----------
    path
        The ONNX file.
    network
        As it was loaded from it.
    x
        Samples; None if there are none.
    seed
        Of the random samples.

    Raises
    ------
    VerificationError
        If our reading of the file differs from its answers; see `check_reading`.
    """
    if x is None:
        x = random_samples(path, network, seed)
    answers = ask_file(path, network, x)
    return replace(answers, compared_samples=check_reading(path, network, x, answers))
