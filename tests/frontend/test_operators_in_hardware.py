"""Every operator from ONNX to the exported Verilog, against golden model and cycle model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx_models import node, save
from operator_models import FUNCTIONS, JOINS, LAYERS, MOVES, TRANSPOSED, Case
from verilog_batch import VerilogBatch

from nnhw import golden
from nnhw.frontend import load_model, supported_operators
from nnhw.ir import Function, Graph, to_channels_last
from nnhw.mapping import EngineConfig, Program, map_graph, predict_cycles
from nnhw.passes import simplify_graph
from nnhw.quantize import QuantizeOptions, quantize

CONFIGS = (
    EngineConfig(rows=4, cols=2, lanes=2, input_bytes=4, output_bytes=4),
    EngineConfig(
        rows=5, cols=4, lanes=3, lane_groups=2, input_bytes=2, output_bytes=8, frame_buffers=1
    ),
)


def all_functions() -> Case:
    """All functions in one network; its inputs are positive, where all of them are defined."""
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
    return Case(
        nodes=[*nodes, node("Concat", outputs, axis=1)],
        shape=(1, 2, 2, 2),
        constants=constants,
        opset=24,
        low=0.25,
        high=3.0,
    )


FAMILIES = {
    "layer": LAYERS,
    "join": JOINS,
    "move": MOVES,
    "transposed": TRANSPOSED,
    "functions": {"all": all_functions()},
}
CASES = {
    f"{family}_{name}": case for family, cases in FAMILIES.items() for name, case in cases.items()
}
BATCHES = 4
"""Simulators that are compiled: so many that they can be shared out among processes."""


class Design:
    """A case on its way to hardware."""

    def __init__(self, name: str, folder: Path) -> None:
        # Every case in one of the two engines, of either width of activations.
        index = list(CASES).index(name)
        config, bits = CONFIGS[index % 2], 8 if index % 3 else 5
        case = CASES[name]
        self.graph = simplify_graph(load_model(save(case.model(), folder, f"{name}.onnx")))
        (port,) = self.graph.inputs
        x = to_channels_last(case.data(20), port, self.graph.tensors[port.tensor])
        integer = quantize(self.graph, x, QuantizeOptions(activation_bits=bits))
        self.program: Program = map_graph(integer, config)
        self.frames = golden.quantize_input(x[:2], integer.tensors[port.tensor].q)
        output = golden.run(integer, self.frames)[integer.outputs[0].tensor]
        self.expected = output.reshape(len(self.frames), -1)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_operators(batch: int, tmp_path: Path) -> None:
    """Two frames through each, without pauses and with some on both streams."""
    designs = {name: Design(name, tmp_path) for name in list(CASES)[batch::BATCHES]}
    compiled = VerilogBatch(
        [design.program for design in designs.values()],
        {name: design.frames for name, design in designs.items()},
        tmp_path,
    )
    runs, paused = compiled.run(), compiled.run(pauses=True, seed=2)
    for name, design in designs.items():
        for run in (runs[name], paused[name]):
            np.testing.assert_array_equal(run.frames, design.expected, name)
        timing = predict_cycles(design.program)
        first_in, last_out = runs[name].first_in, runs[name].last_out
        assert last_out[0] - first_in[0] == timing.latency_cycles, name
        assert last_out[1] - last_out[0] == timing.interval_cycles, name


def test_all_functions_reach_hardware(tmp_path: Path) -> None:
    graph: Graph = Design("functions_all", tmp_path).graph
    assert sum(isinstance(node, Function) for node in graph.nodes) == len(FUNCTIONS)


def test_every_operator_has_a_case() -> None:
    tried = {node.op_type for case in CASES.values() for node in case.nodes}
    on_host = {name for name, op in supported_operators().items() if "left to" in op.remark}
    # see the tests of quantized models
    quantizers = {"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"}
    assert tried | on_host | quantizers == set(supported_operators())
