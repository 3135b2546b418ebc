"""Every operator from ONNX to the generated engine, against golden model and cycle model."""

from pathlib import Path

import numpy as np
import pytest
from engine_simulation import run_engine
from onnx_models import node, save
from operator_models import FUNCTIONS, JOINS, MOVES, TRANSPOSED, Case

from nnhw import golden
from nnhw.frontend import load_model
from nnhw.ir import Function, Graph, to_channels_last
from nnhw.mapping import EngineConfig, map_graph, predict_cycles
from nnhw.passes import simplify_graph
from nnhw.quantize import QuantizeOptions, quantize

CONFIGS = {
    "small": EngineConfig(rows=4, cols=2, lanes=2, input_bytes=4, output_bytes=4),
    "wide": EngineConfig(
        rows=5, cols=4, lanes=3, lane_groups=2, input_bytes=2, output_bytes=8, frame_buffers=1
    ),
}
SAME = {"slice_attributes", "upsample_7", "upsample_9", "resize_10", "resize_sizes", "dilated"}
SAME |= {"strides_differ_more", "large_kernel", "output_shape", "same_lower", "uneven_pads"}
"""Cases that hardware cannot tell from others."""

CASES = {name: case for name, case in (JOINS | MOVES | TRANSPOSED).items() if name not in SAME}


@pytest.mark.parametrize("name", CASES)
def test_operator(name: str, tmp_path: Path) -> None:
    # Every case in one of the two engines, of either width of activations.
    index = list(CASES).index(name)
    config = list(CONFIGS.values())[index % 2]
    bits = 8 if index % 3 else 5
    run_case(CASES[name], tmp_path, config, bits)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_all_functions_in_one_network(tmp_path: Path, config: EngineConfig) -> None:
    """Inputs are positive, where all of them are defined."""
    nodes, constants = [], {}
    for name, case in FUNCTIONS.items():
        (only,) = case.nodes
        renamed = node(only.op_type, "x", f"y_{name}")
        renamed.attribute.extend(only.attribute)
        for constant in only.input[1:]:
            renamed.input.append(constant if constant == "x" else f"{name}_{constant}")
        nodes.append(renamed)
        constants |= {f"{name}_{key}": value for key, value in case.constants.items()}
    outputs = " ".join(f"y_{name}" for name in FUNCTIONS)
    case = Case(
        nodes=[*nodes, node("Concat", outputs, axis=1)],
        shape=(1, 2, 2, 2),
        constants=constants,
        opset=24,
        low=0.25,
        high=3.0,
    )
    graph = run_case(case, tmp_path, config, 8)
    assert sum(isinstance(node, Function) for node in graph.nodes) == len(FUNCTIONS)


def run_case(case: Case, folder: Path, config: EngineConfig, bits: int) -> Graph:
    """Two frames through the engine; returns the float graph."""
    graph = simplify_graph(load_model(save(case.model(), folder)))
    (port,) = graph.inputs
    x = to_channels_last(case.data(20), port, graph.tensors[port.tensor])
    integer = quantize(graph, x, QuantizeOptions(activation_bits=bits))
    program = map_graph(integer, config)
    frames = golden.quantize_input(x[:2], integer.tensors[port.tensor].q)
    expected = golden.run(integer, frames)[integer.outputs[0].tensor]
    run = run_engine(program, frames)
    np.testing.assert_array_equal(run.frames, expected.reshape(2, -1))
    timing = predict_cycles(program)
    assert run.last_out[0] - run.first_in[0] == timing.latency_cycles
    assert run.last_out[1] - run.last_out[0] == timing.interval_cycles
    return graph
