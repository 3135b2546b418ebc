"""ONNX's own tests of operators: right, or refused by a message that says what to do."""

from __future__ import annotations

import re

import pytest
from node_tests import NodeTest, Outcome, examine, node_tests

pytestmark = pytest.mark.slow  # some hundred builds

NOISY = {
    r"(log)?softmax_large_number_expanded": "values from 0 to 10003 at once: their steps are 40",
    r"round": "values halfway between two integers, where a step decides",
    r"reduce_log_sum_exp_\w+(example|random)_expanded": "the logarithm of what is next to nothing "
    "beside exp(60), or exp(10), which sets the step",
}
"""Tests that 8 bits cannot represent, as patterns, and why; their readings are right."""

LEAST_SHARE = 0.75
"""Of all of them, that are built."""

_NAMES = re.compile(r"[A-Z]\w+ '[^']*'|The (model|arrays)\b")
_NEXT_STEP = re.compile(
    r"[;:,] (\w+ )?(and )?"
    "(add|choose|cut|end|exchange|export|fix|give|pick|put|quantize|remove|replace|select|take|train|use)"
    r"\b"
)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[NodeTest, Outcome]]:
    return {test.name: (test, examine(test)) for test in node_tests()}


def test_none_is_wrong(outcomes: dict[str, tuple[NodeTest, Outcome]]) -> None:
    assert not {name: o.faults for name, (_, o) in outcomes.items() if o.faults}


def test_none_fails_or_takes_long(outcomes: dict[str, tuple[NodeTest, Outcome]]) -> None:
    assert not {name: o.failure for name, (_, o) in outcomes.items() if o.failure}


def test_noise_has_a_reason(outcomes: dict[str, tuple[NodeTest, Outcome]]) -> None:
    noisy = [name for name, (_, outcome) in outcomes.items() if outcome.kind == "noisy"]
    found = {name: [p for p in NOISY if re.match(f"test_{p}(_ver18)?$", name)] for name in noisy}
    assert not [name for name, patterns in found.items() if not patterns]
    assert {pattern for patterns in found.values() for pattern in patterns} == NOISY.keys()


def test_most_are_built(outcomes: dict[str, tuple[NodeTest, Outcome]]) -> None:
    built = sum(outcome.kind == "built" for _, outcome in outcomes.values())
    assert built >= LEAST_SHARE * len(outcomes)


def test_refusals_name_what_they_mean_and_say_what_to_do(
    outcomes: dict[str, tuple[NodeTest, Outcome]],
) -> None:
    lines = {line for _, outcome in outcomes.values() for line in outcome.refusals}
    assert not [line for line in lines if not _NAMES.match(line)]
    assert not [line for line in lines if not _NEXT_STEP.search(line)]
