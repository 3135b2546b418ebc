"""Several inputs and outputs, from ONNX to hardware."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from engine_simulation import run_engine
from onnx_models import node, normal, save
from port_models import HEADS, IMAGE, KERNELS, PORT_CASES, SHARED, PortCase
from qdq_reference import run_onnxruntime

from nnhw import golden
from nnhw.errors import UnsupportedError
from nnhw.frontend import load_model, write_qdq
from nnhw.ir import Batch, Graph, frame_layout, from_channels_last, to_channels_last
from nnhw.mapping import EngineConfig, map_graph, predict_cycles
from nnhw.passes import simplify_graph
from nnhw.quantize import QuantizeOptions, quantize, run_float

CONFIGS = (
    EngineConfig(rows=4, cols=2, lanes=2, input_bytes=4, output_bytes=4),
    EngineConfig(rows=3, cols=6, lanes=3, lane_groups=2, input_bytes=8, output_bytes=2),
    EngineConfig(rows=2, cols=3, lanes=4, input_bytes=1, output_bytes=8, frame_buffers=1),
)


def batch_of(graph: Graph, data: dict[str, np.ndarray]) -> Batch:
    """Samples by ONNX name as the graph takes them."""
    return Batch(
        {
            port.tensor: to_channels_last(data[port.onnx_name], port, graph.tensors[port.tensor])
            for port in graph.inputs
        }
    )


def outputs_of(graph: Graph, values: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Values of the outputs as ONNX has them."""
    return [from_channels_last(values[port.tensor], port) for port in graph.outputs]


def integer_graph(case: PortCase, folder: Path) -> tuple[Graph, Batch]:
    """The quantized network, and the real samples that calibrated it."""
    graph = simplify_graph(load_model(save(case.model(), folder)))
    samples = batch_of(graph, case.data(20))
    return quantize(graph, samples, QuantizeOptions()), samples


