"""How good an integer network is: all figures, and what there is to warn of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..data import Dataset, MetricFunction
from ..ir import Graph
from ..reference import Answers
from .accuracy import measure_accuracy
from .assess import Assessed, find_warnings
from .changed_roundings import ChangedRoundings, measure_changed_roundings
from .noise import Noise, measure_noise
from .own_noise import measure_own_noise
from .structure import Accuracy, Reference
from .warnings import QualityWarning


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What is known about an integer network's quality.

    Parameters
    ----------
    reference
        What it is compared with; None if that is not known.
    accuracy
        On evaluation samples; None without.
    noise, own_noise
        By tensor; see `measure_noise` and `measure_own_noise`. Empty without samples.
    changed_roundings
        Of multipliers that are narrower than the model asks for; None if they are not.
    warnings
        See `find_warnings`.
    """

    reference: Reference | None = None
    accuracy: Accuracy | None = None
    noise: Mapping[str, Noise] = field(default_factory=dict)
    own_noise: Mapping[str, float] = field(default_factory=dict)
    changed_roundings: ChangedRoundings | None = None
    warnings: tuple[QualityWarning, ...] = ()


def measure_quality(
    answers: Answers,
    float_graph: Graph,
    whole: Graph,
    trimmed: Graph,
    evaluation: Dataset | None,
    *,
    exact: Graph | None = None,
    narrowest_bits: int,
    metrics: Mapping[str, MetricFunction] | None = None,
) -> Quality:
    """Compare an integer network with the exact one.

    Parameters
    ----------
    answers
        The exact network's, to the evaluation samples.
    float_graph
        The network as it was quantized.
    whole, trimmed
        What came of it, and without constant channels.
    evaluation
        Samples, with labels or without; None: only what the reference is can be said.
    exact
        What came of it with multipliers as wide as its scales ask for, if they are narrower.
    narrowest_bits
        The fewest bits that were asked for.
    metrics
        The user's own, by name.

    Raises
    ------
    DataError
        If a metric fails or gives no number.
    """
    reference = Reference(
        by=answers.by, reason=answers.reason, compared_samples=answers.compared_samples
    )
    changed = None
    if exact is not None:
        x = evaluation.x if evaluation else None
        changed = measure_changed_roundings(exact, whole, x)
    if evaluation is None:
        return Quality(reference=reference, changed_roundings=changed)
    # Against the file itself, and of the trimmed network, so that a mistake in any step shows.
    accuracy = measure_accuracy(answers.outputs, trimmed, evaluation, metrics)
    noise = measure_noise(float_graph, whole, evaluation.x)
    own_noise = measure_own_noise(float_graph, whole, evaluation.x)
    design = Assessed(
        float_graph=float_graph,
        integer_graph=whole,
        x=evaluation.x,
        accuracy=accuracy,
        noise=noise,
        own_noise=own_noise,
        narrowest_bits=narrowest_bits,
        changed_roundings=changed,
    )
    return Quality(
        reference=reference,
        accuracy=accuracy,
        noise=noise,
        own_noise=own_noise,
        changed_roundings=changed,
        warnings=find_warnings(design),
    )
