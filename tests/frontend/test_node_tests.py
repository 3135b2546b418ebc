"""ONNX's own tests of operators: right, or refused by a message that says what to do."""

from __future__ import annotations

import re

import pytest
from node_tests import NodeTest, Outcome, node_tests, run

pytestmark = pytest.mark.slow  # some hundred builds

NOISY = {
    "test_logsoftmax_large_number_expanded": "its values lie between 0 and 10003",
    "test_logsoftmax_large_number_expanded_ver18": "as before",
    "test_softmax_large_number_expanded": "as before",
    "test_softmax_large_number_expanded_ver18": "as before",
    "test_round": "its values lie halfway between two integers",
}
"""Tests that 8 bits cannot represent, and why; their readings are right."""

LEAST_BUILT = 400
"""Of all of them; more is better."""

_NAMES = re.compile(r"[A-Z]\w+ '[^']*'|The (model|arrays)\b")
_NEXT_STEP = re.compile(
    r"[;:,] (\w+ )?(and )?"
    "(add|choose|cut|end|exchange|export|fix|give|pick|put|quantize|remove|replace|select|train|use)"
    r"\b"
)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[NodeTest, Outcome]]:
    return {test.name: (test, run(test)) for test in node_tests()}


def test_none_is_wrong(outcomes: dict[str, tuple[NodeTest, Outcome]]) -> None:
    """What fails otherwise is a traceback."""
    wrong = {n: o.faults for n, (_, o) in outcomes.items() if o.faults and n not in NOISY}
    assert not wrong
    noisy = [fault for name in NOISY for fault in outcomes[name][1].faults]
    assert all(": noise of " in fault for fault in noisy)


def test_most_are_built(outcomes: dict[str, tuple[NodeTest, Outcome]]) -> None:
    assert sum(outcome.kind == "built" for _, outcome in outcomes.values()) >= LEAST_BUILT


def test_refusals_name_what_they_mean_and_say_what_to_do(
    outcomes: dict[str, tuple[NodeTest, Outcome]],
) -> None:
    lines = {line for _, outcome in outcomes.values() for line in outcome.refusals}
    assert not [line for line in lines if not _NAMES.match(line)]
    assert not [line for line in lines if not _NEXT_STEP.search(line)]
