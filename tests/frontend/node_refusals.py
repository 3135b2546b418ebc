"""Refusals of ONNX's own tests of operators, to be read: whether they are true, and what helps.

    python tests/frontend/node_refusals.py [COUNT [SEED]]

Drawn from the tests of all operators (those of `node_tests` are of what nnhw accepts), each made to
a network: its first float tensor, or else its first input, stays an input, and the others become
constants. Nothing is calibrated or mapped: these are the refusals of reading a file.
"""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.test_case import TestCase

from nnhw.errors import NnhwError, UnsupportedError
from nnhw.frontend import load_model, model_file

SEED = 16


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What was said of a test.

    Parameters
    ----------
    test
        ONNX's name.
    operators
        Of the nodes.
    lines
        What was refused, one line each.
    """

    test: str
    operators: tuple[str, ...]
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n  ".join((f"{self.test} ({', '.join(self.operators)})", *self.lines))


@cache
def cases() -> tuple[TestCase, ...]:
    """All tests that have inputs, by name; made anew by onnx, which takes seconds."""
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = collect_testcases(None)
    return tuple(sorted((c for c in found if c.model.graph.input), key=lambda case: case.name))


def draw(count: int, seed: int = SEED) -> Iterator[Refusal]:
    """Refused tests in random order, `count` of them or as many as there are."""
    shuffled = list(cases())
    random.Random(seed).shuffle(shuffled)
    for case in shuffled:
        if not count:
            return
        lines = refused(network(case))
        if lines:
            count -= 1
            operators = dict.fromkeys(node.op_type for node in case.model.graph.node)
            yield Refusal(test=case.name, operators=tuple(operators), lines=lines)


def network(case: TestCase) -> onnx.ModelProto:
    """A test's model, whose inputs but one are constants."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    model.ir_version = max(model.ir_version, 4)  # before, constants had to be inputs as well
    inputs, _ = case.data_sets[0]
    is_float = [v.type.tensor_type.elem_type == TensorProto.FLOAT for v in model.graph.input]
    kept = is_float.index(True) if any(is_float) else 0
    for value, array in zip(case.model.graph.input, inputs, strict=True):
        if value.name == case.model.graph.input[kept].name or not value.type.HasField(
            "tensor_type"
        ):
            continue
        model.graph.input.remove(value)
        tensor = model.graph.initializer.add()
        stored = isinstance(array, onnx.TensorProto)
        tensor.CopyFrom(array if stored else numpy_helper.from_array(np.asarray(array)))
        tensor.name = value.name
    return model


def refused(model: onnx.ModelProto) -> tuple[str, ...]:
    """Why it cannot be read; what raises anything but an `NnhwError` is left to the caller."""
    try:
        with warnings.catch_warnings(), model_file(model) as path:
            warnings.simplefilter("ignore")
            load_model(path)
    except UnsupportedError as error:
        return tuple(error.problems)
    except NnhwError as error:
        return (str(error),)
    return ()


if __name__ == "__main__":
    for refusal in draw(*map(int, sys.argv[1:] or ["100"])):
        print(refusal, flush=True)
