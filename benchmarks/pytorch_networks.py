"""Which kinds of PyTorch networks are built, and what becomes of them.

    python benchmarks/pytorch_networks.py            # all kinds, each simulated
    python benchmarks/pytorch_networks.py --no-sim   # without simulation
    python benchmarks/pytorch_networks.py --only GLU "OCR-CTC head"

Needs the extra `exporters`. The networks (`pytorch_zoo.py`) are small, weights and data random;
PyTorch's newer exporter writes them as ONNX.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from pytorch_zoo import KINDS, Kind
from tables import argument_parser, write_table

import nnhw
from nnhw.design import read_design
from nnhw.errors import NnhwError
from nnhw.ir import load_graph

SAMPLES = 200
REFUSED = frozenset(
    {"GRU", "LSTM", "tiny ViT", "attention pooling", "MLP-Mixer (LayerNorm)", "GroupNorm"}
)
"""Kinds that are to be refused: recurrent layers, attention, statistics of the sample."""

COLUMNS = (
    "kind",
    "as it should be",
    "result",
    ">MACs",
    ">cycles",
    "equal to onnxruntime",
    "remark",
)


def export(kind: Kind, path: Path) -> None:
    """Write a network of a kind, its batch normalizations as if they were trained."""
    torch.manual_seed(0)
    network = kind.make().eval()
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            torch.nn.init.normal_(module.running_mean, std=0.3)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
    samples = tuple(torch.randn(1, *shape) for shape in kind.inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch about itself
        torch.onnx.export(network, samples, path, dynamo=True, verbose=False)


def random_data(path: Path) -> dict[str, np.ndarray]:
    """Random samples for each input of a model, by its name."""
    generator = np.random.default_rng(0)
    shapes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in onnx.load(path).graph.input
    }
    return {
        name: generator.standard_normal((SAMPLES, *shape[1:])).astype(np.float32)
        for name, shape in shapes.items()
    }


@dataclass(frozen=True)
class Agreement:
    """How many integers of the outputs are those that onnxruntime computes from model.qdq.onnx."""

    equal: int
    elements: int
    farthest: int

    def __str__(self) -> str:
        if self.equal == self.elements:
            return f"all of {self.elements:,}"
        return (
            f"{100 * self.equal / self.elements:.2f}% of {self.elements:,}, "
            f"others up to {self.farthest} steps away"
        )


def compare(folder: Path, data: dict[str, np.ndarray]) -> Agreement:
    """The golden model of a design and its model.qdq.onnx, from the same real samples."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(folder / "model.qdq.onnx", options)
    found = [
        session.run(None, {name: array[i : i + 1] for name, array in data.items()})
        for i in range(SAMPLES)
    ]
    expected = nnhw.run_design(folder, data).outputs
    graph = load_graph(read_design(folder).golden)
    steps = []
    for i, port in enumerate(graph.outputs):
        theirs = np.stack([outputs[i].reshape(-1) for outputs in found])
        ours = expected[port.onnx_name].reshape(SAMPLES, -1)
        difference = np.abs(theirs - ours) / graph.tensors[port.tensor].q.scale
        steps.append(np.rint(difference).astype(int).ravel())
    joined = np.concatenate(steps)
    return Agreement(int((joined == 0).sum()), joined.size, int(joined.max()))


def rows(names: Sequence[str], *, sim: bool) -> Iterator[tuple[object, ...]]:
    """Build kinds, and count what has become of them."""
    right = 0
    for name in names:
        wanted = "refused" if name in REFUSED else "built"
        result, *cells = _built(KINDS[name], sim=sim)
        right += result.startswith(wanted)
        yield name, wanted, result, *cells
    yield f"{right} of {len(names)}", "as they should be", *[""] * 5


def _built(kind: Kind, *, sim: bool) -> tuple[str, ...]:
    """Result, multiply-accumulates, cycles, agreement and remark."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "network.onnx", Path(folder) / "design"
        export(kind, path)
        data = random_data(path)
        only = next(iter(data.values())) if len(data) == 1 else data
        try:
            report = nnhw.build(path, data=only, out=out, macs=32, vectors=1, sim=sim).report
        except NnhwError as error:
            lines = str(error).splitlines()
            more = f" (and {len(lines) - 1} more lines)" if len(lines) > 1 else ""
            return "refused", "", "", "", lines[0].replace("|", "\\|") + more
        moves = sum(not layer.macs for layer in report.layers)
        assert report.reference is not None, "there are data"
        checked = report.reference.compared_samples
        return (
            "built, simulated: every byte and cycle" if sim else "built",
            f"{report.macs:,}",
            f"{report.interval_cycles:,}",
            str(compare(out, data)),
            f"{len(report.layers)} layers, {moves} without multiplications; "
            + (f"reading equals the file's answers on {checked} samples" if checked else "unread"),
        )


if __name__ == "__main__":
    logging.disable()
    parser = argument_parser(__doc__.splitlines()[0], "pytorch_networks.md")
    parser.add_argument("--no-sim", action="store_true", help="without simulation")
    parser.add_argument("--only", nargs="+", metavar="KIND", choices=KINDS, help="some kinds only")
    arguments = parser.parse_args()
    write_table(
        arguments.out,
        "Kinds of PyTorch networks",
        COLUMNS,
        rows(arguments.only or list(KINDS), sim=not arguments.no_sim),
        notes=f"PyTorch {torch.__version__}, {SAMPLES} random samples, an array of up to 32 "
        "multipliers. The last but one column counts the integers of the outputs that are those "
        "of onnxruntime on model.qdq.onnx, which scales in floating point: one next to a tie may "
        "differ by a step, and takes others behind it along.",
    )
