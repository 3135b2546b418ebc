"""A small network of PyTorch, and its exports."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

IMAGE = (3, 16, 16)


def small_cnn() -> Any:
    """Everything that a small network has, its batch normalizations as if they were trained."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, padding=1, bias=False),
        torch.nn.BatchNorm2d(8),
        torch.nn.ReLU6(),
        torch.nn.Conv2d(8, 8, 3, groups=8, stride=2),
        torch.nn.BatchNorm2d(8),
        torch.nn.Hardtanh(),
        torch.nn.AvgPool2d(2, ceil_mode=True),
        torch.nn.Dropout(),
        torch.nn.Flatten(),
        torch.nn.Linear(8 * 4 * 4, 10),
        torch.nn.LogSoftmax(dim=1),
    )
    for module in network:
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    return network.eval()


def export(network: Any, path: Path, *, dynamo: bool, dynamic: bool = False) -> Path:
    """Write a network by the older or the newer exporter, with a batch of any size if `dynamic`."""
    torch = pytest.importorskip("torch")
    if dynamo:
        pytest.importorskip("onnxscript")
    sample = torch.randn(2 if dynamic else 1, *IMAGE)
    arguments = {"dynamo": dynamo, "input_names": ["image"], "output_names": ["scores"]}
    if dynamic and dynamo:
        arguments["dynamic_shapes"] = ({0: torch.export.Dim("batch")},)
    elif dynamic:
        arguments["dynamic_axes"] = {"image": {0: "batch"}, "scores": {0: "batch"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the older exporter says that it is deprecated
        torch.onnx.export(network, (sample,), path, **arguments)
    return path


def scores(network: Any, x: np.ndarray) -> np.ndarray:
    """What the network itself answers, without its last layer."""
    torch = pytest.importorskip("torch")
    with torch.no_grad():
        return network[:-1](torch.from_numpy(x)).numpy()
