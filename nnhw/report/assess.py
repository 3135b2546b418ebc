"""Looks for everything that makes a design poor: what to warn of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..data import SampleSource
from ..ir import Graph, QFunction
from .changed_roundings import ChangedRoundings
from .noise import Noise
from .own_noise import NoiseSource, find_noise_source
from .poles import RECIPROCAL_SUFFIX, find_poles
from .significance import at_least, at_most
from .structure import Accuracy
from .warnings import QualityWarning

LEAST_SQNR_DB = 20.0
MOST_LOST = 1.0
"""Points of accuracy."""
LEAST_AGREEMENT = 95.0
"""Per cent."""
MOST_CUT_OFF = 0.01
MOST_CHANGED = 4.0
"""Per cent of an output's elements: changed by a step each they make half as much noise as rounding
itself, a twelfth of a squared step."""
_HARMLESS_SQNR_DB = 30.0
"""Of a tensor whose values that are cut off make no difference."""

NARROW_BITS = 4
"""Widths up to which noise is what was asked for."""

_ENOUGH_SAMPLES = 100
"""From here on a share is what it is; of fewer it has to be unlikely by chance, too."""
_UNLIKELY = 1 / 8
_SIGNIFICANT = 1 / 20
_LABELS = 20
"""Fewer do not tell whether a network scores badly."""
_GOOD_SHARE = 1 / 3
"""Of the way from chance to perfection; a network that is of use is farther."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Assessed:
    """What there is to judge a design by.

    Parameters
    ----------
    float_graph
        The network as it was quantized.
    integer_graph
        What came of it.
    x
        Evaluation samples.
    accuracy, noise, own_noise
        What `measure_accuracy`, `measure_noise` and `measure_own_noise` found.
    narrowest_bits
        The fewest bits that were asked for, of weights and activations.
    changed_roundings
        What `measure_changed_roundings` found, if multipliers are narrower than asked for.
    """

    float_graph: Graph
    integer_graph: Graph
    x: SampleSource
    accuracy: Accuracy
    noise: Mapping[str, Noise]
    own_noise: Mapping[str, float]
    narrowest_bits: int
    changed_roundings: ChangedRoundings | None = None


def find_warnings(design: Assessed) -> tuple[QualityWarning, ...]:
    """All warnings about a design, the most important first.

    Where a build asks for 4 bits or fewer, all that its noise does is one of kind "narrow".
    """
    poles = find_poles(design.float_graph, design.x)
    by_noise = _noise_warnings(design, poles)
    if by_noise and design.narrowest_bits <= NARROW_BITS:
        by_noise = [_narrow(design.narrowest_bits, by_noise)]
    return (
        *poles,
        *_reference_scores(design.accuracy),
        *by_noise,
        *_changed(design),
    )


def _noise_warnings(design: Assessed, poles: list[QualityWarning]) -> list[QualityWarning]:
    accuracy = design.accuracy
    ports = design.float_graph.outputs
    ratios = [accuracy.sqnr_db, *accuracy.further_sqnr_db.values()]
    warnings = []
    for port, ratio in zip(ports, ratios, strict=True):
        if ratio is not None and ratio < LEAST_SQNR_DB:
            problem = (
                f"Output '{port.onnx_name}' has {ratio:.1f} dB of signal to quantization noise; "
                f"below {LEAST_SQNR_DB:g} dB little is left of what tells samples apart"
            )
            warnings.append(_at_source(design, poles, port.tensor, "low-sqnr", problem))
    first = ports[0].tensor
    for kind, problem in (("accuracy-drop", _drop(accuracy)), ("low-agreement", _apart(accuracy))):
        if problem:
            warnings.append(_at_source(design, poles, first, kind, problem))
    return [*warnings, *_cut_off(design)]


def _changed(design: Assessed) -> list[QualityWarning]:
    """The output of which narrow multipliers change the most."""
    changed = design.changed_roundings
    if changed is None or not changed.outputs:
        return []
    name = max(changed.outputs, key=changed.outputs.__getitem__)
    if changed.outputs[name] <= MOST_CHANGED:
        return []
    return [
        QualityWarning(
            kind="roundings",
            layer=changed.layer,
            problem=(
                f"Multipliers of {changed.bits} bits change {changed.outputs[name]:.1f}% of the "
                f"elements of output '{name}', by up to {changed.largest} steps"
            ),
            advice=(
                f"Allow wider ones, up to the {changed.exact_bits} bits that the model's scales "
                "ask for: a larger --scale-bits"
            ),
        )
    ]


def _drop(accuracy: Accuracy) -> str:
    """Whether accuracy drops: by a sign test of the samples that only one network has right."""
    lost, gained = accuracy.lost, accuracy.gained
    if lost is None or gained is None:
        return ""
    points = 100 * (lost - gained) / accuracy.samples
    if points <= MOST_LOST or at_least(lost, lost + gained, 0.5) > _UNLIKELY:
        return ""
    return (
        f"Accuracy drops by {points:.2f} points, from {accuracy.float_top1:.2f}% to "
        f"{accuracy.integer_top1:.2f}% of {accuracy.samples} samples"
    )


