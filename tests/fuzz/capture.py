"""Stands in for the slow ends of commands."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import onnx

from nnhw import conversion, inspection
from nnhw.frontend import write_qdq
from nnhw.pipeline import steps
from nnhw.shell import TopPorts, port_members

from .forked import SCRIPT, ForkedChild
from .trials import Base, Trial, write_data
from .watch import Watcher


class Stopped(BaseException):
    """A command has got as far as it is to go: past all that reads input."""


class Capture:
    """Stands in for the slow ends of commands, and keeps what went by on the way there."""

    def __init__(self, trial: Trial, base: Base, watcher: Watcher) -> None:
        self.trial = trial
        self.base = base
        self.watcher = watcher
        self.network: Any = None
        self.simplified: Any = None
        self.graph: Any = None
        self.written: Any = None
        self.summary: Any = None
        self.started: list[str] = []
        self.asked: list[ForkedChild] = []

    @contextlib.contextmanager
    def patched(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            put = stack.enter_context
            put(_replaced(steps, "load_model", self._load_model))
            put(_replaced(steps, "export_design", self._export_design))
            put(_replaced(conversion, "simplify_graph", self._simplify_graph))
            put(_replaced(inspection, "inspect_model", self._inspect_model))
            put(_replaced(subprocess, "Popen", self._start))
            if self.trial.commands[0][0] == "sim":
                put(_replaced(sys.modules["run"], "find_simulator", self._find_simulator))
                put(_replaced(sys.modules["run"], "compile_design", self._compile))
            yield

    def _load_model(self, load: Callable, path: Path, *sizes: Any) -> Any:
        self.network = load(path, *sizes)
        if self.trial.writes_data:
            with self.watcher.paused():
                write_data(self.trial, self.network, Path("in/data.npz"))
        return self.network

    def _inspect_model(self, inspect: Callable, *args: Any, **settings: Any) -> Any:
        self.summary = inspect(*args, **settings)
        return self.summary

    def _simplify_graph(self, simplify: Callable, graph: Any, *added: Any) -> Any:
        self.simplified = simplify(graph, *added)
        return self.simplified

    def _export_design(self, export: Callable, graph: Any, *args: Any, **settings: Any) -> Any:
        self.graph = graph
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.qdq.onnx"
            write_qdq(graph, path)  # it refuses what an export refuses
            self.written = onnx.load(path)
        if self.trial.full:
            return export(graph, *args, **settings)
        if self.trial.protected:  # the rest of the build goes on to the exchange of folders
            shutil.copytree(self.base.design, args[2], dirs_exist_ok=True)
            return TopPorts(port_members(args[0].machine, settings["shell"]))
        raise Stopped

    def _start(self, start: Callable, command: Any, *args: Any, **settings: Any) -> Any:
        if not isinstance(command, str | bytes) and str(SCRIPT) in command:
            self.asked.append(ForkedChild(command[command.index(str(SCRIPT)) + 1 :]))
            return self.asked[-1]
        words = [command] if isinstance(command, str | bytes) else [str(word) for word in command]
        for word in list(words):
            if str(word).endswith(".ys") and Path(word).is_file():
                words.append(Path(word).read_text(errors="replace"))
        self.started.append(" ".join(map(str, words)))
        raise Stopped

    def _find_simulator(self, find: Callable, name: str) -> Any:
        return sys.modules["tools"].Simulator(name, "0")

    def _compile(self, compile_: Callable, simulator: Any, design: Any, *args: Any, **more: Any):
        self.started.append(f"{design.top} {' '.join(map(str, design.sources))}")
        raise Stopped


@contextlib.contextmanager
def _replaced(module: Any, name: str, replacement: Callable) -> Iterator[None]:
    """Call `replacement(original, ...)` in place of a function of a module."""
    original = getattr(module, name)
    setattr(module, name, lambda *args, **more: replacement(original, *args, **more))
    try:
        yield
    finally:
        setattr(module, name, original)
