"""What is poor is said, and what is good is not."""

import dataclasses
import io
import json
import math

import numpy as np
import pytest
from random_graphs import Builder
from rich.console import Console, RenderableType
from test_report import REPORT, terminal

from nnhw import golden
from nnhw.data import Dataset
from nnhw.ir import Graph
from nnhw.quantize import QuantizeOptions, quantize
from nnhw.reference import ask_reading
from nnhw.report import (
    QualityWarning,
    describe_warnings,
    find_noise_source,
    measure_quality,
    render_html,
    render_warnings,
)
from nnhw.report.changed_roundings import ChangedRoundings
from nnhw.report.poles import find_poles
from nnhw.report.significance import at_least, at_most

WARNING = QualityWarning(
    kind="low-sqnr", layer="conv1", problem="Output 'y' has 3 dB", advice="Try [bold]more bits"
)


def terminal_text(shown: RenderableType) -> str:
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(shown)
    return console.export_text()


def network(operator: str | None = None, *parameters: float) -> tuple[Builder, Graph]:
    """Two layers, and an operator between them."""
    builder = Builder((1, 1, 6))
    tensor = builder.dense("x", 5)
    if operator is not None:
        tensor = builder.function(tensor, operator, *parameters)
    return builder, builder.graph(builder.dense(tensor, 4))


def warnings_of(
    graph: Graph,
    x: np.ndarray,
    labels: np.ndarray | None = None,
    options: QuantizeOptions | None = None,
    calibration: np.ndarray | None = None,
) -> tuple[QualityWarning, ...]:
    options = options or QuantizeOptions()
    integer = quantize(graph, x if calibration is None else calibration, options)
    return measure_quality(
        ask_reading(graph, x),
        graph,
        integer,
        integer,
        Dataset(x=x, y=labels),
        narrowest_bits=min(options.weight_bits, options.activation_bits),
    ).warnings


def kinds(warnings: tuple[QualityWarning, ...]) -> list[str]:
    return [warning.kind for warning in warnings]


def test_nothing_to_say_of_a_good_network():
    builder, graph = network()
    x = builder.data(400)
    scores = ask_reading(graph, x).outputs.popitem()[1]
    second, best = np.sort(scores, axis=1)[:, -2:].T
    x, labels = x[best - second > 0.1], scores.argmax(1)[best - second > 0.1]
    assert len(x) > 300
    assert warnings_of(graph, x, labels) == ()


def test_a_divisor_that_crosses_zero():
    builder, graph = network("reciprocal")
    warnings = warnings_of(graph, builder.data(100))
    assert kinds(warnings)[:2] == ["pole", "low-sqnr"]
    # Noise that follows from it arises there, too.
    assert [warning.layer for warning in warnings[:2]] == [graph.nodes[1].name] * 2
    assert f"'{graph.nodes[1].name}' divides by values from -" in warnings[0].problem


def test_a_pole_makes_much_of_little_noise():
    """What rounding the input adds would be nothing, were it not for the reciprocal."""
    builder = Builder((1, 1, 6))
    graph = builder.graph(builder.dense(builder.function("x", "reciprocal"), 4))
    x = builder.data(100)
    integer = quantize(graph, x, QuantizeOptions())
    assert find_noise_source(graph, integer, x, graph.outputs[0].tensor).tensor == "x"
    assert {warning.layer for warning in warnings_of(graph, x)[:2]} == {graph.nodes[0].name}


@pytest.mark.parametrize("operator", ["reciprocal", "log", "sqrt"])
def test_an_argument_that_meets_a_pole(operator):
    builder, graph = network(operator)
    (pole,) = find_poles(graph, builder.data(100))
    assert (pole.kind, pole.layer) == ("pole", graph.nodes[1].name)


@pytest.mark.parametrize(
    ("operator", "parameters"), [("exp", ()), ("sigmoid", ()), ("pow", (2.0,)), ("abs", ())]
)
def test_functions_without_a_pole(operator, parameters):
    builder, graph = network(operator, *parameters)
    assert "pole" not in kinds(warnings_of(graph, builder.data(100)))


@pytest.mark.parametrize(("exponent", "poles"), [(-2.0, True), (0.5, True), (3.0, False)])
def test_powers(exponent, poles):
    builder, graph = network("pow", exponent)
    assert bool(find_poles(graph, builder.data(100))) is poles


