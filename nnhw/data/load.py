"""Reading and checking of samples and labels."""

from __future__ import annotations

import numpy as np

from ..budget import need_memory
from ..errors import DataError
from ..ir import Graph, Port
from .dataset import Dataset, StoredBatch
from .source import LABELS, Arrays, Data, DataSource, data_source

_CHECKED_ELEMENTS = 1 << 22
"""Elements that are looked at at a time."""


def load_data(data: Data | DataSource, graph: Graph, *, any_labels: bool = False) -> Dataset:
    """Samples for a network, checked.

    Parameters
    ----------
    data
        An array of shape (N, *ONNX shape of the input without the batch axis) and of any real type
        for each input by its name, or `x` where there is only one; see `data_source` for how they
        may come. Optionally labels `y` of the first output: integers (N,) or (N, 1) are classes,
        and so are rows (N, classes) of one 1 among zeros (one-hot); real numbers of the output's
        shape (N, ...) are what it should be. (There are none if one of several inputs is called
        "y", unless they come apart, in a tuple.)
    graph
        The network, float or integer.
    any_labels
        Whether labels may be others, of N samples, whose meaning only a metric knows. It is told of
        them as they are, one-hot ones too.

    Raises
    ------
    DataError
        If a file cannot be read, or the arrays do not fit the network.
    BudgetError
        If the samples take more memory than the budget.
    """
    source = data_source(data)
    with source.opened() as held:
        names = array_names(graph)
        (first, *further) = graph.inputs
        if not further and "x" not in held.names and first.onnx_name in held.names:
            names = [first.onnx_name]
        if missing := [name for name in names if name not in held.names]:
            raise DataError(_missing(source, missing, names, held.names))
        _check_size(source, names, held, graph)
        samples = {
            port.tensor: _checked_samples(source, name, held.read(name), port)
            for name, port in zip(names, graph.inputs, strict=True)
        }
        counts = {name: len(x) for name, x in zip(names, samples.values(), strict=True)}
        if len(set(counts.values())) > 1:
            told = ", ".join(f"{count} in '{name}'" for name, count in counts.items())
            raise DataError(
                f"The arrays in {source.what} must hold the same number of samples, not {told}"
            )
        y = source.read_labels()
        if y is None and LABELS in held.names and LABELS not in names:
            y = held.read(LABELS)
    x = StoredBatch(graph, samples)
    if y is None:
        return Dataset(x=x)
    try:
        labels = None if any_labels else _classes_of_one_hot(y, graph)
        if labels is not None and len(labels) == len(x):
            return Dataset(x=x, y=labels, one_hot=True)
        return _labelled(source, x, y, graph)
    except DataError:
        if any_labels and y.ndim and len(y) == len(x):
            return Dataset(x=x, y=y, labels="other")
        raise


def array_names(graph: Graph) -> list[str]:
    """What the arrays of a data file are called, in the order of the network's inputs."""
    if len(graph.inputs) == 1:
        return ["x"]
    return [port.onnx_name for port in graph.inputs]


def _check_size(source: DataSource, names: list[str], held: Arrays, graph: Graph) -> None:
    """Refuse more samples than the budget allows, before any is read."""
    headers = [held.header(name) for name in names]
    samples = max((header.shape[0] for header in headers if header.shape), default=0)
    # What comes from a file is in memory afterwards; what is there already, or is mapped, is not.
    size = sum(header.nbytes for header in headers) if source.file is not None else 0
    # Outputs in float32, of the network before and after quantization.
    size += samples * sum(3 * 4 * graph.tensors[port.tensor].size for port in graph.outputs)
    told = ", ".join(f"'{n}' of shape {h.shape}" for n, h in zip(names, headers, strict=True))
    need_memory(f"{source.begin} with {told}", size)


