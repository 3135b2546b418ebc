"""Small mistakes in the exported Verilog are found, and found where they are.

Each test copies one design, changes a few characters of its Verilog and simulates it against the
vectors that were exported with it. So this tests the testbench, not the design: what would pass
here could be wrong unnoticed in any build.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from nnhw import build, golden
from nnhw.ir import Graph, QConv, load_graph
from nnhw.mapping import EngineConfig, Layer, Program, map_graph
from nnhw.simulate import SimulationResult, run_regression

EXAMPLES = Path(__file__).parents[1] / "examples"
NETWORK = "digits_cnn"


@dataclass(frozen=True)
class Design:
    """An exported design, with what it was made from."""

    folder: Path
    graph: Graph
    program: Program

    @property
    def verilog(self) -> Path:
        """The file that holds the whole design."""
        return self.folder / "rtl" / f"{NETWORK}.v"


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Design:
    """digits_cnn on an array of 8 x 8 multipliers, with one real vector."""
    folder = tmp_path_factory.mktemp("mutations") / NETWORK
    model, data = EXAMPLES / f"{NETWORK}.onnx", EXAMPLES / "digits.npz"
    build(model, data=data, out=folder, rows=8, cols=8, vectors=1, sim=False)
    graph = load_graph(folder / "golden.npz")
    manifest = json.loads((folder / "manifest.json").read_text())
    return Design(folder, graph, map_graph(graph, EngineConfig(**manifest["engine"])))


@pytest.fixture
def design(exported, tmp_path) -> Design:
    """A copy of the design that a test may change."""
    folder = tmp_path / NETWORK
    shutil.copytree(exported.folder, folder)
    return replace(exported, folder=folder)


def mutate(
    design: Design, instance: str, pattern: str, new: str | Callable[[re.Match], str]
) -> None:
    """Replace the one place that `pattern` matches in the module of an instance.

    Parameters
    ----------
    instance
        Names from the top module down, such as "engine.fetch.loops".
    new
        As for `re.sub`.
    """
    text = design.verilog.read_text()
    module = NETWORK
    for name in instance.split("."):
        (module,) = re.findall(rf"^ +(\w+) {name} \($", _body(text, module)[0], re.MULTILINE)
    body, start = _body(text, module)
    changed, count = re.subn(pattern, new, body)
    assert count == 1, f"{pattern!r} matches {count} places in module {module}"
    design.verilog.write_text(text[:start] + changed + text[start + len(body) :])


def _body(verilog: str, module: str) -> tuple[str, int]:
    """Text of a module, and where it begins."""
    found = re.search(rf"^module {module} \(.*?^endmodule$", verilog, re.MULTILINE | re.DOTALL)
    assert found, f"there is no module {module}"
    return found[0], found.start()


def simulate(design: Design) -> SimulationResult:
    """The outcome for a design that is wrong: never a pass."""
    result = run_regression(design.folder)
    assert not result.passed
    assert result.failures
    return result


def wrong_layer(result: SimulationResult) -> str | None:
    """Name of the first differing layer."""
    assert result.divergence is not None
    assert str(result.divergence.layer_name) in result.failures[0]
    return result.divergence.layer_name


def operators(design: Design) -> list[Layer]:
    """The first layer of each operator."""
    return [next(layers) for _, layers in groupby(design.program.layers, lambda la: la.name)]


# a weight


def with_weight(graph: Graph, node: QConv, index: tuple[int, ...], weight: int) -> Graph:
    """The graph whose golden model does what hardware with one other weight does.

    The hardware accumulates raw activations; what their zero point adds is in its constants, which
    stay as they are.
    """
    weights, bias = node.weight.copy(), node.bias.copy()
    zero = graph.tensors[node.inputs[0]].q.zero_point
    bias[index[0]] += zero * (weight - int(weights[index]))
    weights[index] = weight
    nodes = [replace(n, weight=weights, bias=bias) if n is node else n for n in graph.nodes]
    return replace(graph, nodes=tuple(nodes))


def find_difference(
    design: Design, changed: Graph, frame: np.ndarray
) -> tuple[str, tuple[int, ...], int, int] | None:
    """(layer, element, byte before, byte after) where a changed network first differs."""
    tensors = [layer.tensor for layer in design.program.layers]
    right = golden.run(design.graph, frame, keep=tensors)
    wrong = golden.run(changed, frame, keep=tensors)
    for layer in design.program.layers:
        before, after = right[layer.tensor][0], wrong[layer.tensor][0]
        if (before != after).any():
            element = tuple(int(i) for i in np.argwhere(before != after)[0])
            return layer.name, element, int(before[element]) & 255, int(after[element]) & 255
    return None


@pytest.mark.parametrize(("layer", "bit"), [("body.5/Conv", 0), ("body.9/Gemm", 6)])
def test_one_bit_of_one_weight(design, layer, bit):
    """The divergence is exactly the one that the golden model with this weight has."""
    (node,) = (node for node in design.graph.nodes if node.name.endswith(layer))
    vectors = np.load(design.folder / "sim" / "vectors.npz")
    shape = design.graph.tensors[design.graph.inputs[0].tensor].shape
    frame = vectors["input"][:1].view(np.int8).reshape(1, *shape)
    # the last weight with which one real image is enough to tell, in a kernel row that every
    # window fetches: `with_weight` knows nothing of kernels that are clipped to the image
    indices = list(np.ndindex(node.weight.shape))
    for index in reversed([i for i in indices if i[1] == node.weight.shape[1] // 2]):
        flipped = int(np.int8(node.weight[index] ^ np.int8(1 << bit)))
        changed = with_weight(design.graph, node, index, flipped)
        if expected := find_difference(design, changed, frame):
            break
    write_weight(design, map_graph(changed, design.program.config))

    result = simulate(design)
    assert wrong_layer(result) == node.name
    divergence = result.divergence
    assert (divergence.test, divergence.frame) == ("latency", 0)
    found = (divergence.layer_name, divergence.element, divergence.expected, divergence.actual)
    assert found == expected


def write_weight(design: Design, changed: Program) -> None:
    """Put the one weight that differs in `changed` into the exported weight memory."""
    ((word, row, col),) = np.argwhere(design.program.weights != changed.weights).tolist()
    width = design.program.widths.weight
    offset = (col * design.program.config.rows + row) * width
    before, after = (
        int(program.weights[word, row, col]) & (1 << width) - 1
        for program in (design.program, changed)
    )

    def exchange(match: re.Match) -> str:
        bits = int(match[2], 16)
        assert bits >> offset & (1 << width) - 1 == before
        return f"{match[1]}{bits ^ (before ^ after) << offset:0{len(match[2])}x}"

    mutate(design, "engine.weights.words", rf"(\[{word}\] = \d+'h)([0-9a-f]+)(?=;)", exchange)


# arithmetic and addresses


def test_wrong_shift(design):
    """One requantizer shifts by one place less; the first convolution is the first to do so."""
    node = next(node for node in design.graph.nodes if isinstance(node, QConv))
    shift = max(design.program.shifts)
    assert shift in node.requantize.shift
    mutate(
        design,
        "engine.scaler_0",
        rf"(quotient_value <= [^;]*\[)(\d+):{shift}\](?=[^;]*;)",
        lambda match: f"{match[1]}{int(match[2]) - 1}:{shift - 1}]",
    )
    assert wrong_layer(simulate(design)) == node.name


def test_fetch_address_off_by_one(design):
    """Wrong from the second fetch of a run on, which the first layer does not have."""
    first, second, *_ = operators(design)
    assert first.fetch.chunks == 0 < second.fetch.chunks
    mutate(
        design,
        "engine.fetch.loops",
        r"(\bx_step_inside_\w+ = turn\[0\] \? \w+ : \d+'d)8;",
        r"\g<1>9;",
    )
    assert wrong_layer(simulate(design)) == second.name


def test_weight_address_off_by_one(design):
    """Of the weights of the first layer, those of every second kernel row are left out."""
    assert design.program.layers[0].fetch.taps_y > 0
    mutate(
        design,
        "engine.fetch.loops",
        r": ([^?:;]*\bcurrent_tap_y_weight\b[^?:;]*,\s+current_tap_y_weight});",
        r": \1 + 1'b1;",
    )
    assert wrong_layer(simulate(design)) == design.program.layers[0].name


def test_write_address_off_by_one(design):
    """The first layer's results are right but in the wrong place: its reader is wrong."""
    mutate(
        design,
        "engine.write_back",
        r"(following_place = address \+ [^;]+);",
        r"\1 + 1'b1;",
    )
    assert wrong_layer(simulate(design)) == operators(design)[1].name


def test_loop_count_off_by_one(design):
    """One output column too many: the first layer has more results than it should."""
    mutate(
        design,
        "engine.fetch.loops",
        r"(out_cols_finished <= out_cols_left == \d+)'d1;",
        r"\1'd0;",
    )
    assert wrong_layer(simulate(design)) == design.program.layers[0].name


def test_one_cycle_too_many(design):
    """Results that are all right but late are a failure of their own."""
    mutate(
        design,
        "engine",
        r"(\.frame_available_next)\((\w+)\)([^;]+;)",
        r"\1(late)\3\n  reg late = 1'b0;\n  always @(posedge clk) late <= \2;",
    )
    result = simulate(design)
    assert result.divergence is None
    assert all("the manifest says" in failure for failure in result.failures)
    assert result.latency_cycles == result.expected_latency_cycles + 1