def test_a_positive_divisor_has_no_pole():
    builder = Builder((1, 1, 6))
    positive = builder.function(builder.dense("x", 5), "sigmoid")
    graph = builder.graph(builder.dense(builder.function(positive, "reciprocal"), 4))
    assert "pole" not in kinds(warnings_of(graph, builder.data(100)))


def far_from_zero() -> tuple[Graph, np.ndarray]:
    """Little differences of large inputs, of which the first layer takes the mean away."""
    builder, graph = network()
    first = graph.nodes[0]
    bias = first.bias - 300 * first.weight.sum(axis=(1, 2, 3))
    graph = dataclasses.replace(
        graph, nodes=(dataclasses.replace(first, bias=bias), *graph.nodes[1:])
    )
    return graph, builder.data(200) + 300


def test_what_is_left_of_inputs_far_from_zero():
    graph, x = far_from_zero()
    warnings = warnings_of(graph, x)
    assert kinds(warnings)[:2] == ["low-sqnr", "low-agreement"]
    # It shows at the output; it arises at the input.
    assert {warning.layer for warning in warnings} == {graph.inputs[0].onnx_name}
    assert "dB of signal to quantization noise" in warnings[0].problem
    assert "scale the inputs" in warnings[0].advice


def test_labels_that_are_lost():
    graph, x = far_from_zero()
    labels = ask_reading(graph, x).outputs.popitem()[1].argmax(1)
    warnings = warnings_of(graph, x, labels)
    assert "accuracy-drop" in kinds(warnings)
    (drop,) = [warning for warning in warnings if warning.kind == "accuracy-drop"]
    assert "from 100.00% to " in drop.problem
    assert drop.layer == graph.inputs[0].onnx_name


def test_narrow_builds_get_one_line():
    builder, graph = network()
    options = QuantizeOptions(weight_bits=2, activation_bits=4)
    warnings = warnings_of(graph, builder.data(200), options=options)
    assert kinds(warnings) == ["narrow"]
    assert warnings[0].problem.startswith("This is what 2 bits cost: output '")
    assert "; only " in warnings[0].problem


def test_samples_beyond_what_calibration_has_seen():
    builder, graph = network()
    x = builder.data(100)
    warnings = warnings_of(graph, 3 * x, calibration=x)
    (cut_off,) = [warning for warning in warnings if warning.kind == "cut-off"]
    assert cut_off.layer == graph.inputs[0].onnx_name
    assert "of the values of 'x' lie beyond the range" in cut_off.problem


def scored(hits: int, samples: int, labels: np.ndarray | None = None) -> list[str]:
    """Kinds of warnings where a network has so many of the labels right, which are random."""
    builder, graph = network()
    x = builder.data(samples)
    answers = ask_reading(graph, x)
    ((name, _),) = answers.outputs.items()
    labels = np.arange(samples) % 4 if labels is None else labels
    right = np.arange(samples) < hits
    said = np.where(right, labels, (labels + 1) % 4)
    exact = np.eye(4)[said]
    integer = quantize(graph, x, QuantizeOptions())
    quality = measure_quality(
        dataclasses.replace(answers, outputs={name: exact}),
        graph,
        integer,
        integer,
        Dataset(x=x, y=labels),
        narrowest_bits=8,
    )
    return [kind for kind in kinds(quality.warnings) if kind == "reference-scores"]


@pytest.mark.parametrize(
    ("hits", "samples", "warns"),
    [(50, 200, True), (60, 200, True), (110, 200, False), (190, 200, False), (3, 10, False)],
)
def test_a_network_that_scores_badly(hits, samples, warns):
    assert bool(scored(hits, samples)) is warns


def test_few_classes_among_many_samples():
    mostly = np.where(np.arange(200) % 20 == 0, 1, 0)  # 95% of class 0
    assert scored(196, 200, mostly) == []
    # Always class 0 would have as many right as this one has.
    builder, graph = network()
    x = builder.data(200)
    answers = ask_reading(graph, x)
    ((name, _),) = answers.outputs.items()
    integer = quantize(graph, x, QuantizeOptions())
    constant = dataclasses.replace(answers, outputs={name: np.eye(4)[np.zeros(200, int)]})
    quality = measure_quality(
        constant, graph, integer, integer, Dataset(x=x, y=mostly), narrowest_bits=8
    )
    assert quality.accuracy.float_top1 == 95
    assert "reference-scores" in kinds(quality.warnings)


