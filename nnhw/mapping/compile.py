"""From an integer graph and a configuration to a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import reduce

import numpy as np

from ..errors import MappingError
from ..ir import Graph, Node, QConv, Reshape, frame_layout
from ..isa import Operation, bits_for
from ..machine import EngineConfig, Machine, Widths
from ..quantize import accumulator_bounds, tensor_bounds
from .fusion import fuse_additions
from .geometry import OutputArea
from .images import parameter_words, weight_count, weight_words
from .lower import (
    lower_drain,
    lower_fetch,
    lower_residuals,
    lower_write_back,
    parameter_count,
)
from .memory_plan import MemoryPlan, plan_memory, storage_roots
from .parity import parity_columns
from .part import Part
from .parts import node_parts
from .port_order import in_port_order
from .program import Layer, Plan, Program
from .requantizers import requantizer_tables
from .residual_plan import ResidualPlan, plan_residuals
from .waits import with_waits


def node_macs(node: Node, graph: Graph, area: OutputArea | None = None) -> int:
    """Multiply-accumulates of a convolution, or of an area of it, by definition: those with padding
    count, too. 0 for any other operator."""
    if not isinstance(node, QConv):
        return 0
    rows, cols, _ = graph.tensors[node.output].shape
    if area is not None:
        rows, cols = area.rows, area.columns.count
    return rows * cols * node.weight.size


def overread_bytes(parts: list[Part], graph: Graph, config: EngineConfig) -> dict[str, int]:
    """By stored tensor: bytes that fetches touch past its end without using them.

    None if any layer has padding: the mask that padding needs covers these lanes too.
    """
    if any(part.geometry.padded for part in parts):
        return {}
    roots = storage_roots(graph)
    most: dict[str, int] = {}
    for part in parts:
        geometry = part.geometry
        dense = geometry.operation is Operation.DOT
        fetched = geometry.chunks * config.rows if dense else config.fetch_width
        extra = fetched - geometry.run
        for root in (roots[name] for name in part.inputs):
            most[root] = max(most.get(root, 0), extra)
    return most


def graph_parts(graph: Graph, config: EngineConfig) -> list[Part]:
    """The parts of all nodes, in order of execution: one a layer.

    Raises
    ------
    MappingError
        If the engine has no way to run a node.
    """
    by_parity = parity_columns(graph, config)
    parts = [
        part
        for node in graph.nodes
        if not isinstance(node, Reshape)
        for part in node_parts(node, graph, config, by_parity)
    ]
    outputs = {port.tensor for port in graph.outputs}
    for part in parts:
        if part.node.output in outputs and not part.is_whole:
            raise MappingError(
                f"Output '{part.node.output}' is put together from parts, which a stream cannot "
                "do; copy it"
            )
    return parts


def plan_graph(graph: Graph, engine: EngineConfig | Machine) -> Plan:
    """Map an integer graph onto an engine, without memory contents; see `map_graph`.

    Raises
    ------
    MappingError
        If the engine has no way to run the graph.
    """
    config, host = _engine(engine)
    return _plan(_schedule(graph, config), config, host)


def _engine(engine: EngineConfig | Machine) -> tuple[EngineConfig, Machine | None]:
    """The configuration, and the machine if it is given."""
    return (engine.config, engine) if isinstance(engine, Machine) else (engine, None)


@dataclass(frozen=True)
class _Schedule:
    """What is executed when.

    Parameters
    ----------
    graph
        All nodes and tensors.
    order
        Those that are layers, in order: see `fuse_additions`.
    parts
        One a layer.
    """

    graph: Graph
    order: Graph
    parts: list[Part]


def _schedule(graph: Graph, config: EngineConfig) -> _Schedule:
    graph = in_port_order(graph)
    return _Schedule(graph, *fuse_additions(graph, graph_parts(graph, config), config))


def _plan(schedule: _Schedule, config: EngineConfig, host: Machine | None) -> Plan:
    graph, order, parts = schedule.graph, schedule.order, schedule.parts
    residuals = plan_residuals(parts, config, roots=storage_roots(order))
    memory = plan_memory(
        order,
        banks=config.banks,
        beat_bytes=config.input_bytes,
        overread=overread_bytes(parts, order, config),
        elsewhere=residuals.unread,
        rows=max(host.limits.depth, host.limits.frame_depth) if host else 0,
        stores=host is not None and host.limits.depth > 0,
    )
    plan = Plan(
        name=graph.name,
        config=config,
        layers=_map_layers(graph, config, parts, memory, residuals),
        residual_depth=residuals.depth,
        address_bits=memory.address_bits,
        depth=memory.depth,
        frame_depth=memory.frame_depth,
        frame_base=memory.frame_base,
        input_size=frame_layout(graph, graph.inputs, config.input_bytes).size,
        output_size=frame_layout(graph, graph.outputs, config.output_bytes).size,
        padded=any(part.geometry.padded for part in parts),
        host=host,
    )
    return with_waits(plan, parts)


def _map_layers(
    graph: Graph,
    config: EngineConfig,
    parts: list[Part],
    plan: MemoryPlan,
    residuals: ResidualPlan,
) -> tuple[Layer, ...]:
    """The layers, which do not wait for each other yet."""
    outputs = {port.tensor for port in graph.outputs}
    last_frame_reader = max(
        index
        for index, part in enumerate(parts)
        if any(plan.roots[name] in plan.frame_offsets for name in part.inputs)
    )
    lane_minimum = -(1 << (_activation_bits(graph) - 1))
    additions = [part.addition for part in parts if part.addition is not None]
    instructions = lower_residuals(parts, requantizer_tables(additions), residuals.words, config)
    layers: list[Layer] = []
    weight_bases, parameter_bases = _weight_bases(parts), _parameter_bases(parts, config)
    tables = 0
    for index, part in enumerate(parts):
        to_stream = part.output in outputs
        tables += part.table is not None
        layers.append(
            Layer(
                name=part.node.name,
                tensor=part.output,
                operator=type(part.node).__name__,
                shape=graph.tensors[part.node.output].shape,
                offset=part.offset,
                area=part.area,
                results_per_pixel=part.geometry.results_per_pixel,
                lane_slots=part.geometry.slots,
                addition="" if part.addition is None else part.addition.node.name,
                macs=node_macs(part.node, graph, part.area),
                products=part.macs,
                fetch=lower_fetch(
                    part,
                    graph,
                    config,
                    plan,
                    lane_minimum=lane_minimum,
                    weight_base=weight_bases[index],
                    frees_frame=index == last_frame_reader,
                    to_stream=to_stream,
                ),
                drain=lower_drain(part, config, parameter_base=parameter_bases[index]),
                write_back=lower_write_back(
                    part,
                    graph,
                    plan,
                    table=tables if part.table is not None else 0,
                    to_stream=to_stream,
                    residual_only=part.output in residuals.unread,
                ),
                residual=instructions[index],
            )
        )
    return tuple(layers)


def _weight_bases(parts: list[Part]) -> list[int]:
    """First weight word of each part's operator; all parts without weights share one word."""
    bases: list[int] = []
    end, ones = 0, None
    for part in parts:
        if part.stored is None:
            if ones is None:
                ones = end
                end += 1
            bases.append(ones)
        elif part.stores_weight:
            bases.append(end)
            end += weight_count(part.stored)
        else:
            bases.append(bases[-1])
    return bases