def _missing(
    source: DataSource, missing: list[str], names: list[str], members: tuple[str, ...]
) -> str:
    """What to say of data that lack arrays."""
    found = list(members) or "nothing"
    if names == ["x"]:
        return (
            f"{source.begin} must hold an array 'x' of samples, such as "
            f"numpy.savez(file, x=..., y=...) writes; it holds {found}"
        )
    return (
        f"{source.begin} lacks {missing}: it must hold an array of samples for each of the "
        f"model's inputs {names}, by these names; it holds {found}"
    )


def _checked_samples(source: DataSource, name: str, x: np.ndarray, port: Port) -> np.ndarray:
    what = f"Array '{name}' in {source.what}"
    if x.dtype.kind not in "biuf":
        raise DataError(f"{what} must be of a real type, not {x.dtype}")
    if x.shape[1:] != port.onnx_shape:
        expected = ", ".join(map(str, ("N", *port.onnx_shape)))
        raise DataError(
            f"{what} must have the shape ({expected}) of the model's input '{port.onnx_name}', "
            f"not {x.shape}"
        )
    if not len(x):
        raise DataError(f"{what} must hold at least one sample")
    if (sample := _first_infinite(x)) is not None:
        raise DataError(f"{what} is not finite in float32 (sample {sample})")
    return x


def _first_infinite(x: np.ndarray) -> int | None:
    """The first sample that is not finite in float32; looked for in parts."""
    if x.dtype.kind != "f":
        return None
    size = max(1, _CHECKED_ELEMENTS // (x[:1].size or 1))
    for start in range(0, len(x), size):
        with np.errstate(over="ignore"):
            finite = np.isfinite(x[start : start + size].astype(np.float32, copy=False))
        if not finite.all():
            return start + int(np.argwhere(~finite)[0][0])
    return None


def _labelled(source: DataSource, x: StoredBatch, y: np.ndarray, graph: Graph) -> Dataset:
    """Samples with labels, which are classes or what the first output should be."""
    what, count, port = f"Array '{LABELS}' in {source.what}", len(x), graph.outputs[0]
    output = f"the model's output '{port.onnx_name}'"
    size = graph.tensors[port.tensor].size
    if y.dtype.kind == "f":
        if y.shape != (count, *port.onnx_shape) and (y.shape != (count,) or size != 1):
            shape = ", ".join(map(str, (count, *port.onnx_shape)))
            raise DataError(
                f"{what} must hold integer labels (N,), or real numbers that {output} should be, "
                f"of shape ({shape}), not {y.dtype} of shape {y.shape}"
            )
        if (sample := _first_infinite(y)) is not None:
            raise DataError(f"{what} is not finite in float32 (sample {sample})")
        targets = np.array(y, np.float32).reshape(count, *port.onnx_shape)
        return Dataset(x=x, y=targets, labels="targets")
    if y.dtype.kind not in "biu":
        raise DataError(f"{what} must hold integer labels or real numbers, not {y.dtype}")
    if y.shape not in ((count,), (count, 1)):
        raise DataError(
            f"{what} must hold one label for each of the {count} samples; its shape is {y.shape}. "
            f"(What {output} should be has to be of a floating-point type)"
        )
    classes = max(size, 2)  # one logit tells two apart
    if y.min() < 0 or y.max() >= classes:
        raise DataError(
            f"{what} must hold labels from 0 to {classes - 1}, as {output} has; it holds {y.min()} "
            f"to {y.max()}. (What {output} should be has to be of a floating-point type)"
        )
    return Dataset(x=x, y=y.reshape(count).astype(np.int64))


def _classes_of_one_hot(y: np.ndarray, graph: Graph) -> np.ndarray | None:
    """The place of the 1 in labels that have one among zeros for each class; None of others."""
    classes = graph.tensors[graph.outputs[0].tensor].size
    if y.ndim != 2 or y.shape[1] != classes or classes < 2 or y.dtype.kind not in "biuf":
        return None
    if not (np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all()):
        return None
    return y.argmax(axis=1).astype(np.int64)