def test_labels_of_one_class():
    assert scored(98, 100, np.zeros(100, int)) == []
    assert scored(20, 100, np.zeros(100, int)) == ["reference-scores"]


@pytest.mark.parametrize(
    ("differing", "samples", "warns"),
    [(1, 10, False), (1, 12, False), (3, 12, True), (5, 100, False), (6, 100, True)],
)
def test_few_answers_that_differ_are_chance(differing, samples, warns):
    builder, graph = network()
    x = builder.data(samples)
    integer = quantize(graph, x, QuantizeOptions())
    answers = ask_reading(graph, x)
    ((name, _),) = answers.outputs.items()
    found = golden.run(integer, golden.quantize_inputs(integer, x))[integer.outputs[0].tensor]
    scores = golden.dequantize(found, integer.tensors[integer.outputs[0].tensor].q)[:, 0, 0]
    moved = scores.copy()
    moved[:differing] = np.roll(moved[:differing], 1, axis=1)
    labels = scores.argmax(1)
    found = kinds(
        measure_quality(
            dataclasses.replace(answers, outputs={name: moved}),
            graph,
            integer,
            integer,
            Dataset(x=x, y=labels),
            narrowest_bits=8,
        ).warnings
    )
    assert ("low-agreement" in found) is warns
    assert "accuracy-drop" not in found  # which it does not: only the reference is wrong


@pytest.mark.parametrize(("rate", "warns"), [(3.9, False), (4.1, True)])
def test_narrow_multipliers_that_change_much(rate, warns, monkeypatch):
    builder, graph = network()
    x = builder.data(100)
    integer = quantize(graph, x)
    name = graph.outputs[0].onnx_name
    changed = ChangedRoundings(
        **{"bits": 12, "exact_bits": 24, "samples": 100, "largest": 2},
        **{"outputs": {"other": 0.1, name: rate}, "layer": "conv1", "layer_rate": 0.5},
    )
    monkeypatch.setattr("nnhw.report.quality.measure_changed_roundings", lambda *_: changed)
    quality = measure_quality(
        ask_reading(graph, x),
        graph,
        integer,
        integer,
        Dataset(x=x),
        exact=integer,
        narrowest_bits=8,
    )
    assert quality.changed_roundings == changed
    assert kinds(quality.warnings) == ["roundings"] * warns
    for warning in quality.warnings:
        assert warning.layer == "conv1"
        assert f"Multipliers of 12 bits change {rate}%" in warning.problem
        assert "up to the 24 bits" in warning.advice
        assert "--scale-bits" in warning.advice


def test_significance():
    assert at_least(0, 10, 0.3) == 1
    assert at_least(10, 10, 0.5) == pytest.approx(0.5**10)
    assert at_least(3, 10, 0.1) == pytest.approx(
        1 - sum(math.comb(10, k) * 0.1**k * 0.9 ** (10 - k) for k in range(3))
    )
    assert at_most(2, 10, 0.1) == pytest.approx(1 - at_least(3, 10, 0.1))
    assert at_least(5000, 10_000, 0.5) == pytest.approx(0.504, abs=0.001)
    assert (at_least(3, 10, 0.0), at_least(3, 10, 1.0)) == (0, 1)


def test_warnings_in_all_reports():
    other = dataclasses.replace(WARNING, kind="low-agreement", problem="Only 80% agree")
    report = dataclasses.replace(REPORT, warnings=(WARNING, other))
    text = "Output 'y' has 3 dB. Only 80% agree. It arises in 'conv1'. Try [bold]more bits."
    assert describe_warnings(report.warnings) == [text]
    page = render_html(report)
    assert '<p class="warning"><strong>Warning</strong> Output' in page
    assert [entry["kind"] for entry in json.loads(report.to_json())["warnings"]] == [
        "low-sqnr",
        "low-agreement",
    ]
    shown = terminal_text(render_warnings(report.warnings))
    assert "1 WARNING" in shown
    assert " ".join(shown.replace("│", " ").split()).find(text) > 0
    assert render_warnings(REPORT.warnings) is None
    assert "Warning" not in render_html(REPORT)
    assert "Output 'y' has 3 dB" not in terminal(report)  # it comes last, on its own
