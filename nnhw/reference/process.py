"""Starts the process that runs a model, and ends it where it goes too far."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ToolError, VerificationError

MEMORY_BYTES = 4 << 30
"""Address space that running a model may take."""

SECONDS = 300
"""Time that running a model may take."""

_SCRIPT = Path(__file__).with_name("child.py")
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def run_model(
    model: bytes,
    samples: Mapping[str, np.ndarray],
    outputs: Sequence[str],
    *,
    memory_bytes: int = MEMORY_BYTES,
    seconds: int = SECONDS,
) -> tuple[dict[str, np.ndarray], str]:
    """Run an ONNX model in onnxruntime: unfused, on one thread, in a process of its own.

    Parameters
    ----------
    model
        The file's bytes.
    samples
        By input: (N, shape without the batch axis), of the type that the input takes.
    outputs
        Names of the outputs to return.
    memory_bytes, seconds
        What the process may take.

    Returns
    -------
    tuple
        By output (N, elements of one sample), in the file's own type, each sample answered as if
        it were alone; and onnxruntime's version.

    Raises
    ------
    ToolError
        If onnxruntime refuses the model or is not installed, or the process exceeds its limits or
        dies.
    VerificationError
        If the model takes several samples at once, and does not answer each of them.
    """
    names = json.dumps({"inputs": list(samples), "outputs": list(outputs)})
    arrays: dict[str, Any] = {f"x{i}": x for i, x in enumerate(samples.values())}
    arrays |= {"model": np.frombuffer(model, np.uint8), "request": np.array(names)}
    request = io.BytesIO()
    np.savez(request, **arrays)
    limits = (str(memory_bytes), str(seconds), str(os.getpid()))
    # -P: the script's folder is no place to import from.
    child = subprocess.Popen(
        [sys.executable, "-P", str(_SCRIPT), *limits],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | _ONE_THREAD,
        start_new_session=True,
    )
    try:
        answer, told = child.communicate(request.getvalue(), timeout=seconds)
    except subprocess.TimeoutExpired:
        _end(child)
        raise ToolError(f"onnxruntime takes more than {seconds} seconds") from None
    except BaseException:
        _end(child)
        raise
    return _read(answer, told, child.returncode, outputs)


def _end(child: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.communicate()


def _read(
    answer: bytes, told: bytes, status: int, outputs: Sequence[str]
) -> tuple[dict[str, np.ndarray], str]:
    if status == -signal.SIGXCPU:
        raise ToolError("onnxruntime takes more processor time than it may")
    if status < 0:
        raise ToolError(f"onnxruntime is ended by {signal.Signals(-status).name}")
    try:
        with np.load(io.BytesIO(answer), allow_pickle=False) as archive:
            arrays = dict(archive)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile):
        lines = told.decode(errors="replace").strip().splitlines()
        raise ToolError(f"onnxruntime cannot be run: {lines[-1] if lines else status}") from None
    if "mixed" in arrays:
        raise VerificationError(
            f"The model {arrays['mixed']}: the first axis of its inputs is no batch, as which nnhw "
            "has read it; export the model for a batch of 1"
        )
    if "error" in arrays:
        raise ToolError(f"onnxruntime does not run the model: {arrays['error']}")
    found = {name: arrays[f"y{i}"] for i, name in enumerate(outputs)}
    return found, str(arrays["version"])
