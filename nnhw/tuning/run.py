"""From a float model and samples to a tuned QDQ file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..budget import memory_budget
from ..conversion import Samples, simplify
from ..data import Data, DataSource, data_source
from ..errors import ExportError, QuantizationError, VerificationError
from ..frontend import Model, load_model, model_file, write_qdq
from ..golden import dequantize, quantize_inputs
from ..golden import run as run_integer
from ..ir import Graph
from ..layer_bits import choose_layer_bits
from ..options import TuneOptions
from ..quantize import is_quantized, run_float, with_real_weights
from ..search.extras import require
from ..staging import keep_apart
from .augment import check_augmentation
from .begin import begin
from .checkpoint import Checkpoint, Progress
from .network import Network
from .objective import Objective, make_objective
from .page import write_pages
from .pruning import Pruning
from .result import Round, Searched, TuneResult, find_warnings
from .splits import Splits, known_samples, split_samples
from .teacher import Teacher
from .train import Report, Training, copied_state
from .twin import from_torch

_QUANTIZED = (
    "Channels of a model that arrived quantized cannot be pruned: the ranges of its activations "
    "are those of the network with all channels; give the float model, or leave out prune_to, "
    "prune_cycles and prune_memory_bits"
)

_STATE = 3
"""Counts what checkpoints have held: weights are in units of their channel since 2, biases are what
is written at the average input since 3."""

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
        keep_apart(path, model=model, data=data, val=val)
        checkpoint_path, study = (
            path.parent / f"{path.name}.{what}" for what in ("checkpoint", "study.db")
        )
        _make_room(path, checkpoint_path, study, force=force)
        report("Read the model and the data", 0)
        network = load_model(file, options.input_shape)
        check_augmentation(network, options)
        splits = split_samples(source, val_source, network, options)
        report("Quantize", 0)
        samples = Samples(calibration=splits.calibration)
        simplified = with_real_weights(simplify(network, samples, options.of_build))
        if options.prunes and is_quantized(simplified):
            raise QuantizationError(_QUANTIZED)
        options = _with_layer_bits(simplified, splits, options, report)
        answers = run_float(simplified, splits.calibration.x[:])
        objective = make_objective(simplified, options, splits.train, answers)
        facts = _facts(file, source, val_source)
        searched = None
        with torch.random.fork_rng(devices=[]):
            if options.search is not None:
                run = _Run(simplified, objective, splits, options)
                options, searched = _search(run, options, study, facts, report)
            identity = json.dumps({**facts, "options": options.to_dict()}, sort_keys=True)
            checkpoint = Checkpoint(checkpoint_path, identity)
            run = _Run(simplified, objective, splits, options)
            try:
                tuned, progress = run.to_the_end(checkpoint, report)
            except QuantizationError:  # the same run would end there again
                checkpoint.remove()
                raise
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
            rounds=tuple(Round(**each) for each in progress.rounds),
            searched=searched,
            options=options,
            warnings=find_warnings(
                progress.history,
                progress.best,
                held_out=splits.validation.held_out,
                known=known_samples(splits, network) / len(splits.validation),
            ),
        )
        write_pages(result, file.name)
        partial = path.with_name(f".{path.name}.partial")
        write_qdq(graph, partial)
        os.replace(partial, path)
    return result


class _Run:
    """Training, and what of it is done again after each round of pruning.

    Parameters
    ----------
    graph
        The float graph with all channels, whose answers are the teacher's.
    """

    def __init__(
        self,
        graph: Graph,
        objective: Objective,
        splits: Splits,
        options: TuneOptions,
    ):
        self._graph, self._objective = graph, objective
        self._teacher = Teacher(graph)
        self._splits, self._options = splits, options
        self._pruning = Pruning(objective, splits, options) if options.prunes else None

    def to_the_end(self, checkpoint: Checkpoint, report: Report) -> tuple[Network, Progress]:
        """The tuned network, and what was made of it, from where the checkpoint says on."""
        progress = checkpoint.load() or Progress()
        network = begin(progress.graph or self._graph, self._splits.calibration, self._options)
        if self._pruning and not progress.rounds:
            report("Judge the untuned network", 0)
            _, figure = self._training(network, self._options).judge()
            progress = self._pruning.first(network, figure)
            network, progress = self._pruned(network, progress, report)
        while True:
            self._train(network, progress, checkpoint, report)
            if self._pruning is None or self._pruning.is_done(progress):
                return network, progress
            network, progress = self._pruned(network, progress, report)
            checkpoint.save(progress)

    def trials(self) -> Callable[[TuneOptions], Training]:
        """What makes runs with other settings, which all begin with the same network."""
        network = begin(self._graph, self._splits.calibration, self._options)
        first = copied_state(network)

        def make(options: TuneOptions) -> Training:
            network.load_state_dict(first)
            return self._training(network, options)

        return make

    def _pruned(
        self, network: Network, progress: Progress, report: Report
    ) -> tuple[Network, Progress]:
        assert self._pruning is not None
        epochs = len(progress.history) - 1 if progress.history else 0
        share = self._share(progress, epochs)
        report(f"Choose channels, round {len(progress.rounds)}", share)
        return self._pruning.prune(network, progress)

    def _train(
        self, network: Network, progress: Progress, checkpoint: Checkpoint, report: Report
    ) -> None:
        options = self._pruning.training_options(progress) if self._pruning else self._options

        def told(step: str, share: float) -> None:
            number = len(progress.rounds) - 1
            of_round = f"Round {number} of {options.prune_rounds}: " if self._pruning else ""
            report(of_round + step, self._share(progress, share * options.epochs))

        self._training(network, options).run(progress, checkpoint.save, told)
        if self._pruning:
            costs = self._pruning.costs(network.to_graph())
            first, best = progress.history[0], progress.history[progress.best]
            progress.rounds[-1] |= asdict(costs)
            progress.rounds[-1] |= {"pruned_figure": first["figure"], "figure": best["figure"]}

    def _training(self, network: Network, options: TuneOptions) -> Training:
        return Training(network, self._teacher, self._objective, self._splits, options)

    def _share(self, progress: Progress, epochs: float) -> float:
        """Of the run that is done, `epochs` after channels were removed last."""
        options = self._options
        if self._pruning is None:
            return epochs / options.epochs
        before, after = max(0, len(progress.rounds) - 2), options.prune_rounds - 1
        done = before * options.prune_epochs + epochs
        return done / (after * options.prune_epochs + options.epochs)


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(before if count is None else count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _make_room(path: Path, *leftovers: Path, force: bool) -> None:
    """Refuse to replace a file, or remove what an earlier run has left beside it; what `force`
    replaces stays until the result is there.

    Raises
    ------
    ExportError
        If the file is there and may not be replaced, is a folder, or its folder is missing.
    """
    if path.is_dir():
        raise ExportError(f"'{path}' is a folder; give a file in it to write to (--out, out=)")
    if not path.parent.is_dir():
        raise ExportError(f"There is no folder {path.parent} to write {path.name} to")
    if force:
        for old in leftovers:
            old.unlink(missing_ok=True)
    elif path.exists():
        raise ExportError(
            f"File {path} exists; give --force (force=True) to replace it, or another --out"
        )


def _with_layer_bits(
    graph: Graph, splits: Splits, options: TuneOptions, report: Report
) -> TuneOptions:
    """The options with bits for each layer, if they are to be chosen."""
    if options.mean_bits is None:
        return options
    report("Measure the sensitivity of each layer", 0)
    bits = choose_layer_bits(graph, splits.calibration, options.of_build, options.mean_bits)
    return replace(options, bits=bits)


def _facts(file: Path, data: DataSource, val: DataSource | None) -> dict[str, Any]:
    """All that a run's result depends on, beside the options."""
    return {
        "model": hashlib.sha256(file.read_bytes()).hexdigest(),
        "data": data.sha256,
        "val": None if val is None else val.sha256,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "state": _STATE,
    }


def _search(
    run: _Run, options: TuneOptions, study: Path, facts: Mapping[str, Any], report: Report
) -> tuple[TuneOptions, Searched]:
    """The options with those settings that a search has found."""
    require("optuna", "plotly", "matplotlib")
    from .search import find_settings

    same = {n: value for n, value in options.to_dict().items() if n not in ("trials", "max_memory")}
    identity = {**facts, "options": same}
    return find_settings(run.trials(), options, study, identity, report)


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
