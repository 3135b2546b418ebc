"""From an integer network to an array and its program, as the options ask for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .device_fit import check_use, find_use
from .device_search import MapWith, check_fits, find_fastest, searches_device, size_on
from .errors import MappingError
from .families import DeviceUse
from .ir import Graph
from .machine import Headroom, Machine
from .mapping import (
    WIDEST_CHOSEN,
    CycleModel,
    EngineConfig,
    Program,
    choose_engine,
    map_graph,
    may_pay,
    predict_cycles,
    shared_machine,
    smallest_engine,
)
from .options import BEAT_BYTES, BuildOptions
from .report import QualityWarning
from .shell import ShellConfig, TensorSizes


@dataclass(frozen=True, kw_only=True)
class Placement:
    """A network on an array.

    Parameters
    ----------
    engine
        Sizes of everything.
    program
        What it executes.
    cycles
        How long that takes.
    shell
        What surrounds the engine.
    device
        What it takes of the device that the options ask for; None if they ask for none.
    warnings
        What is to be warned of.
    """

    engine: EngineConfig
    program: Program
    cycles: CycleModel
    shell: ShellConfig
    device: DeviceUse | None = None
    warnings: tuple[QualityWarning, ...] = ()


def _fps(options: BuildOptions) -> str:
    return "" if options.fps is None else f"The goal of {options.fps:,.10g} frames a second"


def _latency(options: BuildOptions) -> str:
    return "" if options.latency_us is None else f"The goal of {options.latency_us:,.10g} µs"


def place(graph: Graph, options: BuildOptions, *, find_device: bool = True) -> Placement:
    """Choose the engine that the options ask for, and map the network to it.

    Parameters
    ----------
    find_device
        Whether to find what it takes of the device, and to refuse what does not fit.

    Raises
    ------
    MappingError
        If no engine can be had that does what they ask for, or its memories do not fit into the
        device.
    """
    if options.programmable:
        machine = programmable_machine([graph], _engine(graph, options))
        program = map_graph(graph, machine)
    elif not options.has_size and searches_device(options.target):
        program = _fastest_program(graph, options)
    else:
        return _sized(graph, options, find_device)
    return _placement(graph, program, options, find_use(program) if find_device else None)


def _sized(graph: Graph, options: BuildOptions, find_device: bool) -> Placement:
    """On an array of a size, or as small as a goal allows."""
    programs = _programs(graph, _smallest_slicing(graph, options))
    program = next(programs)
    device = find_use(program) if find_device else None
    if device is not None and not device.fits:
        for other in programs:
            use = find_use(other)
            if use is not None and use.fits:
                program, device = other, use
                break
    if options.asks_for_speed and searches_device(options.target):
        assert options.target is not None
        check_fits(program, options.target)
    return _placement(graph, program, options, device)


def _fastest_program(graph: Graph, options: BuildOptions) -> Program:
    """The program on the fastest array that fits the target."""
    assert options.target is not None

    def mapped(asked: BuildOptions) -> MapWith:
        return lambda macs: _programs(graph, asked.replace(macs=macs))

    return find_fastest(options.target, [mapped(asked) for asked in _slicings(graph, options)])


def _slicings(graph: Graph, options: BuildOptions) -> list[BuildOptions]:
    """The options, or if they leave it open and it may pay, with and without weights in slices."""
    if options.slice_weights != "auto" or not may_pay(graph):
        return [options]
    return [options.replace(slice_weights=choice) for choice in ("off", "on")]


def _smallest_slicing(graph: Graph, options: BuildOptions) -> BuildOptions:
    """Those of `_slicings` with which the smallest array of a speed takes less of the target."""
    if not (options.asks_for_speed and searches_device(options.target)):
        return options
    assert options.target is not None
    ways = _slicings(graph, options)
    sizes = []
    for asked in ways if len(ways) > 1 else ():
        try:
            program = map_graph(graph, _engine(graph, asked))
        except MappingError:  # too slow
            sizes.append(math.inf)
        else:
            sizes.append(size_on(program, options.target))
    return ways[int(np.argmin(sizes))] if sizes else options


def _programs(graph: Graph, options: BuildOptions) -> Iterator[Program]:
    """The program on the array that the options ask for, and then on those with fewer and fewer
    lane groups, if their number is left open: so many banks are half empty where tensors are small.
    """
    program = map_graph(graph, _engine(graph, options))
    yield program
    groups = program.config.lane_groups
    while options.lane_groups is None and groups > 1:
        groups //= 2
        try:
            engine = _engine(graph, options.replace(lane_groups=groups))
        except MappingError:  # too slow with so few
            return
        if engine.banks < program.config.banks:
            yield map_graph(graph, engine)


def _engine(graph: Graph, options: BuildOptions) -> EngineConfig:
    """The array, and what the options ask for besides."""
    return replace(
        _choose_engine(graph, options),
        frame_check=options.frame_check
        or options.tag_bits > 0
        or options.idle
        or options.bus is not None,
        programmable=options.programmable,
        parity=options.protect == "parity",
        program_banks=options.banks,
    )


def programmable_machine(graphs: Sequence[Graph], engine: EngineConfig) -> Machine:
    """The machine for several networks, with the headroom that programmable ones have."""
    return shared_machine(graphs, replace(engine, programmable=True), Headroom())


def place_on(
    graph: Graph, machine: Machine, options: BuildOptions, *, top: str | None = None
) -> Placement:
    """Map a network to a machine that is there, whose top module is called `top`.

    Raises
    ------
    MappingError
        If the machine has not all that the network needs; it says what.
    """
    program = map_graph(graph, machine)
    program = replace(program, name=top or program.name)
    return _placement(graph, program, options, find_use(program))


def _placement(
    graph: Graph, program: Program, options: BuildOptions, device: DeviceUse | None
) -> Placement:
    """All that follows from a program."""
    cycles = predict_cycles(program)
    if program.config.programmable:
        _check_cycles(cycles, options)
    return Placement(
        engine=program.config,
        program=program,
        cycles=cycles,
        shell=_shell(graph, options),
        device=device,
        warnings=check_use(device, program) if device else (),
    )


def _shell(graph: Graph, options: BuildOptions) -> ShellConfig:
    """What the options ask for around an engine."""
    inputs, outputs = (
        tuple(graph.tensors[port.tensor].size for port in ports)
        for ports in (graph.inputs, graph.outputs)
    )
    sizes = TensorSizes(inputs=inputs, outputs=outputs)
    if options.programmable:
        sizes = TensorSizes(inputs=None, outputs=None)
    return ShellConfig(
        reset=options.reset,
        keep=sizes if options.keep else None,
        tag_bits=options.tag_bits,
        idle=options.idle,
        clocks=options.clocks,
        bus=options.bus,
        bus_errors=options.bus_errors,
        io=options.io,
        memory_data_bits=options.memory_data_bits,
        memory_address_bits=options.memory_address_bits,
        memory_cache=options.memory_cache,
        memory_prot=options.memory_prot,
    )


def _check_cycles(cycles: CycleModel, options: BuildOptions) -> None:
    """Refuse a programmable design that misses its goal: its array is chosen as if it were fitted,
    for the first network, and with headroom a frame may take some cycles more."""
    for goal, most, needed in (
        (_fps(options), options.interval_cycles, cycles.interval_cycles),
        (_latency(options), options.latency_cycles, cycles.latency_cycles),
    ):
        if most is not None and needed > most:
            raise MappingError(
                f"{goal} is missed: the programmable design takes {needed} clock cycles, more than "
                f"the {most:.0f} that it allows at {options.clock_mhz:g} MHz; ask for more, so "
                "that the array is larger, or choose it with --rows and --cols"
            )


def check_goal(network: Graph, options: BuildOptions) -> None:
    """Refuse a speed at which not even the values of a frame get in and out, before any work.

    Raises
    ------
    MappingError
        It names the goal, and the speed that the streams allow.
    """
    widths = options.beat_bytes or (WIDEST_CHOSEN, WIDEST_CHOSEN)
    loads, sends = (
        sum(-(-network.tensors[port.tensor].size // width) for port in ports)
        for ports, width in zip((network.inputs, network.outputs), widths, strict=True)
    )
    is_widest = options.io != "stream" or min(widths) == BEAT_BYTES[-1]
    wider = "" if is_widest else ", give wider --stream-bytes"
    for goal, cycles, least in (
        (_fps(options), options.interval_cycles, max(loads, sends)),
        (_latency(options), options.latency_cycles, loads + sends),
    ):
        if cycles is not None and cycles < least:
            raise MappingError(
                f"{goal} cannot be reached by any array: at {options.clock_mhz:g} MHz "
                f"that is {cycles:.3g} clock cycle{'' if cycles == 1 else 's'}, and the values of "
                f"a frame alone take {least} to come in and go out; ask for less{wider} or "
                "raise --clock-mhz"
            )


def _choose_engine(graph: Graph, options: BuildOptions) -> EngineConfig:
    if options.asks_for_speed:
        try:
            return smallest_engine(
                graph,
                interval_cycles=options.interval_cycles,
                latency_cycles=options.latency_cycles,
                technology=options.cells,
                target=options.target or "",
                stream_bytes=options.beat_bytes,
                lanes=options.requantizers,
                lane_groups=options.lane_groups,
                sliced=options.slice_weights == "on",
            )
        except MappingError as error:
            goals = " and ".join(filter(None, (_fps(options), _latency(options))))
            raise MappingError(f"{goals} at {options.clock_mhz:g} MHz: {error}") from error
    return choose_engine(
        graph,
        rows=options.rows,
        cols=options.cols,
        macs=options.macs,
        technology=options.cells,
        target=options.target or "",
        stream_bytes=options.beat_bytes,
        lanes=options.requantizers,
        lane_groups=options.lane_groups,
        sliced=options.slice_weights == "on",
    )
