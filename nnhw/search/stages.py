"""The evaluation of designs, in stages: what several of them share is computed once.

Integers, and how exact they are, depend on few of the options, and not on the array; a mapping to
an array and its cycles take some hundredths of a second; what they take of a device is estimated.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..budget import memory_budget
from ..conversion import convert
from ..errors import NnhwError
from ..ir import Graph
from ..options import BuildOptions
from ..placement import Placement, place
from ..plugins import OPERATORS, chosen_plugins, plugins_in_use
from ..report import Accuracy, measure_accuracy
from .figures import Figures, Kind
from .problem import Problem
from .space import Value, with_values

_MOST_DECIBELS = 120.0
"""Of outputs without any noise."""

_KEPT = 64
"""Quantized networks that are kept."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a point.

    Parameters
    ----------
    figures
        By kind and name; empty if there is no such design.
    refusal
        Why there is none; "" if there is one.
    seconds
        That it took.
    """

    figures: Figures = field(default_factory=dict)
    refusal: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Integers:
    """A quantized network, and how exact it is.

    Parameters
    ----------
    graph
        Integer graph that is built.
    accuracy
        On the samples of the problem; None without.
    """

    graph: Graph
    accuracy: Accuracy | None


class Evaluator:
    """Evaluates points of one problem, and keeps what further ones may share.

    Parameters
    ----------
    problem
        What they have in common.
    """

    def __init__(self, problem: Problem):
        self._problem = problem
        self._integers: OrderedDict[tuple, Integers] = OrderedDict()

    def evaluate(self, values: Mapping[str, Value]) -> Outcome:
        """The figures of the design with these options, or why there is none."""
        begin = time.perf_counter()
        problem = self._problem
        with memory_budget(problem.options.max_memory), plugins_in_use():
            chosen_plugins(problem.options.plugins, OPERATORS)
            try:
                options = with_values(problem.options, values)
                integers = self._converted(options)
                placement = place(integers.graph, options, must_fit=False)
                figures = _merged(
                    measured_figures(integers.accuracy), design_figures(placement, options)
                )
            except NnhwError as error:
                return Outcome(refusal=str(error), seconds=time.perf_counter() - begin)
        return Outcome(figures=figures, seconds=time.perf_counter() - begin)

    def _converted(self, options: BuildOptions) -> Integers:
        key = options.of_integers
        if key not in self._integers:
            samples = self._problem.samples
            graph = convert(self._problem.network, samples, options).graph
            accuracy = None
            if samples.evaluation is not None:
                accuracy = measure_accuracy(self._problem.answers, graph, samples.evaluation)
            self._integers[key] = Integers(graph=graph, accuracy=accuracy)
            if len(self._integers) > _KEPT:
                self._integers.popitem(last=False)
        self._integers.move_to_end(key)
        return self._integers[key]


def measured_figures(accuracy: Accuracy | None) -> Figures:
    """How exact a network is; nothing without samples."""
    if accuracy is None:
        return {}
    ratios = [accuracy.sqnr_db, *accuracy.further_sqnr_db.values()]
    known = [_MOST_DECIBELS if ratio is None else ratio for ratio in ratios]
    found = {"sqnr": min(known)}
    if accuracy.agreement is not None:
        found["agreement"] = accuracy.agreement
        found["disagreement"] = round(100 - accuracy.agreement, 3)
    if accuracy.integer_top1 is not None and accuracy.float_top1 is not None:
        found["accuracy"] = accuracy.integer_top1
        found["accuracy_drop"] = round(accuracy.float_top1 - accuracy.integer_top1, 3)
    return {Kind.MEASURED: found}


def design_figures(placement: Placement, options: BuildOptions) -> Figures:
    """How fast and how large a design is."""
    cycles, program = placement.cycles, placement.program
    exact: dict[str, float] = {
        "latency_cycles": cycles.latency_cycles,
        "interval_cycles": cycles.interval_cycles,
        "multipliers": placement.engine.mac_units,
        "memory_bits": sum(program.machine.memory_bits().values()),
    }
    figures: dict[Kind, Mapping[str, float]] = {
        Kind.EXACT: {**exact, **_speed(exact, options.clock_mhz)}
    }
    if placement.device is not None:
        use = placement.device
        found = {"dsps": use.multipliers, "block_rams": float(use.block_rams)}
        kind = Kind.ESTIMATED if use.block_rams_expected else Kind.EXACT
        figures[kind] = {**figures.get(kind, {}), **found}
    return figures


def _speed(exact: Mapping[str, float], clock_mhz: float) -> dict[str, float]:
    return {
        "latency": round(exact["latency_cycles"] / clock_mhz, 3),
        "fps": round(1e6 * clock_mhz / exact["interval_cycles"], 1),
    }


def _merged(*parts: Figures) -> Figures:
    found: dict[Kind, Mapping[str, float]] = {}
    for part in parts:
        for kind, values in part.items():
            found[kind] = {**found.get(kind, {}), **values}
    return found
