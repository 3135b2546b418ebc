"""From an integer graph and a configuration to a program: the steps of mapping, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import reduce

from ..errors import MappingError
from ..ir import Graph, frame_layout
from ..machine import EngineConfig, Headroom, Machine
from .encode import encode_layers
from .fusion import fuse_additions
from .images import parameter_image, table_image, weight_image
from .memory_plan import overread_bytes, plan_memory, storage_roots
from .port_order import in_port_order
from .program import Plan, Program
from .requantizers import requantizer_tables, with_shifts_of
from .residual_plan import plan_residuals
from .strategies import plan_layers
from .waits import with_waits
from .widths import activation_bits, datapath_widths


def plan_graph(graph: Graph, engine: EngineConfig | Machine) -> Plan:
    """Map an integer graph onto an engine, without memory contents; see `map_graph`.

    Raises
    ------
    MappingError
        If the engine has no way to run the graph.
    """
    config, given = _engine(engine)
    graph = in_port_order(graph)
    order, plans = fuse_additions(graph, plan_layers(graph, config), config)
    residuals = plan_residuals(plans, config, roots=storage_roots(order))
    memory = plan_memory(
        order,
        banks=config.banks,
        beat_bytes=config.input_bytes,
        overread=overread_bytes(plans, order, config),
        elsewhere=residuals.unread,
        given=given.addresses if given else None,
    )
    own = {plan.combination for plan in plans} - {"sum", "product"}
    combinations = tuple(
        dict.fromkeys((*(given.limits.combinations if given else ()), *sorted(own)))
    )
    layers = encode_layers(plans, graph, config, memory, residuals, combinations)
    plan = Plan(
        name=graph.name,
        config=config,
        layers=layers,
        memory=memory,
        residual_depth=residuals.depth,
        combinations=combinations,
        input_size=frame_layout(graph, graph.inputs, config.input_bytes).size,
        output_size=frame_layout(graph, graph.outputs, config.output_bytes).size,
        given_machine=given,
    )
    return with_waits(plan)


def _engine(engine: EngineConfig | Machine) -> tuple[EngineConfig, Machine | None]:
    """The configuration, and the machine if it is given."""
    return (engine.config, engine) if isinstance(engine, Machine) else (engine, None)


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
        raise MappingError(_refusal(graph, program))
    return program


def _refusal(graph: Graph, program: Program) -> str:
    """What a program needs that its machine has not."""
    missing = "\n".join(f"  {lack}" for lack in program.machine.shortfalls(program.fitted))
    return f"Network '{graph.name}' asks for more than the machine has:\n{missing}"


def shared_machine(
    graphs: Sequence[Graph], config: EngineConfig, headroom: Headroom | None = None
) -> Machine:
    """The least machine that runs several networks, each with a program of its own.

    `headroom`: what it has more than that; None: nothing.

    Raises
    ------
    MappingError
        If the engine has no way to run one of them.
    """
    machine = reduce(Machine.join, (map_graph(graph, config).machine for graph in graphs))
    if headroom is not None:
        machine = headroom.of(machine)
    while True:
        # on a machine with other latencies, layers may have to wait where they did not
        needs = [_map_graph(graph, machine).fitted for graph in graphs]
        if all(map(machine.covers, needs)):
            return machine
        machine = reduce(Machine.join, needs, machine)


def _map_graph(graph: Graph, engine: EngineConfig | Machine) -> Program:
    """`map_graph`, also onto a machine that does not cover the program."""
    unsigned = [name for name, tensor in graph.tensors.items() if not tensor.q.signed]
    if unsigned:
        raise MappingError(f"Tensors must be signed in the engine; unsigned: {unsigned}")
    plan = plan_graph(graph, engine)
    datapath = plan.given_machine.datapath if plan.given_machine else None
    tables = requantizer_tables(plan.layers)
    if datapath is not None:
        tables = [with_shifts_of(table, datapath) for table in tables]
    used = {int(shift) for table in tables for shift in table[:, 2]}
    shifts = tuple(sorted(used.union(datapath.shifts if datapath else ())))
    parameters = parameter_image(plan.layers, tables, plan.config, shifts)
    bits = max(activation_bits(graph), datapath.widths.activation if datapath else 0)
    return Program(
        **{field.name: getattr(plan, field.name) for field in fields(plan)},
        widths=datapath_widths(plan.layers, graph, plan.config, tables, parameters),
        shifts=shifts,
        weights=weight_image(plan.layers, plan.config, slots=plan.timing.limits.lane_slots),
        parameters=parameters,
        tables=tuple(
            table_image(layer.table, bits) for layer in plan.layers if layer.table is not None
        ),
    )
