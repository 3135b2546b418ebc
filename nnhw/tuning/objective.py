"""What is minimized, and the figure that people read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from ..data import Dataset
from ..errors import DataError
from ..ir import Graph, Port
from ..options import TuneOptions

Outputs = Mapping[str, torch.Tensor]
"""Real values (N, C, H, W) by tensor."""


@dataclass(frozen=True)
class Objective:
    """The loss of a network's outputs.

    Between the answers of the float network and of the integer one it is, summed over the outputs,
    the Kullback-Leibler divergence of scores that are divided by a temperature (Hinton et al.,
    "Distilling the Knowledge in a Neural Network", 2015): networks' scores differ in size by orders
    of magnitude, so that it is half of their standard deviation unless it is given. Of other
    outputs it is the mean squared error over the variance of the float network's. Labels that are
    classes add the cross entropy of the first output, targets its mean squared error over the same
    variance.

    Parameters
    ----------
    graph
        Float graph.
    options
        What is learned from.
    scores
        Output tensors that hold scores of classes.
    deviation
        Standard deviation of each output of the float network.
    labels
        What labels are, if there are any: see `Dataset`.
    """

    graph: Graph
    options: TuneOptions
    scores: frozenset[str]
    deviation: Mapping[str, float]
    labels: str | None

    def losses(
        self, found: Outputs, teacher: Outputs | None, labels: np.ndarray | None
    ) -> torch.Tensor:
        """The loss of each sample of a batch, (N,)."""
        terms = []
        if teacher is not None:
            terms += [self._distance(name, found[name], teacher[name]) for name in found]
        if labels is not None:
            port = self.graph.outputs[0]
            if self.labels == "classes":
                scores = _two_classes(found[port.tensor]).flatten(1)
                terms.append(cross_entropy(scores, torch.from_numpy(labels), reduction="none"))
            else:
                real = _in_onnx_order(found[port.tensor], port)
                error = real - torch.from_numpy(labels)
                square = error.square().reshape(len(error), -1).mean(1)
                terms.append(square / self.deviation[port.tensor] ** 2)
        return torch.stack(terms).sum(0)

    @property
    def figure(self) -> str:
        """Name of the figure that `figure_value` gives."""
        if self.labels == "classes":
            return "top-1 %"
        return "same class as the float network %" if self._first in self.scores else "SNR dB"

    def figure_sum(self, found: Outputs, teacher: Outputs, labels: np.ndarray | None) -> float:
        """What of a batch `figure_value` makes the figure of, when all batches are added up."""
        ours, theirs = (_two_classes(outputs[self._first]) for outputs in (found, teacher))
        if self.labels == "classes":
            assert labels is not None
            return float((ours.flatten(1).argmax(1).numpy() == labels).sum())
        if self._first in self.scores:
            same = ours.argmax(1) == theirs.argmax(1)
            return float(same.flatten(1).double().mean(1).sum())
        error = (found[self._first] - teacher[self._first]).double()
        return float(error.square().flatten(1).mean(1).sum())

    def figure_value(self, total: float, count: int) -> float:
        """The figure of `count` samples, rounded for people."""
        if self.labels == "classes" or self._first in self.scores:
            return 100 * total / count
        power = self.deviation[self._first] ** 2
        return 10 * math.log10(power * count / total) if total else math.inf

    def drawn(self, found: Outputs) -> torch.Tensor:
        """A sum over a batch whose gradient tells what changes of the network do to its answers.

        It is of answers that are drawn as the network itself gives them: classes by their
        probabilities, all else with noise. The mean square of a change's derivative is twice the
        loss that it makes, to second order.
        """
        terms = []
        for name, values in found.items():
            if name in self.scores:
                logs = log_softmax(_two_classes(values) / self._heat(name), dim=1)
                rows = logs.movedim(1, -1).flatten(0, -2)  # (answers, classes)
                drawn = torch.multinomial(rows.detach().exp(), 1)
                each = rows.gather(1, drawn).sum() / math.sqrt(len(rows) / len(values))
            else:
                size = math.sqrt(2 / values[0].numel()) / self.deviation[name]
                each = (values * torch.randn(values.shape) * size).sum()
            terms.append(each)
        return torch.stack(terms).sum()

    def _heat(self, name: str) -> float:
        """What scores are divided by."""
        return self.options.temperature or self.deviation[name] / 2

    @property
    def _first(self) -> str:
        return self.graph.outputs[0].tensor

    def _distance(self, name: str, ours: torch.Tensor, theirs: torch.Tensor) -> torch.Tensor:
        if name not in self.scores:
            return (ours - theirs).square().flatten(1).mean(1) / self.deviation[name] ** 2
        found, wanted = (
            log_softmax(_two_classes(y) / self._heat(name), dim=1) for y in (ours, theirs)
        )
        each = kl_div(found, wanted, reduction="none", log_target=True)
        return each.sum(1).flatten(1).mean(1)


def make_objective(
    graph: Graph, options: TuneOptions, data: Dataset, answers: Mapping[str, np.ndarray]
) -> Objective:
    """The objective for a network and its data.

    Parameters
    ----------
    answers
        Of the float network, (N, H, W, C) by tensor, for typical samples.

    Raises
    ------
    DataError
        If labels are to be learned and there are none.
    """
    if options.labels and data.y is None:
        raise DataError(
            "Option labels needs labels: give an array 'y' in the data, or leave the option out to "
            "learn from the float network's answers"
        )
    labels = None if data.y is None else data.labels
    ports = graph.outputs
    scores = {port.tensor for port in ports if _has_softmax(port)}
    if labels == "classes":
        scores.add(ports[0].tensor)
    if options.loss != "auto":
        scores = {port.tensor for port in ports} if options.loss == "kl" else set()
    deviation = {name: float(np.std(array)) or 1.0 for name, array in answers.items()}
    return Objective(graph, options, frozenset(scores), deviation, labels)


def _has_softmax(port: Port) -> bool:
    return any("Softmax" in step for step in port.host_postprocess)


def _two_classes(scores: torch.Tensor) -> torch.Tensor:
    """Scores of classes along axis 1; a single one is a logit, that of class 1 against class 0."""
    if scores[0].numel() > 1:
        return scores
    return torch.cat([torch.zeros_like(scores), scores], dim=1)


def _in_onnx_order(y: torch.Tensor, port: Port) -> torch.Tensor:
    axes = ["CHW".index(axis) + 1 for axis in port.layout]
    return y.permute(0, *axes).reshape(len(y), *port.onnx_shape)
