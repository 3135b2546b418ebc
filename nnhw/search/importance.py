"""Which parameters matter for what."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.trial import FrozenTrial, TrialState

from .goal import Goal

FEWEST_TRIALS = 20
"""Fewer tell nothing of what matters."""

Importances = Mapping[str, Mapping[str, float]]
"""Shares that add up to one, by parameter, by objective."""


def parameter_importances(study: optuna.Study, goal: Goal) -> Importances:
    """How much each parameter has to do with being among the best tenth, by objective.

    By PED-ANOVA (Watanabe, Bansal and Hutter, 2023), of all designs that can be built; nothing if
    there are too few, or all are alike.
    """
    built = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    if len(built) < FEWEST_TRIALS or not goal.space.parameters:
        return {}
    # takes a second or two to import
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    found = {}
    for place, figure in enumerate(goal.objectives):
        sign = -1.0 if figure.more else 1.0

        def loss(trial: FrozenTrial, place: int = place, sign: float = sign) -> float:
            return sign * trial.values[place]

        if len({loss(trial) for trial in built}) == 1:
            continue
        with warnings.catch_warnings():  # that Optuna may change it, and that less is better
            warnings.simplefilter("ignore", ExperimentalWarning)
            warnings.simplefilter("ignore", UserWarning)
            found[figure.name] = dict(
                get_param_importances(study, evaluator=PedAnovaImportanceEvaluator(), target=loss)
            )
    return found
