"""What chooses the next point: Optuna's samplers, and a grid."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler

from .space import Parameter, Space

_POPULATION_SHARE, _LEAST_POPULATION, _MOST_POPULATION = 10, 8, 50
"""NSGA-II has ten generations, of as many designs as that leaves."""


def make_sampler(name: str, *, seed: int, number: int, budget: int) -> BaseSampler:
    """The sampler that chooses trial `number`.

    Each trial has one of its own, whose random numbers follow from seed and number: what has been
    tried stands in the study, so that a study which was interrupted goes on as if it had not been.

    Parameters
    ----------
    name
        One of `nnhw.options.SAMPLERS`; a grid needs none, and gets random numbers.
    seed
        Of the search.
    number
        Of the trial.
    budget
        Trials in all.
    """
    digest = hashlib.sha256(f"{seed} {number}".encode()).digest()
    own = int.from_bytes(digest[:4], "little")
    match name:
        case "tpe":
            return TPESampler(seed=own)
        case "nsga2":
            size = min(max(budget // _POPULATION_SHARE, _LEAST_POPULATION), _MOST_POPULATION)
            return NSGAIISampler(seed=own, population_size=size)
        case _:
            return RandomSampler(seed=own)


def distributions(space: Space) -> Mapping[str, BaseDistribution]:
    """The parameters of a space as Optuna has them."""
    return {parameter.name: _distribution(parameter) for parameter in space.parameters}


def _distribution(parameter: Parameter) -> BaseDistribution:
    values = parameter.values
    if parameter.step is not None:
        return IntDistribution(int(values[0]), int(values[-1]), step=parameter.step)
    return CategoricalDistribution(values)


def silence() -> None:
    """Let Optuna tell of problems only: progress is shown by nnhw."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