@pytest.mark.parametrize("name", PORT_CASES)
def test_equals_onnxruntime(name, tmp_path):
    case = PORT_CASES[name]
    path = save(case.model(), tmp_path)
    graph = load_model(path)
    assert [port.onnx_name for port in graph.inputs] == list(case.inputs)
    assert [port.onnx_name for port in graph.outputs] == list(case.outputs)
    data = case.data(3)
    expected = [
        np.concatenate(samples)
        for samples in zip(
            *(
                run_onnxruntime(path, {k: x[i : i + 1] for k, x in data.items()}, case.outputs)
                for i in range(3)
            ),
            strict=True,
        )
    ]
    for candidate in (graph, simplify_graph(graph)):
        found = outputs_of(candidate, run_float(candidate, batch_of(candidate, data)))
        for actual, wanted in zip(found, expected, strict=True):
            np.testing.assert_allclose(actual, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", PORT_CASES)
def test_exported_model_equals_the_golden_model(name, tmp_path):
    case = PORT_CASES[name]
    graph, _ = integer_graph(case, tmp_path)
    write_qdq(graph, tmp_path / "qdq.onnx")
    data = case.data(6)
    values = golden.run(graph, golden.quantize_inputs(graph, batch_of(graph, data)))
    found = run_onnxruntime(tmp_path / "qdq.onnx", data, case.outputs)
    for port, actual in zip(graph.outputs, found, strict=True):
        q = graph.tensors[port.tensor].q
        wanted = from_channels_last(golden.dequantize(values[port.tensor], q), port)
        steps = np.rint((actual - wanted) / q.scale)
        assert np.abs(steps).max() <= 1
        assert np.count_nonzero(steps) <= 0.01 * steps.size


@pytest.mark.parametrize("name", PORT_CASES)
def test_quantized_model_keeps_its_numbers(name, tmp_path):
    """The exported model, read again, is the same integer network."""
    case = PORT_CASES[name]
    graph, _ = integer_graph(case, tmp_path)
    write_qdq(graph, tmp_path / "qdq.onnx")
    again = quantize(simplify_graph(load_model(tmp_path / "qdq.onnx")))
    data = case.data(6)
    wanted, found = (
        outputs_of(g, golden.run(g, golden.quantize_inputs(g, batch_of(g, data))))
        for g in (graph, again)
    )
    for a, b in zip(wanted, found, strict=True):
        np.testing.assert_array_equal(a, b)
    map_graph(again, CONFIGS[0])


@pytest.mark.parametrize("name", PORT_CASES)
def test_hardware_equals_golden_and_cycle_model(name, tmp_path):
    graph, samples = integer_graph(PORT_CASES[name], tmp_path)
    config = CONFIGS[list(PORT_CASES).index(name) % len(CONFIGS)]
    program = map_graph(graph, config)
    q = golden.quantize_inputs(graph, samples[:3])
    frames = frame_layout(graph, graph.inputs, config.input_bytes).pack(q.arrays)
    expected = frame_layout(graph, graph.outputs, config.output_bytes).pack(golden.run(graph, q))
    run = run_engine(program, frames)
    np.testing.assert_array_equal(run.frames.view(np.uint8), expected)
    cycles = predict_cycles(program)
    assert run.last_out[0] - run.first_in[0] == cycles.latency_cycles
    assert run.last_out[2] - run.last_out[1] == cycles.interval_cycles
    assert run.first_out[0] - run.first_in[0] == cycles.load_cycles + cycles.first_output


@pytest.mark.parametrize("name", ["inputs_of_different_shapes", "two_heads"])
def test_pauses_and_a_reset_make_no_difference(name, tmp_path):
    graph, samples = integer_graph(PORT_CASES[name], tmp_path)
    program = map_graph(graph, CONFIGS[0])
    q = golden.quantize_inputs(graph, samples[:2])
    frames = frame_layout(graph, graph.inputs, CONFIGS[0].input_bytes).pack(q.arrays)
    expected = frame_layout(graph, graph.outputs, CONFIGS[0].output_bytes).pack(
        golden.run(graph, q)
    )
    run = run_engine(program, frames, pauses=3, reset_after=50)
    np.testing.assert_array_equal(run.frames.view(np.uint8), expected)


def test_outputs_leave_in_the_order_of_the_model(tmp_path):
    """However they are computed: the second head waits for the first one."""
    graph, _ = integer_graph(PORT_CASES["two_heads_the_other_way_round"], tmp_path)
    written = [layer.tensor for layer in map_graph(graph, CONFIGS[0]).streamed]
    assert written == ["c", "b"]
    assert [n.output for n in graph.nodes].index("b") < [n.output for n in graph.nodes].index("c")


def test_outputs_that_end_on_the_host(tmp_path):
    """Each has its own steps; the tensor before them is shared with an output."""
    case = PortCase(
        nodes=[SHARED, *HEADS, node("Sigmoid", "b", "s"), node("Softmax", "c", "z", axis=1)],
        inputs={"x": IMAGE},
        outputs=["s", "z", "c"],
        constants={**KERNELS, "m": normal(7, 4, seed=2)},
    )
    graph = load_model(save(case.model(), tmp_path))
    assert [(p.onnx_name, p.host_postprocess) for p in graph.outputs] == [
        ("b", ("Sigmoid",)),
        ("z", ("Softmax(axis=1)",)),
        ("c", ()),
    ]
    assert graph.host_postprocess == ("b: Sigmoid", "z: Softmax(axis=1)")


@pytest.mark.parametrize(
    ("inputs", "outputs", "line"),
    [
        ({"x": IMAGE, "n": (1, 5)}, ["f"], "Input 'n' has no effect on any output; remove it"),
        ({"x": IMAGE}, ["f", "x"], "Output 'x' has the name of an input or of another output"),
    ],
)
def test_refused(inputs, outputs, line, tmp_path):
    case = PortCase(nodes=[SHARED], inputs=inputs, outputs=outputs, constants=KERNELS)
    with pytest.raises(UnsupportedError) as caught:
        load_model(save(case.model(), tmp_path))
    assert any(problem.startswith(line) for problem in caught.value.problems)
