"""Faults on purpose: each kind of failure is found, or the fuzzer is worth nothing.

    python -m tests.fuzz.plants

tries inputs without a mutation on an nnhw that is broken in one way each, and prints the outcomes
as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from nnhw import conversion, golden
from nnhw.errors import MappingError, ModelError
from nnhw.ir import Conv, Graph, QConv
from nnhw.pipeline import steps
from nnhw.reference import consult
from nnhw.report import accuracy

from . import limits
from .base import make_base
from .folders import MARK
from .outcome import Outcome
from .server import Plant, Server
from .trials import Base, make_trial


def _reading(read: Callable[[Path, Callable], Any]) -> Plant:
    """A reader of models in the place of the right one, which it is given."""

    def plant() -> None:
        right = steps.load_model
        steps.load_model = lambda path, *sizes: read(path, right)

    return plant


def _negate(path: Path, right: Callable) -> Graph:
    graph = right(path)
    nodes = [replace(n, weight=-n.weight) if isinstance(n, Conv) else n for n in graph.nodes]
    return replace(graph, nodes=tuple(nodes))


def _raise(path: Path, right: Callable) -> Graph:
    raise KeyError("axis")


def _allocate(path: Path, right: Callable) -> Graph:
    np.ones(3 << 30, np.uint8)
    return right(path)


def _hide(path: Path, right: Callable) -> Graph:
    try:
        return _allocate(path, right)
    except MemoryError as error:
        raise ModelError("the model is damaged") from error


def _loop(path: Path, right: Callable) -> Graph:
    while True:
        pass


def _sleep(path: Path, right: Callable) -> Graph:
    time.sleep(100)
    return right(path)


def _crash(path: Path, right: Callable) -> Graph:
    os.kill(os.getpid(), signal.SIGSEGV)
    return right(path)


def _delete(path: Path, right: Callable) -> Graph:
    Path("keep", "folder", "precious.txt").unlink()
    return right(path)


def _write(path: Path, right: Callable) -> Graph:
    Path("..", "elsewhere.txt").write_text("x")  # beside the sandbox, where no listing shows it
    return right(path)


def _leave(path: Path, right: Callable) -> Graph:
    Path("out", "half.v").write_text("module")
    raise ModelError("the model is damaged")


def _start(path: Path, right: Callable) -> Graph:
    subprocess.run(["yosys", "-p", f"hierarchy -top x; exec -- touch {MARK}"], check=False)
    return right(path)


def _off_by_one(module: Any, name: str = "run") -> Plant:
    """A golden model, as a module names it, whose outputs are one step too large."""

    def plant() -> None:
        right = getattr(module, name)

        def wrong(*args: Any, **settings: Any) -> dict[str, np.ndarray]:
            found = right(*args, **settings)
            return {name: np.where(q < 120, q + 1, q).astype(q.dtype) for name, q in found.items()}

        setattr(module, name, wrong)

    return plant


def _shift_bias() -> None:
    """Integers that are consistent in themselves, but not those of a quantized file."""
    right = conversion.to_integers

    def wrong(*args: Any) -> Graph:
        graph = right(*args)
        nodes = [replace(n, bias=n.bias + 5000) if isinstance(n, QConv) else n for n in graph.nodes]
        return replace(graph, nodes=tuple(nodes))

    conversion.to_integers = wrong


def _misread_unnoticed() -> None:
    """A wrong reading, and a build that does not compare it with the file."""
    _reading(_negate)()
    consult.check_reading = lambda *_: 0


def _disagree() -> None:
    """An `inspect` that finds nothing to refuse, and a build that does."""

    def refuse(*_: Any) -> None:
        raise MappingError("nothing fits")

    steps.place = refuse


def _impatient(plant: Plant) -> Plant:
    def impatient() -> None:
        limits.SECONDS = 1
        plant()

    return impatient


PLANTS: dict[str, tuple[str, Plant | None]] = {
    "nothing": ("model", None),
    "nothing in a quantized file": ("qdq_dense", None),
    "nothing in a folder": ("folder for run", None),
    "traceback": ("model", _reading(_raise)),
    "memory": ("model", _reading(_allocate)),
    "hidden memory": ("model", _reading(_hide)),
    "time": ("model", _impatient(_reading(_loop))),
    "hang": ("model", _reading(_sleep)),
    "crash": ("model", _reading(_crash)),
    "misreading": ("model", _reading(_negate)),
    "misreading unnoticed": ("model", _misread_unnoticed),
    "disagreement": ("inspected model", _disagree),
    "wrong integers": ("model", _off_by_one(golden)),
    "wrong integers of a quantized file": ("qdq_dense", _shift_bias),
    "wrong answer of a folder": ("folder for run", _off_by_one(accuracy, "run_integer")),
    "deleted outside": ("model", _reading(_delete)),
    "written outside": ("model", _reading(_write)),
    "left over": ("model", _reading(_leave)),
    "unsafe name": ("model", _reading(_start)),
}
"""By name: what is tried, and what is broken."""

MODEL = 0
"""Number of a network with a convolution."""
EVERYTHING = range(9)
"""All mutations of a trial."""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="plants-") as folder:
        tempfile.tempdir = folder
        base = make_base(Path(folder))
        numbers = {"model": MODEL, "inspected model": _first_inspected(base)}
        for title in ("qdq_dense", "folder for run"):
            numbers[title] = _first(title, base)
        outcomes = {}
        for name, (what, plant) in PLANTS.items():
            server = Server(0, base, plant=plant, patience=3 if name == "hang" else 60)
            outcome: Outcome = server.run_once(numbers[what], EVERYTHING)
            outcomes[name] = outcome.to_dict()
    json.dump(outcomes, sys.stdout, indent=2)


def _first_inspected(base: Base) -> int:
    """The first number of a network with a convolution that is inspected as well."""
    for number in count():
        with tempfile.TemporaryDirectory() as sandbox:
            trial = make_trial(0, number, Path(sandbox), base, EVERYTHING)
            if trial.base == "residual" and len(trial.commands) > 1:
                return number
    raise AssertionError("count does not end")


def _first(title: str, base: Base) -> int:
    """The first number whose trial begins with something; of a folder, one whose answers count."""
    for number in count():
        with tempfile.TemporaryDirectory() as sandbox:
            trial = make_trial(0, number, Path(sandbox), base, EVERYTHING)
            if trial.base == title and (trial.model is not None or trial.answers is not None):
                return number
    raise AssertionError("count does not end")


if __name__ == "__main__":
    main()