def _parameter_bases(parts: list[Part], config: EngineConfig) -> list[int]:
    """First word of each part's requantization parameters."""
    bases: list[int] = []
    end = 0
    for part, is_stored in zip(parts, _stored_parameters(parts), strict=True):
        bases.append(end if is_stored else bases[-1])
        end += parameter_count(part.geometry, config) * is_stored
    return bases


def _stored_parameters(parts: list[Part]) -> list[bool]:
    """Whether each part has parameters of its own: not if they are those of the part before, of
    the same operator."""
    return [
        before is None
        or part.node is not before.node
        or not np.array_equal(part.parameters, before.parameters)
        for part, before in zip(parts, [None, *parts], strict=False)
    ]


def _activation_bits(graph: Graph) -> int:
    return max(tensor.q.bits for tensor in graph.tensors.values())


def map_graph(graph: Graph, engine: EngineConfig | Machine) -> Program:
    """Map an integer graph onto an engine.

    Parameters
    ----------
    graph
        Every tensor signed; each output is a tensor of its own, written in the order of its
        elements by an operator other than Reshape, and read by none.
    engine
        A machine that the program has to make do with, or the configuration of one that is fitted
        to it.

    Raises
    ------
    MappingError
        If the engine has no way to run the graph, or the machine does not cover the program.
    """
    program = _map_graph(graph, engine)
    if not program.machine.covers(program.fitted):
        raise MappingError(
            f"Network '{graph.name}' asks for more than the machine has; join its limits to those "
            "of the machine"
        )
    return program


