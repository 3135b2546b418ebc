"""The run: epochs of steps, each followed by a look at the validation samples.

All that is drawn at random follows from the seed, the epoch and the step alone, so that a run that
goes on from a checkpoint makes what an uninterrupted one makes, bit for bit, on the same machine
with as many threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch

from ..data import Dataset
from ..errors import QuantizationError
from ..golden import quantize_inputs
from ..ir import Batch, as_batch
from ..options import TuneOptions
from .augment import augment, draw_mixture
from .checkpoint import Progress
from .hints import Hints
from .network import Network
from .objective import Objective
from .optimizers import learning_rate, magnitudes, make_optimizer, set_rate
from .splits import Splits
from .teacher import Teacher, parts

Report = Callable[[str, float], None]
"""Takes what is being done, and the share of the run that is done."""


class Training:
    """A run.

    Parameters
    ----------
    network
        What is tuned; at the end as in its best epoch.
    teacher
        Who is imitated.
    objective, splits, options
        What is minimized, over which samples, and how.
    """

    def __init__(
        self,
        network: Network,
        teacher: Teacher,
        objective: Objective,
        splits: Splits,
        options: TuneOptions,
    ):
        self._network, self._teacher, self._objective = network, teacher, objective
        self._splits, self._options = splits, options
        self._hints = Hints(network, splits, options)
        self._inputs = network.to_graph()  # whose inputs' quantizations stay
        x = as_batch(teacher.graph, splits.calibration.x[:])
        self._deviation = {name: float(np.std(array)) for name, array in x.arrays.items()}

    def run(self, progress: Progress, save: Callable[[Progress], None], report: Report) -> None:
        """Tune the network, from where `progress` says on, which is kept up to date.

        `save`: called with it after each epoch, and before the first one.

        Raises
        ------
        QuantizationError
            If the loss or a parameter is no finite number any more.
        """
        options, network = self._options, self._network
        optimizer = make_optimizer(network, options)
        if not progress.history:
            report("Judge the untuned network", 0)
            self._note(progress, 0.0, math.nan)
            save(self._with_state(progress, optimizer))
        else:
            network.load_state_dict(progress.state)
            optimizer.load_state_dict(progress.optimizer)
        while not self.is_done(progress):
            epoch = len(progress.history)
            if 1 < epoch <= options.warmup + 1:
                network.choose_shifts()
            loss = self._epoch(epoch, optimizer, partial(report, self._title(progress)))
            self._note(progress, learning_rate(options, epoch - 1), loss)
            save(self._with_state(progress, optimizer))
        network.load_state_dict(progress.best_state)

    def judge(self) -> tuple[torch.Tensor, float]:
        """On the validation samples: the loss of each, float64 (N,), and the figure."""
        options, objective, data = self._options, self._objective, self._splits.validation
        self._network.eval()
        losses, figure = [], 0.0
        seed_torch(options.seed)  # the same noise for every epoch
        with torch.no_grad(), self._network.erring():
            for rows in parts(len(data)):
                teacher = self._teacher.known(data, rows)
                labels = None if data.y is None else data.y[rows]
                found = self._outputs(data.x[rows])
                learned = (
                    teacher if options.teacher else None,
                    labels if options.labels else None,
                )
                losses.append(objective.losses(found, *learned).double())
                figure += objective.figure_sum(found, teacher, labels)
        return torch.cat(losses), objective.figure_value(figure, len(data))

    def is_done(self, progress: Progress) -> bool:
        """Whether no epoch is left."""
        last = len(progress.history) - 1
        patience = self._options.patience
        waited = patience is not None and last - progress.least >= patience
        return last >= self._options.epochs or waited

    def _title(self, progress: Progress) -> str:
        last = progress.history[-1]
        return (
            f"Epoch {len(progress.history)} of {self._options.epochs}; so far loss "
            f"{last['val_loss']:.4g}, {self._objective.figure} {last['figure']:.2f}"
        )

    def _with_state(self, progress: Progress, optimizer: torch.optim.Optimizer) -> Progress:
        progress.state = copied_state(self._network)
        progress.optimizer = optimizer.state_dict()
        return progress

    def _epoch(
        self, epoch: int, optimizer: torch.optim.Optimizer, report: Callable[[float], None]
    ) -> float:
        """One pass over the training samples; the mean loss of its steps."""
        options, network, train = self._options, self._network, self._splits.train
        network.train()
        order = np.random.default_rng([options.seed, epoch]).permutation(len(train))
        starts = range(0, len(train), options.batch)
        total = 0.0
        for step, start in enumerate(starts):
            at = epoch - 1 + step / len(starts)
            report(at / options.epochs)
            set_rate(optimizer, learning_rate(options, at + 1 / len(starts) / 2))
            rng = np.random.default_rng([options.seed, epoch, step])
            seed_torch(int(rng.integers(1 << 62)))
            rows = order[start : start + options.batch]
            with network.erring():
                loss, hints = self._loss(train, rows, rng, at)
            value = float(loss.detach())
            if hints is not None:
                loss = loss + hints
            total += value * len(rows)
            if options.l1 is not None:
                loss = loss + options.l1 * magnitudes(network)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if not math.isfinite(value) or not network.is_finite:
                raise QuantizationError(
                    f"Tuning diverges: the loss is {value:.4g} in epoch {epoch}, step {step + 1}, "
                    "and parameters leave the range of numbers; use a smaller learning rate "
                    "(option lr)"
                )
        return total / len(train)

    def _loss(
        self, data: Dataset, rows: np.ndarray, rng: np.random.Generator, at: float
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Of the outputs, and of hidden layers where there are hints, `at` so many epochs."""
        options = self._options
        x = as_batch(self._teacher.graph, data.x[rows])
        if options.augments:
            x = augment(x, options, self._deviation, rng)
        mixture = None
        if options.mixup is not None:
            mixture = draw_mixture(len(rows), options.mixup, rng)
            x = mixture.of(x)
        teacher = None
        if options.teacher:
            known = not options.augments
            teacher = self._teacher.known(data, rows) if known else self._teacher.answers(x)
        labels = data.y[rows] if options.labels and data.y is not None else None
        hidden = self._hints.tensors(at)
        found = self._outputs(x, hidden)
        layers = {name: found.pop(name) for name in hidden}
        losses = self._objective.losses(found, teacher, labels)
        if mixture is not None and labels is not None:
            others = self._objective.losses(found, teacher, labels[mixture.partner])
            share = torch.from_numpy(mixture.share)
            losses = share * losses + (1 - share) * others
        return losses.mean(), self._hints.loss(layers, x, at) if hidden else None

    def _note(self, progress: Progress, rate: float, train_loss: float) -> None:
        """Judge the network on the validation samples, and add the epoch to the history."""
        losses, figure = self.judge()
        if progress.add(losses, rate=rate, train_loss=train_loss, figure=figure):
            progress.best_state = copied_state(self._network)

    def _outputs(self, x: Batch, hidden: Sequence[str] = ()) -> dict[str, torch.Tensor]:
        return self._network(quantize_inputs(self._inputs, x), hidden)


def seed_torch(seed: int) -> None:
    """`torch.manual_seed` for the processor alone: each call of that takes a millisecond to note,
    with a stack trace for each kind of device, what is to be done if there is one."""
    torch.default_generator.manual_seed(seed)


def copied_state(network: Network) -> dict[str, object]:
    """The state of a network, in values that do not change when the network does."""
    return {
        name: value.clone() if isinstance(value, torch.Tensor) else value
        for name, value in network.state_dict().items()
    }
