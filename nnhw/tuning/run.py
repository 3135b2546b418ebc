"""From a float model and samples to a tuned QDQ file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..budget import memory_budget
from ..conversion import Samples, quantization_options, quantize_network, simplify
from ..data import Data, DataSource, data_source
from ..errors import ExportError, VerificationError
from ..frontend import Model, load_model, model_file, write_qdq
from ..golden import Noise, dequantize, quantize_inputs
from ..golden import run as run_integer
from ..ir import Graph
from ..options import TuneOptions
from ..quantize import run_float, with_real_weights, without_roundings
from ..report import Curve, render_tuning
from .checkpoint import Checkpoint, Progress
from .network import Network
from .objective import make_objective
from .result import TuneResult, find_warnings
from .splits import Splits, split_samples
from .train import Report, Training
from .twin import from_torch

_COMPARED = 32
"""Validation samples on which the result is compared with the golden model."""


def run_tuning(
    model: Model,
    data: Data,
    val: Data | None,
    out: str | PathLike[str] | None,
    force: bool,
    report: Report,
    options: TuneOptions,
) -> TuneResult:
    """See `nnhw.tune`."""
    source = data_source(data)
    val_source = None if val is None else data_source(val)
    with memory_budget(options.max_memory), model_file(model) as file, _threads(options.threads):
        path = Path(f"{file.stem}_tuned.onnx" if out is None else out)
        checkpoint_path = path.with_name(f"{path.name}.checkpoint")
        _make_room(path, checkpoint_path, force=force)
        report("Read the model and the data", 0)
        network = load_model(file, options.input_shape)
        splits = split_samples(source, val_source, network, options)
        report("Quantize", 0)
        samples = Samples(calibration=splits.calibration)
        build_options = options.of_build
        simplified = with_real_weights(simplify(network, samples, build_options))
        simplified, integer, _ = quantize_network(simplified, samples, build_options)
        bare, _ = without_roundings(simplified)
        tuned = Network(
            bare,
            integer,
            multiplier_bits=quantization_options(build_options).multiplier_bits,
            learn_ranges=options.learn_ranges,
            dropout=options.dropout or 0.0,
            noise=Noise(**options.hardware_noise) if options.hardware_noise else None,
        )
        answers = run_float(simplified, splits.calibration.x[:])
        objective = make_objective(simplified, options, splits.train, answers)
        training = Training(tuned, simplified, objective, splits, options)
        checkpoint = Checkpoint(checkpoint_path, _identity(file, source, val_source, options))
        with torch.random.fork_rng(devices=[]):
            progress = training.run(checkpoint, report)
        graph = tuned.to_graph()
        _compare(tuned, graph, splits)
        result = TuneResult(
            path=path,
            page=path.with_suffix(".tuning.html"),
            checkpoint=checkpoint_path,
            graph=graph,
            history=tuple(progress.history),
            best_epoch=progress.best,
            figure=f"{objective.figure}, with noise"
            if options.hardware_noise
            else objective.figure,
            samples={
                "train": len(splits.train),
                "calibration": len(splits.calibration),
                "validation": len(splits.validation),
            },
            options=options,
            warnings=find_warnings(
                progress.history, progress.best, held_out=splits.validation.held_out
            ),
        )
        result.page.write_text(_page(result, file.name, progress), encoding="utf-8")
        partial = path.with_name(f".{path.name}.partial")
        write_qdq(graph, partial)
        os.replace(partial, path)
    return result


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(before if count is None else count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _make_room(path: Path, checkpoint: Path, *, force: bool) -> None:
    """Refuse to replace a file, or remove what an earlier run has left.

    Raises
    ------
    ExportError
        If the file is there and may not be replaced, or its folder is missing.
    """
    if not path.parent.is_dir():
        raise ExportError(f"There is no folder {path.parent} to write {path.name} to")
    if force:
        for old in (path, checkpoint):
            old.unlink(missing_ok=True)
    elif path.exists():
        raise ExportError(
            f"File {path} exists; give --force (force=True) to replace it, or another --out"
        )


def _identity(file: Path, data: DataSource, val: DataSource | None, options: TuneOptions) -> str:
    """All that a run's result depends on."""
    facts: dict[str, Any] = {
        "model": hashlib.sha256(file.read_bytes()).hexdigest(),
        "data": data.sha256,
        "val": None if val is None else val.sha256,
        "options": options.to_dict(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }
    return json.dumps(facts, sort_keys=True)


def _compare(network: Network, graph: Graph, splits: Splits) -> None:
    """Make sure that the network that was tuned is the integer network that is written.

    Raises
    ------
    VerificationError
        If the twin and the golden model differ.
    """
    q = quantize_inputs(graph, splits.validation.x[:_COMPARED])
    network.eval()
    with torch.no_grad():
        twin = network(q)
    golden = run_integer(graph, q)
    for name, found in twin.items():
        tensor = graph.tensors[name].q
        if not np.array_equal(from_torch(found), dequantize(golden[name], tensor)):
            raise VerificationError(
                f"Output '{name}' of the network that was tuned differs from the golden model's"
            )


def _page(result: TuneResult, model: str, progress: Progress) -> str:
    epochs = range(len(result.history))

    def curve(name: str, key: str) -> Curve:
        points = [(epoch, result.history[epoch][key]) for epoch in epochs]
        return Curve(name=name, points=tuple(p for p in points if p[1] == p[1]))

    told = {
        "model": model,
        "epoch taken": f"{result.best_epoch} of {len(result.history) - 1}, by the least loss on "
        "validation samples",
        f"{result.figure}, before tuning": f"{result.before:.2f}",
        f"{result.figure}, after tuning": f"{result.after:.2f}",
        "samples trained on": f"{result.samples['train']:,}",
        "of these calibrated with": f"{result.samples['calibration']:,}",
        "samples that the epoch was chosen by": f"{result.samples['validation']:,}",
    }
    given = {name: str(value) for name, value in result.options.to_dict().items()}
    return render_tuning(
        title=f"Tuning of {model}",
        facts=told,
        options=given,
        warnings=result.warnings,
        charts={
            "loss": (curve("training", "train_loss"), curve("validation", "val_loss")),
            f"{result.figure}, on validation samples": (curve("validation", "figure"),),
            "learning rate": (curve("rate", "rate"),),
        },
        marked=result.best_epoch,
    )
