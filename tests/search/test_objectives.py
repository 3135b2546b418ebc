"""Objectives, constraints and the Pareto front."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from nnhw.errors import OptionError
from nnhw.search.front import pareto_front
from nnhw.search.objectives import find_constraint, find_objectives

KNOWN = ("latency", "accuracy", "accuracy_drop", "sqnr", "disagreement", "multipliers")


def test_constraints():
    constraint = find_constraint(" latency <= 20 ", KNOWN, few_labels=False)
    assert str(constraint) == "latency<=20"
    assert constraint.violation({"latency": 30.0}) == 0.5
    assert constraint.violation({"latency": 20.0}) == 0
    assert constraint.violation({"latency": 10.0}) < 0
    least = find_constraint("accuracy>=98.5", KNOWN, few_labels=False)
    assert least.violation({"accuracy": 98.5}) == 0 < least.violation({"accuracy": 98.0})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("latency", "must be a figure, a comparison and a number, such as accuracy_drop<=1"),
        ("latency<20", "compares with '<'; write <= for at most, >= for at least"),
        ("latency==20", "compares with '=='; write <="),
        ("latency<=fast", "has the limit 'fast', which is no number"),
        ("latency<=nan", "has the limit 'nan', which is no number"),
        ("latencie<=20", "'latencie' is no figure of a design; did you mean latency"),
        ("luts<=20", r"'luts' is not known .* give --target \(target=\); there are latency, "),
    ],
)
def test_wrong_constraints(text, message):
    with pytest.raises(OptionError, match=message):
        find_constraint(text, KNOWN, few_labels=False)


def test_others_stand_in_where_there_are_few_labels():
    constraint = find_constraint("accuracy_drop<=1", KNOWN, few_labels=True)
    assert (constraint.name, constraint.asked) == ("disagreement", "accuracy_drop<=1")
    found = find_objectives(["latency", "accuracy"], KNOWN, few_labels=True)
    assert [figure.name for figure in found] == ["latency", "sqnr"]
    usual = find_objectives([], KNOWN, few_labels=False)
    assert [figure.name for figure in usual] == ["latency", "accuracy", "multipliers"]


def test_wrong_objectives():
    with pytest.raises(OptionError, match="names one figure twice"):
        find_objectives(["accuracy", "sqnr"], KNOWN, few_labels=True)
    with pytest.raises(OptionError, match="'speed' is no figure of a design; there are latency"):
        find_objectives(["speed"], KNOWN, few_labels=False)


def test_pareto_front_is_what_nothing_dominates():
    rng = np.random.default_rng(0)
    losses = rng.integers(0, 6, (80, 3)).astype(float)
    found = pareto_front(losses)
    seen = set()
    for place, own in enumerate(losses):
        dominated = any(np.all(other <= own) and np.any(other < own) for other in losses)
        assert found[place] == (not dominated and tuple(own) not in seen)
        seen.add(tuple(own))
    assert 0 < found.sum() < 80
    chosen = losses[found]
    assert all((a != b).any() for a, b in itertools.combinations(chosen, 2))
