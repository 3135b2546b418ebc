"""What all trials of a search share: computed once, and sent to whoever evaluates."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..conversion import Samples, idle_options, needs_calibration
from ..data import Data
from ..design import sha256_of
from ..errors import NnhwError
from ..ir import Graph
from ..options import BuildOptions
from ..pipeline import build
from .objectives import Constraint
from .space import Space, Value, with_values, without

LAST_STEP = "run-model-file"
"""Of a build: what comes behind depends on the design."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """A network, samples, and the options that all designs have in common; can be pickled.

    Parameters
    ----------
    network
        Float graph, as it was read.
    samples
        Data, shared out; of those for evaluation as many as are measured on.
    answers
        What the model file answers to those, by output.
    options
        Of all designs.
    model_sha256, data_sha256
        Of the model file and of all data; "" without data.
    constraints
        What has to hold: a design that misses one is not looked at any further.
    estimated
        Names of figures that are not known before a design is estimated.
    """

    network: Graph
    samples: Samples
    answers: Mapping[str, np.ndarray]
    options: BuildOptions
    model_sha256: str
    data_sha256: str
    constraints: tuple[Constraint, ...] = ()
    estimated: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """A digest of all that the figures of a design depend on, but for its own options."""
        facts = [
            self.model_sha256,
            self.data_sha256,
            len(self.samples.evaluation or ()),
            self.options.to_dict(),
            [str(constraint) for constraint in self.constraints],
            sorted(self.estimated),
        ]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def read_problem(
    file: Path,
    data: Data | None,
    options: BuildOptions,
    *,
    samples: int,
    progress: Callable[[str, float], None],
) -> Problem:
    """Read a network and data, and have the model file answer.

    Parameters
    ----------
    samples
        Most samples that accuracy is measured on.

    Raises
    ------
    NnhwError
        See `build`.
    """
    state = build(file, data=data, config=options, stop=LAST_STEP, progress=progress).state
    evaluation, answers = state.samples.evaluation, state.answers.outputs
    if evaluation is not None:
        evaluation = replace(
            evaluation,
            x=evaluation.x[:samples],
            y=None if evaluation.y is None else evaluation.y[:samples],
        )
        answers = {name: values[:samples] for name, values in answers.items()}
    return Problem(
        network=state.network,
        samples=replace(state.samples, evaluation=evaluation),
        answers=answers,
        options=options,
        model_sha256=sha256_of(file),
        data_sha256="" if state.data is None else state.data.sha256,
    )


def fitting(space: Space, problem: Problem) -> Space:
    """The space without values that ask a quantized model for other numbers than it brings.

    Weights of fewer bits than it has would need samples to calibrate with, which those that go
    without do not spare: such bits are the same in all designs, or it is left at its own.
    """
    idle: dict[str, list[Value]] = {}
    for name, values in space.to_dict().items():
        idle[name] = [value for value in values if _is_idle(problem, name, value)]
    return without(space, idle)


def _is_idle(problem: Problem, name: str, value: Value) -> bool:
    try:
        options = with_values(problem.options, {name: value})
    except NnhwError:  # it goes with others only
        return False
    network = problem.network
    if needs_calibration(network, options) and not needs_calibration(network, problem.options):
        return True
    return name.partition(".")[0] in idle_options(network, options)
