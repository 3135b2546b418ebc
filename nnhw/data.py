"""Samples and labels for a network: reading, checking, splitting and scoring."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .budget import need_memory
from .errors import DataError, reading
from .ir import Batch, Graph, Port, to_channels_last
from .npz import ArrayArchive, open_arrays

_SMALLEST_SPLIT = 20
"""Datasets of fewer samples are calibrated and evaluated on all of them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Samples in the network's own domain.

    Parameters
    ----------
    x
        float32; of an only input the array (N, H, W, C) will do.
    y
        int64 (N,), class labels of the first output; None if there are none.
    held_out
        Whether calibration has used none of these samples.
    """

    x: Batch | np.ndarray
    y: np.ndarray | None = None
    held_out: bool = False

    def __len__(self) -> int:
        return len(self.x)

    def split(self, seed: int, calibration_samples: int) -> tuple[Dataset, Dataset]:
        """Samples to calibrate with and samples to evaluate on.

        At most half of the samples, drawn at random by `seed`, are for calibration; the rest is
        held out for evaluation. Fewer than 20 samples are too few to share out: both parts are
        then the whole dataset, and `held_out` of the second is False. Both parts keep the order.

        Raises
        ------
        DataError
            If `calibration_samples` is not positive.
        """
        if calibration_samples < 1:
            raise DataError(
                f"Option calibration_samples must be at least 1, not {calibration_samples}"
            )
        if len(self) < _SMALLEST_SPLIT:
            return self, replace(self, held_out=False)
        chosen = np.zeros(len(self), bool)
        count = min(calibration_samples, len(self) // 2)
        chosen[np.random.default_rng(seed).permutation(len(self))[:count]] = True
        return self._part(chosen), replace(self._part(~chosen), held_out=True)

    def _part(self, mask: np.ndarray) -> Dataset:
        return replace(self, x=self.x[mask], y=None if self.y is None else self.y[mask])


def load_data(path: Path, graph: Graph) -> Dataset:
    """Read samples for a network from an .npz file.

    Parameters
    ----------
    path
        File with an array of shape (N, *ONNX shape of the input without the batch axis) and of any
        real type for each input: `x` where there is one, else by the inputs' names. Optionally an
        integer array `y` of shape (N,) or (N, 1): class labels of the first output. (There are no
        labels if one of several inputs is called "y".)
    graph
        The network, float or integer.

    Raises
    ------
    DataError
        If the file cannot be read, or its arrays do not fit the network.
    BudgetError
        If the samples take more memory than the budget.
    """
    names = array_names(graph)
    with _opened(path) as archive:
        if missing := [name for name in names if name not in archive.names]:
            raise DataError(_missing(path, missing, names, archive.names))
        _check_size(path, names, archive, graph)
        samples = {
            port.tensor: _checked_samples(path, name, archive.read(name), port, graph)
            for name, port in zip(names, graph.inputs, strict=True)
        }
        counts = {name: len(x) for name, x in zip(names, samples.values(), strict=True)}
        if len(set(counts.values())) > 1:
            told = ", ".join(f"{count} in '{name}'" for name, count in counts.items())
            raise DataError(
                f"The arrays in {path} must hold the same number of samples, not {told}"
            )
        x = Batch(samples)
        has_labels = "y" in archive.names and "y" not in names
        y = _checked_labels(path, archive.read("y"), len(x), graph) if has_labels else None
    return Dataset(x=x, y=y)


def array_names(graph: Graph) -> list[str]:
    """What the arrays of a data file are called, in the order of the network's inputs."""
    if len(graph.inputs) == 1:
        return ["x"]
    return [port.onnx_name for port in graph.inputs]


def predict(outputs: np.ndarray) -> np.ndarray:
    """The class that each sample's scores are for: int64 (N,).

    Parameters
    ----------
    outputs
        (N, ...), ONNX order: a score for every class. A single score per sample is a logit, that
        of class 1 against class 0.
    """
    scores = outputs.reshape(len(outputs), -1)
    if scores.shape[1] > 1:
        return scores.argmax(axis=1)
    return (scores[:, 0] > 0).astype(np.int64)


