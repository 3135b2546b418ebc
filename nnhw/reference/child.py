"""Runs a model in onnxruntime, sample by sample; a script, started by `nnhw.reference.process`.

It reads an .npz file from its standard input and writes one to its standard output:

    model          uint8, the ONNX file
    request        JSON: {"inputs": [name, ...], "outputs": [name, ...]}
    x0, x1, ...    samples for each input, (N, shape without the batch axis)

    y0, y1, ...    answers for each output, (N, elements), in the file's own type
    version        onnxruntime's
    error          in place of the others: what went wrong, one line
    mixed          likewise: how the samples that the model takes at once are no batch

The limits are its arguments: bytes of memory, seconds.
"""

from __future__ import annotations

import ctypes
import io
import json
import os
import re
import resource
import signal
import sys
from typing import Any

import numpy as np

_PR_SET_PDEATHSIG = 1  # of prctl(2)


class _MixedError(Exception):
    """The first axis of the inputs is no batch axis."""


def main() -> None:
    """Read a request, answer it."""
    memory, seconds, parent = map(int, sys.argv[1:])
    _limit(memory, seconds, parent)
    # What libraries print to file descriptor 1 must not get into the answer.
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    answer: dict[str, Any]
    try:
        answer = _answer(np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False))
    except MemoryError:
        answer = {"error": np.array("it takes more memory than it may")}
    except _MixedError as error:
        answer = {"mixed": np.array(str(error))}
    except Exception as error:  # whatever it is, the file or the installation is the cause
        answer = {"error": np.array(_first_line(error))}
    with channel:
        np.savez(channel, **answer)


def _limit(memory: int, seconds: int, parent: int) -> None:
    """End with the parent, with the memory, with the time; leave no core dump."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended meanwhile
        sys.exit(1)
    # of processor time, the signal that says so comes a second before the one that says nothing
    for limit, soft, hard in (
        (resource.RLIMIT_AS, memory, memory),
        (resource.RLIMIT_CPU, seconds, seconds + 1),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        most = resource.getrlimit(limit)[1]
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(limit, (soft, hard))


def _answer(request: Any) -> dict[str, np.ndarray]:
    import onnxruntime

    names = json.loads(str(request["request"]))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        request["model"].tobytes(), options, providers=["CPUExecutionProvider"]
    )
    samples = {name: request[f"x{i}"] for i, name in enumerate(names["inputs"])}
    results = _run(session, samples, names["outputs"])
    answer = {f"y{i}": result for i, result in enumerate(results)}
    return answer | {"version": np.array(onnxruntime.__version__)}


def _run(session: Any, samples: dict[str, np.ndarray], outputs: list[str]) -> list[np.ndarray]:
    """Answers (N, elements), one sample at a time, or as many as the model is made for."""
    count = len(next(iter(samples.values())))
    ranks = {entry.name: len(entry.shape) for entry in session.get_inputs()}
    size = _batch_size(session, samples)
    found: list[list[np.ndarray]] = [[] for _ in outputs]
    for start in range(0, count, size):
        feed = {
            name: _filled(x[start : start + size], size) if ranks[name] == x.ndim else x[start]
            for name, x in samples.items()
        }
        for parts, result in zip(found, session.run(outputs, feed), strict=True):
            parts.append(_by_sample(np.asarray(result), size)[: count - start])
    return [np.concatenate(parts) for parts in found]


def _filled(x: np.ndarray, size: int) -> np.ndarray:
    """The samples, and zeros up to the number of samples that a batch has."""
    batch = np.zeros((size, *x.shape[1:]), x.dtype)
    batch[: len(x)] = x
    return batch


def _by_sample(result: np.ndarray, size: int) -> np.ndarray:
    """An answer to `size` samples as (size, elements)."""
    if size == 1:
        return result.reshape(1, -1)
    if size not in result.shape:
        raise _MixedError(
            f"takes {size} samples at once, and answers with an array of shape {result.shape}, "
            "which is not one answer for each"
        )
    return np.moveaxis(result, result.shape.index(size), 0).reshape(size, -1)


def _batch_size(session: Any, samples: dict[str, np.ndarray]) -> int:
    sizes = {
        entry.shape[0]
        for entry in session.get_inputs()
        if len(entry.shape) == samples[entry.name].ndim and isinstance(entry.shape[0], int)
    }
    if len(sizes) > 1:
        raise ValueError(f"its inputs take {sorted(sizes)} samples at once")
    return sizes.pop() if sizes else 1


def _first_line(error: Exception) -> str:
    """The first line of a message, without onnxruntime's own prefix."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : (\w+) : ", "", lines[0]).strip()


if __name__ == "__main__":
    main()
