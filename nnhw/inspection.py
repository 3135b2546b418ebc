"""Whether a model can be built: the steps of a build as far as its export, with nothing written."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from .budget import memory_budget
from .conversion import (
    Samples,
    check_options,
    convert,
    idle_options,
    needs_calibration,
    read_samples,
)
from .data import Data, Dataset, DataSource, data_source
from .errors import CalibrationError, NnhwError, UnsupportedError
from .families import FAMILIES
from .frontend import Model, ModelSummary, NodeSummary, Origins, model_file, read_summary, write_qdq
from .ir import Batch, Graph
from .options import BuildOptions, options_from
from .passes import simplify_graph
from .placement import place
from .plugins import OPERATORS, chosen_plugins
from .quantize import certain_refusals

_SAMPLES = 8
"""Random ones, where there are no data."""

_RANDOM_VALUES = 1 << 22
"""Fewer samples are drawn, one at least, of inputs so large that all of them have more values."""


def inspect_model(
    model: Model,
    *,
    data: Data | None = None,
    config: BuildOptions | str | PathLike[str] | None = None,
    **options: Any,
) -> ModelSummary:
    """Summarize an ONNX model, and tell everything that keeps `build` from building it.

    Without data, a network that has to be calibrated is tried with random samples. What depends on
    the samples is then no problem but a note. Of a model that cannot be read as a whole, only what
    its other nodes are refused for by themselves is told: ranges and the array depend on all.

    Parameters
    ----------
    model, data, config, options
        As for `build`.

    Raises
    ------
    NnhwError
        If the model cannot be read at all, or an option is wrong.
    """
    chosen = options_from(config, options)
    source = None if data is None else data_source(data)
    chosen_plugins(chosen.plugins, OPERATORS)
    with model_file(model) as file, memory_budget(chosen.max_memory):
        summary, network = read_summary(file, chosen.input_shape)
        if network is None:
            return summary
        if summary.problems:
            return _looked_through(file, summary, network, chosen)
        return _tried(file, summary, network, source, chosen)


def _looked_through(
    model: Path, summary: ModelSummary, part: Graph, chosen: BuildOptions
) -> ModelSummary:
    """The summary of a model that cannot be read as a whole, with what is certain of its rest."""
    found = _Findings(Origins.of_file(model, chosen.input_shape))
    with found.collected():
        if lines := certain_refusals(simplify_graph(part)):
            raise UnsupportedError(lines)
    return _with_problems(summary, (*summary.problems, *found.problems))


def _tried(
    model: Path,
    summary: ModelSummary,
    network: Graph,
    data: DataSource | None,
    chosen: BuildOptions,
) -> ModelSummary:
    """The summary with what the steps of a build refuse."""
    found = _Findings(Origins.of_file(model, chosen.input_shape))
    with found.collected():
        check_options(network, "given" if data is None else data, chosen)
    default = BuildOptions()
    chosen = chosen.replace(**{n: getattr(default, n) for n in idle_options(network, chosen)})
    samples = None
    if data is not None:
        with found.collected():
            samples = read_samples(data, network, chosen)
    tried_with = (
        "data" if samples else "random samples" if needs_calibration(network, chosen) else None
    )
    if samples is None:
        samples = _random_samples(network, chosen.seed) if tried_with else Samples()
    with found.collected(is_random=tried_with == "random samples"):
        graph = convert(network, samples, chosen).graph
        with found.collected():
            _write_model(graph)
        with found.collected():
            memories = place(graph, chosen).program.machine.memory_bits()
            found.notes += _too_large(sum(memories.values()), chosen.cells)
    summary = _with_problems(summary, found.problems)
    return replace(summary, notes=tuple(found.notes), tried_with=tried_with)


def _too_large(needed: int, technology: str) -> Iterator[str]:
    """A line if no device holds a design's memories.

    Parameters
    ----------
    needed
        Bits of all memories.
    technology
        The family of whose devices is asked; of all where a design is portable.
    """
    families = FAMILIES.values() if technology == "portable" else [FAMILIES[technology]]
    held = {t.name: family.memory_bits(t) for family in families for t in family.targets}
    largest = max(held, key=held.__getitem__, default=None)
    if largest is not None and 0 < held[largest] < needed:
        yield (
            f"Weights, activations and program take {needed / 8192:,.0f} KiB of memory, but the "
            f"largest device that nnhw knows, {largest}, has {held[largest] / 8192:,.0f} KiB of "
            "block RAM: it can be built and simulated, but not loaded into any of them; use fewer "
            "weight_bits, a smaller input, or fewer channels"
        )


def _with_problems(summary: ModelSummary, problems: Iterable[str]) -> ModelSummary:
    problems = tuple(dict.fromkeys(problems))
    return replace(
        summary,
        problems=problems,
        nodes=tuple(_with_reasons(node, problems) for node in summary.nodes),
    )


class _Findings:
    """Collects what the steps refuse, by the names of the file's nodes."""

    def __init__(self, origins: Origins) -> None:
        self.problems: list[str] = []
        self.notes: list[str] = []
        self._origins = origins

    @contextmanager
    def collected(self, *, is_random: bool = False) -> Iterator[None]:
        """Take errors in the block as problems; as notes where they come of random samples."""
        try:
            yield
        except CalibrationError as error:
            text = str(self._origins.restate(error))
            if is_random:
                self.notes.append(f"With random samples: {text}; give data to know (--data)")
            else:
                self.problems.append(text)
        except UnsupportedError as error:
            restated = self._origins.restate(error)
            assert isinstance(restated, UnsupportedError), "it keeps its kind"
            self.problems += restated.problems
        except NnhwError as error:
            self.problems.append(str(self._origins.restate(error)))


def _random_samples(network: Graph, seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    shapes = {port.tensor: network.tensors[port.tensor].shape for port in network.inputs}
    values = sum(math.prod(shape) for shape in shapes.values())
    count = min(_SAMPLES, max(1, _RANDOM_VALUES // values))
    arrays = {name: rng.normal(size=(count, *shape)) for name, shape in shapes.items()}
    return Samples(calibration=Dataset(x=Batch({n: a.astype("f4") for n, a in arrays.items()})))


def _write_model(graph: Graph) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_qdq(graph, Path(folder) / "model.qdq.onnx")


def _with_reasons(node: NodeSummary, problems: Iterable[str]) -> NodeSummary:
    """The node with the problems that name it."""
    named = re.compile(rf"Node '{re.escape(node.name)}'[^:]*: ")
    reasons = [named.sub("", line, count=1) for line in problems if named.match(line)]
    return replace(node, supported=False, reason="; ".join(reasons)) if reasons else node
