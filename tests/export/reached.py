"""Which statements of a module's functions are reached by a test."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType


def results(module: ModuleType, functions: Iterable[Callable]) -> dict[int, str]:
    """Line and text of every result that functions of a module have, but None."""
    names = {function.__name__ for function in functions}
    source = inspect.getsource(module)
    found = {}
    for part in ast.parse(source).body:
        if isinstance(part, ast.FunctionDef) and part.name in names:
            for node in ast.walk(part):
                if isinstance(node, ast.Return) and ast.unparse(node) != "return None":
                    found[node.lineno] = f"{part.name}: {ast.unparse(node)}"
    return found


@contextmanager
def reached_lines(module: ModuleType) -> Iterator[set[int]]:
    """The lines of a module that run meanwhile."""
    lines: set[int] = set()

    def local(frame: FrameType, event: str, _argument: object):
        if event == "line":
            lines.add(frame.f_lineno)
        return local

    def trace(frame: FrameType, _event: str, _argument: object):
        return local if frame.f_code.co_filename == module.__file__ else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield lines
    finally:
        sys.settrace(before)