def shared_machine(graphs: Sequence[Graph], config: EngineConfig) -> Machine:
    """The least machine that runs several networks, each with a program of its own.

    Raises
    ------
    MappingError
        If the engine has no way to run one of them.
    ValueError
        If their input frames, or the numbers of their outputs, differ.
    """
    machine = reduce(Machine.join, (map_graph(graph, config).machine for graph in graphs))
    while True:
        # on a machine with other latencies, layers may have to wait where they did not
        needs = [_map_graph(graph, machine).fitted for graph in graphs]
        if all(map(machine.covers, needs)):
            return machine
        machine = reduce(Machine.join, needs, machine)


def _map_graph(graph: Graph, engine: EngineConfig | Machine) -> Program:
    """`map_graph`, also onto a machine that does not cover the program."""
    config, host = _engine(engine)
    unsigned = [name for name, tensor in graph.tensors.items() if not tensor.q.signed]
    if unsigned:
        raise MappingError(f"Tensors must be signed in the engine; unsigned: {unsigned}")
    schedule = _schedule(graph, config)
    plan, graph, parts = _plan(schedule, config, host), schedule.graph, schedule.parts
    tables = requantizer_tables(parts)
    datapath = host.datapath if host else None
    used = {int(shift) for table in tables for shift in table[:, 2]}
    shifts = tuple(sorted(used.union(datapath.shifts if datapath else ())))
    parameters = np.concatenate(
        [
            parameter_words(table, part.geometry, config, shifts)
            for part, table, is_stored in zip(parts, tables, _stored_parameters(parts), strict=True)
            if is_stored
        ]
    )
    bits = max(_activation_bits(graph), datapath.widths.activation if datapath else 0)
    return Program(
        **{field.name: getattr(plan, field.name) for field in fields(plan)},
        widths=_widths(parts, graph, parameters),
        shifts=shifts,
        weights=_weights(parts, config, slots=plan.timing.limits.lane_slots),
        parameters=parameters,
        tables=tuple(_full_table(part.table, bits) for part in parts if part.table is not None),
    )


def _full_table(table: np.ndarray, bits: int) -> np.ndarray:
    """A table with an entry for each number of `bits`, also where its input is narrower."""
    return np.pad(table, ((1 << bits) - len(table)) // 2)


def _weights(parts: list[Part], config: EngineConfig, *, slots: int) -> np.ndarray:
    """The weight memory."""
    words = []
    have_ones = False
    for part in parts:
        if part.stores_weight and (part.weight is not None or not have_ones):
            stored = part.stored or part.geometry
            words.append(weight_words(part.weight, stored, config, slots=slots))
            have_ones |= part.weight is None
    return np.concatenate(words)


def _widths(parts: list[Part], graph: Graph, parameters: np.ndarray) -> Widths:
    """The least widths that hold every value of every layer."""
    accumulators, tensors = accumulator_bounds(graph), tensor_bounds(graph)
    activation = _activation_bits(graph)
    raw: list[int] = []
    operands: list[int] = []
    weight_bits = [2]
    for part in parts:
        if isinstance(part.node, QConv):
            weight_bits.append(part.node.weight_bits)
        if part.node.name in accumulators:
            raw += accumulators[part.node.name].raw
            operands += accumulators[part.node.name].folded
            continue
        differences = []
        for name in part.inputs:
            limits, zero = tensors[name], graph.tensors[name].q.zero_point
            raw += [*limits, -(1 << (activation - 1))]
            differences.append([limit - zero for limit in limits])
            operands += differences[-1]
        if part.multiplies:
            operands += [a * b for a in differences[0] for b in differences[1]]
    biases = parameters[..., 0]
    largest = int(parameters[..., 1].max())
    return Widths(
        activation=activation,
        weight=max(weight_bits),
        accumulator=max(bits_for(limit, signed=True) for limit in raw),
        bias=max(bits_for(int(bias), signed=True) for bias in (biases.min(), biases.max())),
        operand=max(bits_for(limit, signed=True) for limit in operands),
        multiplier=largest.bit_length() if largest > 1 else 0,
    )