def _apart(accuracy: Accuracy) -> str:
    agreement, samples = accuracy.agreement, accuracy.samples
    if agreement is None or agreement >= LEAST_AGREEMENT:
        return ""
    different = round((1 - agreement / 100) * samples)
    if (
        samples < _ENOUGH_SAMPLES
        and at_least(different, samples, 1 - LEAST_AGREEMENT / 100) > _UNLIKELY
    ):
        return ""
    return f"Only {agreement:.2f}% of {samples} samples get the same answer as before quantization"


def _cut_off(design: Assessed) -> list[QualityWarning]:
    """The tensor of which most is beyond the calibrated range."""
    poor = {
        tensor: noise.cut_off
        for tensor, noise in design.noise.items()
        if noise.cut_off > MOST_CUT_OFF
        and design.own_noise.get(tensor, math.inf) < _HARMLESS_SQNR_DB
    }
    if not poor:
        return []
    tensor = next(iter(poor))  # later ones follow from it
    return [
        QualityWarning(
            kind="cut-off",
            layer=_layer(design.integer_graph, tensor),
            problem=(
                f"{100 * poor[tensor]:.1f}% of the values of '{tensor}' lie beyond the range that "
                "its quantization represents, and are cut off"
            ),
            advice=(
                "Calibrate with samples like those that come later: more of them, or with "
                "--calibration minmax"
            ),
        )
    ]


def _reference_scores(accuracy: Accuracy) -> list[QualityWarning]:
    """Whether answers have little to do with labels before quantization has done anything."""
    top1, chance, samples = accuracy.float_top1, accuracy.chance_top1, accuracy.samples
    if top1 is None or chance is None or samples < _LABELS:
        return []
    right = round(top1 / 100 * samples)
    guessed = chance / 100
    good = guessed + (1 - guessed) * _GOOD_SHARE
    if (
        at_least(right, samples, guessed) <= _SIGNIFICANT
        and at_most(right, samples, good) > _SIGNIFICANT
    ):
        return []
    return [
        QualityWarning(
            kind="reference-scores",
            layer=None,
            problem=(
                f"Before quantization, the network itself has {top1:.2f}% of {samples} labels "
                f"right; by chance it would be {chance:.2f}%"
            ),
            advice=(
                "Are the samples in the range, and in the order of axes, that it was trained on, "
                "and are the labels its own?"
            ),
        )
    ]


def _at_source(
    design: Assessed, poles: list[QualityWarning], output: str, kind: str, problem: str
) -> QualityWarning:
    """A warning at the place where the noise of an output arises: a pole, if it depends on one."""
    before = _nodes_before(design.float_graph, output)
    for pole in poles:
        if before & {pole.layer, f"{pole.layer}{RECIPROCAL_SUFFIX}"}:
            return QualityWarning(kind=kind, layer=pole.layer, problem=problem, advice=pole.advice)
    source = find_noise_source(design.float_graph, design.integer_graph, design.x, output)
    if source is None:
        return QualityWarning(
            kind=kind,
            layer=None,
            problem=problem,
            advice="See the SQNR of each layer in the report",
        )
    return QualityWarning(
        kind=kind,
        layer=_layer(design.integer_graph, source.tensor),
        problem=problem,
        advice=_advice(design, source),
    )


def _nodes_before(graph: Graph, tensor: str) -> set[str]:
    """Names of the nodes that a tensor depends on."""
    needed, names = {tensor}, set()
    for node in reversed(graph.nodes):
        if node.output in needed:
            needed.update(node.inputs)
            names.add(node.name)
    return names


def _layer(graph: Graph, tensor: str) -> str:
    """Name of the node that writes a tensor, or of the input that it is."""
    node = graph.writer(tensor)
    if node is not None:
        return node.name
    return next(port.onnx_name for port in graph.inputs if port.tensor == tensor)


def _advice(design: Assessed, source: NoiseSource) -> str:
    share = f"{100 * source.share:.0f}% of the noise is added there"
    graph = design.integer_graph
    node = graph.writer(source.tensor)
    if node is None:
        return (
            f"{share}: scale the inputs so that all of them vary around zero in similar ranges, "
            "and see that no single samples are far out"
        )
    if isinstance(node, QFunction):
        return (
            f"{share}: keep the argument of the function away from where the function is steep, "
            "by Clip or by a normalization before it"
        )
    narrow = "more bits, " if design.narrowest_bits < 8 else ""
    return (
        f"{share}: try {narrow}--equalize, another --calibration, or training with a "
        "normalization that keeps its channels in similar ranges"
    )


def _narrow(bits: int, warnings: list[QualityWarning]) -> QualityWarning:
    """One warning in place of all that noise does."""
    return replace(
        warnings[0],
        kind="narrow",
        problem=(
            f"This is what {bits} bits cost: "
            + "; ".join(f"{text[0].lower()}{text[1:]}" for text in (w.problem for w in warnings))
        ),
        advice="Give single layers more bits by --bits LAYER=8, or train for these widths",
    )
