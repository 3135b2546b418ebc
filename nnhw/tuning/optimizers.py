"""Optimizers by name, and the learning rate over time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import optim

from ..options import TuneOptions
from .network import Network


@dataclass(frozen=True)
class _Choice:
    """What makes an optimizer of groups of parameters, and its learning rate by default."""

    make: Callable[..., optim.Optimizer]
    lr: float
    settings: Mapping[str, object]


_FUSED = {"fused": True}
"""All parameters in one step of compiled code, where PyTorch has it."""

_MOMENTUM = {"momentum": 0.9, **_FUSED}

_OPTIMIZERS = {
    "sgd": _Choice(optim.SGD, 6e-2, _FUSED),
    "momentum": _Choice(optim.SGD, 6e-3, _MOMENTUM),
    "nesterov": _Choice(optim.SGD, 6e-3, {**_MOMENTUM, "nesterov": True}),
    "adam": _Choice(optim.Adam, 2e-3, _FUSED),
    "adamw": _Choice(optim.AdamW, 2e-3, _FUSED),
    "rmsprop": _Choice(optim.RMSprop, 1e-3, {}),
    "adagrad": _Choice(optim.Adagrad, 1e-2, _FUSED),
    "adadelta": _Choice(optim.Adadelta, 1.0, {}),
}

_STEP_AT, _STEP = (0.5, 0.75), 0.1
"""Shares of the run after which the rate falls by this factor, with the schedule "step"."""


def make_optimizer(network: Network, options: TuneOptions) -> optim.Optimizer:
    """The optimizer of all parameters of a network; weights alone decay (option `l2`)."""
    chosen = _OPTIMIZERS[options.optimizer]
    weights = network.weights
    known = {id(parameter) for parameter in weights}
    others = [item for item in network.parameters() if id(item) not in known]
    groups = [
        {"params": weights, "weight_decay": options.l2 or 0.0},
        {"params": others, "weight_decay": 0.0},
    ]
    return chosen.make(groups, lr=largest_rate(options), **chosen.settings)


def largest_rate(options: TuneOptions) -> float:
    """The learning rate after warm-up: the one asked for, or the optimizer's own."""
    return _OPTIMIZERS[options.optimizer].lr if options.lr is None else options.lr


def learning_rate(options: TuneOptions, progress: float) -> float:
    """The rate at a time, in epochs since the beginning, fractions included.

    It rises linearly during the option `warmup`, if that is less than the run, and falls from then
    on.
    """
    warmup = min(options.warmup, options.epochs - 1)
    largest = largest_rate(options)
    if progress < warmup:
        return largest * progress / warmup
    share = (progress - warmup) / (options.epochs - warmup)
    if options.schedule == "cosine":
        return largest * (1 + math.cos(math.pi * share)) / 2
    if options.schedule == "step":
        return largest * _STEP ** sum(share >= at for at in _STEP_AT)
    return largest


def set_rate(optimizer: optim.Optimizer, rate: float) -> None:
    """The learning rate of the next step."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def magnitudes(network: Network) -> torch.Tensor:
    """Sum of the magnitudes of all weights, which the option `l1` penalizes."""
    return torch.stack([weight.abs().sum() for weight in network.weights]).sum()