def top1(outputs: np.ndarray, y: np.ndarray) -> float:
    """Accuracy in per cent.

    Parameters
    ----------
    outputs
        As `predict` takes them.
    y
        (N,), labels.
    """
    return float(100 * np.mean(predict(outputs) == y))


@contextmanager
def _opened(path: Path) -> Iterator[ArrayArchive]:
    with (
        reading(f"Data file {path}", DataError),
        open_arrays(path, f"data file {path}", DataError) as archive,
    ):
        yield archive


def _check_size(path: Path, names: list[str], archive: ArrayArchive, graph: Graph) -> None:
    """Refuse more samples than the budget allows, before any is read."""
    headers = [archive.header(name) for name in names]
    # As in the file, in float32, in the network's order, and copied once more to compute with.
    size = sum(header.nbytes + 3 * 4 * header.size for header in headers)
    # Outputs in float32, of the network before and after quantization.
    samples = max((header.shape[0] for header in headers if header.shape), default=0)
    size += samples * sum(3 * 4 * graph.tensors[port.tensor].size for port in graph.outputs)
    told = ", ".join(f"'{n}' of shape {h.shape}" for n, h in zip(names, headers, strict=True))
    need_memory(f"Data file {path} with {told}", size)


def _missing(path: Path, missing: list[str], names: list[str], members: tuple[str, ...]) -> str:
    """What to say of a data file that lacks arrays."""
    held = list(members) or "nothing"
    if names == ["x"]:
        return (
            f"Data file {path} must hold an array 'x' of samples, such as "
            f"numpy.savez(file, x=..., y=...) writes; it holds {held}"
        )
    return (
        f"Data file {path} lacks {missing}: it must hold an array of samples for each of the "
        f"model's inputs {names}, by these names; it holds {held}"
    )


def _checked_samples(path: Path, name: str, x: np.ndarray, port: Port, graph: Graph) -> np.ndarray:
    if x.dtype.kind not in "biuf":
        raise DataError(f"Array '{name}' in {path} must be of a real type, not {x.dtype}")
    if x.shape[1:] != port.onnx_shape:
        expected = ", ".join(map(str, ("N", *port.onnx_shape)))
        raise DataError(
            f"Array '{name}' in {path} must have the shape ({expected}) of the model's input "
            f"'{port.onnx_name}', not {x.shape}"
        )
    if not len(x):
        raise DataError(f"Array '{name}' in {path} must hold at least one sample")
    with np.errstate(over="ignore"):
        x = x.astype(np.float32, copy=False)
    if not np.isfinite(x).all():
        sample = int(np.argwhere(~np.isfinite(x))[0][0])
        raise DataError(f"Array '{name}' in {path} is not finite in float32 (sample {sample})")
    return np.ascontiguousarray(to_channels_last(x, port, graph.tensors[port.tensor]))


def _checked_labels(path: Path, y: np.ndarray, count: int, graph: Graph) -> np.ndarray:
    if y.dtype.kind not in "biu":
        raise DataError(f"Array 'y' in {path} must hold integer labels, not {y.dtype}")
    if y.shape not in ((count,), (count, 1)):
        raise DataError(
            f"Array 'y' in {path} must hold one label for each of the {count} samples; its "
            f"shape is {y.shape}"
        )
    classes = max(graph.tensors[graph.outputs[0].tensor].size, 2)  # one logit tells two apart
    if y.min() < 0 or y.max() >= classes:
        raise DataError(
            f"Array 'y' in {path} must hold labels from 0 to {classes - 1}, as the model's output "
            f"'{graph.outputs[0].onnx_name}' has; it holds {y.min()} to {y.max()}"
        )
    return y.reshape(count).astype(np.int64)
