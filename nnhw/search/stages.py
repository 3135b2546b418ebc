"""The evaluation of designs, in stages: what several of them share is computed once.

Integers, and how exact they are, depend on few of the options, and not on the array; a mapping to
an array and its cycles take some hundredths of a second. What a design takes of a device is
estimated from its netlist, which takes seconds, and is not asked of one that misses a constraint
before, if only by its largest parts; nor twice of designs that differ in numbers in memories alone.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ..budget import memory_budget
from ..conversion import convert
from ..device_fit import find_use
from ..errors import NnhwError
from ..estimates import Estimate, Estimator, estimate_energy, estimate_parts, has_model
from ..export import make_register_map
from ..families import Resource, named_target
from ..hdl import repeated_components
from ..ir import Graph
from ..machine import machine_sha256
from ..options import BuildOptions
from ..placement import Placement, place
from ..plugins import OPERATORS, chosen_plugins, plugins_in_use
from ..registers import RegisterMap
from ..report import Accuracy, measure_accuracy
from .figures import RESOURCES, Figures, Kind, flat
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
        Of the processor, that it took.
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
        self._estimator = Estimator()
        self._estimates: dict[str, Estimate] = {}

    def evaluate(self, values: Mapping[str, Value]) -> Outcome:
        """The figures of the design with these options, or why there is none."""
        begin = time.process_time()
        problem = self._problem
        with memory_budget(problem.options.max_memory), plugins_in_use():
            chosen_plugins(problem.options.plugins, OPERATORS)
            try:
                options = with_values(problem.options, values)
                integers = self._converted(options)
                placement = place(integers.graph, options, find_device=False)
                figures = _merged(
                    measured_figures(integers.accuracy), design_figures(placement, options)
                )
                if has_estimates(options):
                    figures = self._completed(figures, integers.graph, placement, options)
            except NnhwError as error:
                return Outcome(refusal=str(error), seconds=time.process_time() - begin)
        return Outcome(figures=figures, seconds=time.process_time() - begin)

    def _completed(
        self, figures: Figures, graph: Graph, placement: Placement, options: BuildOptions
    ) -> Figures:
        """The figures with those that are estimated, of a design that is promising; of others
        without any that an estimate would have changed."""
        known = _without(figures, self._problem.estimated)
        if self._is_promising(known):
            known = _merged(known, self._least(placement, options))
        if not self._is_promising(known):
            return known
        return _merged(figures, self._estimated(graph, placement, options))

    def _least(self, placement: Placement, options: BuildOptions) -> Figures:
        """What a design takes at least of its device, if that is not to be more than so much."""
        target = named_target(options.target) if options.target else None
        bounded = {constraint.name for constraint in self._problem.constraints}
        if target is None or not bounded & {"luts", "flip_flops"}:
            return {}
        # of what it has many of: what is more than a device holds is so in the whole design
        least = estimate_parts(placement.program, target, repeated_components)
        logic = Resource.LUTS, Resource.FLIP_FLOPS
        return {Kind.LEAST: {n: least.used(r) for n, r in RESOURCES.items() if r in logic}}

    def _is_promising(self, figures: Figures) -> bool:
        """Whether no constraint is missed by what is known so far."""
        known = flat(figures)
        return not any(
            constraint.violation(known) > 0
            for constraint in self._problem.constraints
            if constraint.name in known
        )

    def _estimate(self, graph: Graph, placement: Placement, target: str) -> Estimate:
        registers = None
        if placement.shell.bus is not None:
            registers = make_register_map(
                graph,
                placement.program,
                placement.cycles,
                model_sha256=self._problem.model_sha256,
                shell=placement.shell,
            )
        key = _structure(placement, registers, target)
        if key not in self._estimates:
            self._estimates[key] = self._estimator.estimate(
                placement.program, target, shell=placement.shell, registers=registers
            )
        return self._estimates[key]

    def _estimated(self, graph: Graph, placement: Placement, options: BuildOptions) -> Figures:
        assert options.target is not None, "it has estimates"
        estimate = self._estimate(graph, placement, options.target)
        found: dict[Kind, dict[str, float]] = {Kind.EXACT: {}, Kind.ESTIMATED: {}}
        for figure in estimate.figures:
            kind = Kind.EXACT if figure.error_percent is None else Kind.ESTIMATED
            found[kind] |= {
                name: figure.used
                for name, resource in RESOURCES.items()
                if resource == figure.resource
            }
        if estimate.clock_mhz is not None:
            found[Kind.ESTIMATED] |= {
                "clock": round(estimate.clock_mhz, 1),
                **speed(placement, estimate.clock_mhz),
            }
        return found

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


def _structure(placement: Placement, registers: RegisterMap | None, target: str) -> str:
    """All that an estimate depends on, to be compared: of weights and parameters, which are
    contents of memories, only how many there are. Instructions are logic."""
    program, image = placement.program, placement.program.image
    facts = (
        *(program.name, machine_sha256(program.machine), target, placement.shell, registers),
        *(image.instructions, image.frame_bytes, image.outputs, len(image.tables)),
        *(image.weights.shape, image.parameters.shape),
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()


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
    """How fast a design is, and what is known of its size before it is estimated."""
    cycles = placement.cycles
    found: dict[Kind, Mapping[str, float]] = {
        Kind.EXACT: {
            "latency_cycles": cycles.latency_cycles,
            "interval_cycles": cycles.interval_cycles,
            "multipliers": placement.engine.mac_units,
            "memory_bits": sum(placement.program.machine.memory_bits().values()),
            **speed(placement, options.clock_mhz),
        },
        Kind.ESTIMATED: {"energy": estimate_energy(placement.program).likely_nj / 1000},
    }
    # an estimate counts the same, and more
    use = None if has_estimates(options) else find_use(placement.program)
    if use is None:
        return found
    kind = Kind.ESTIMATED if use.block_rams_expected else Kind.EXACT
    used = {"dsps": use.multipliers, "block_rams": float(use.block_rams)}
    return _merged(found, {kind: used})


def speed(placement: Placement, clock_mhz: float) -> Mapping[str, float]:
    """What cycles are at a clock."""
    cycles = placement.cycles
    return {
        "latency": round(cycles.latency_cycles / clock_mhz, 3),
        "fps": round(1e6 * clock_mhz / cycles.interval_cycles, 1),
    }


def has_estimates(options: BuildOptions) -> bool:
    """Whether what a design takes of its device can be estimated."""
    target = named_target(options.target) if options.target else None
    return target is not None and has_model(target.family)


def _without(figures: Figures, names: Collection[str]) -> Figures:
    return {
        kind: {name: value for name, value in values.items() if name not in names}
        for kind, values in figures.items()
    }


def _merged(*parts: Figures) -> Figures:
    """All figures; of one that is there twice the last, whatever its kind."""
    last = {name: kind for part in parts for kind, values in part.items() for name in values}
    found: dict[Kind, dict[str, float]] = {}
    for part in parts:
        for kind, values in part.items():
            chosen = {name: value for name, value in values.items() if last[name] is kind}
            found.setdefault(kind, {}).update(chosen)
    return found
