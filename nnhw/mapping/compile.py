"""From an integer graph and a configuration to a program."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from ..errors import MappingError
from ..ir import Graph, Node, QConv, QMaxPool, Reshape
from ..isa import Operation, bits_for
from ..quantize import accumulator_bounds, tensor_bounds
from .config import EngineConfig
from .geometry import Geometry, node_geometry
from .images import exact_shift, node_parameters, parameter_words, weight_count, weight_words
from .lower import lower_drain, lower_fetch, lower_write_back, parameter_count
from .memory_plan import MemoryPlan, plan_memory, storage_roots
from .program import Layer, Plan, Program, Widths


def node_macs(node: Node, graph: Graph) -> int:
    """Multiply-accumulates of a convolution by definition; 0 for any other operator."""
    if not isinstance(node, QConv):
        return 0
    rows, cols, _ = graph.tensors[node.output].shape
    return rows * cols * node.weight.size


def overread_bytes(
    nodes: list[Node], geometries: list[Geometry], graph: Graph, config: EngineConfig
) -> dict[str, int]:
    """By stored tensor: bytes that fetches touch past its end without using them.

    None if any layer has padding: the mask that padding needs covers these lanes too.
    """
    if any(geometry.padded for geometry in geometries):
        return {}
    roots = storage_roots(graph)
    most: dict[str, int] = {}
    for node, geometry in zip(nodes, geometries, strict=True):
        dense = geometry.operation is Operation.DOT
        width = config.rows if dense else config.fetch_width
        extra = geometry.chunks * width - geometry.run
        for root in (roots[name] for name in node.inputs):
            most[root] = max(most.get(root, 0), extra)
    return most


def plan_graph(graph: Graph, config: EngineConfig) -> Plan:
    """Map an integer graph onto an engine, without memory contents.

    Raises
    ------
    MappingError
        If the engine has no way to run the graph.
    """
    nodes = layer_nodes(graph)
    geometries = [node_geometry(node, graph, config) for node in nodes]
    overread = overread_bytes(nodes, geometries, graph, config)
    memory = plan_memory(graph, banks=config.banks, overread=overread)
    return Plan(
        name=graph.name,
        config=config,
        layers=_map_layers(graph, config, geometries, memory),
        address_bits=memory.address_bits,
        depth=memory.depth,
        frame_depth=memory.frame_depth,
        frame_base=memory.frame_base,
        input_size=graph.tensors[graph.inputs[0].tensor].size,
        output_size=graph.tensors[graph.outputs[0].tensor].size,
        padded=any(geometry.padded for geometry in geometries),
    )


def layer_nodes(graph: Graph) -> list[Node]:
    """The nodes that become layers: all but reshapes.

    Raises
    ------
    MappingError
        If there is none.
    """
    nodes = [node for node in graph.nodes if not isinstance(node, Reshape)]
    if not nodes:
        raise MappingError(f"'{graph.name}' has no operator that computes anything")
    return nodes


def _map_layers(
    graph: Graph, config: EngineConfig, geometries: list[Geometry], plan: MemoryPlan
) -> tuple[Layer, ...]:
    nodes = layer_nodes(graph)
    stream = graph.outputs[0].tensor
    frame = graph.inputs[0].tensor
    frame_readers = [
        index for index, node in enumerate(nodes) if frame in (plan.roots[n] for n in node.inputs)
    ]
    lane_minimum = -(1 << (_activation_bits(graph) - 1))
    layers: list[Layer] = []
    weight_base = parameter_base = 0
    ones: int | None = None
    in_flight: set[str] = set()
    dense_before = geometries[-1].operation is Operation.DOT  # of the frame before
    for index, (node, geometry) in enumerate(zip(nodes, geometries, strict=True)):
        sources = {plan.roots[name] for name in node.inputs}
        dense = geometry.operation is Operation.DOT
        # lanes are faster than columns: they must not overtake dot products
        overtakes = dense_before and not dense
        dense_before = dense
        fence = bool(sources & in_flight) or overtakes
        in_flight = {node.output} if fence else in_flight | {node.output}
        weighted = isinstance(node, QConv)
        if weighted or ones is None:
            base = weight_base
            words = weight_count(geometry) if weighted else 1
            weight_base += words
            if not weighted:
                ones = base
        else:
            base = ones
        fetch = lower_fetch(
            node,
            graph,
            geometry,
            config,
            plan,
            lane_minimum=lane_minimum,
            weight_base=base,
            weighted=weighted,
            fence=fence,
            frees_frame=index == frame_readers[-1],
            to_stream=node.output == stream,
        )
        drain = lower_drain(geometry, config, parameter_base=parameter_base)
        write_back = lower_write_back(node, graph, geometry, plan, to_stream=node.output == stream)
        parameter_base += parameter_count(geometry, config)
        layers.append(
            Layer(
                name=node.name,
                tensor=node.output,
                operator=type(node).__name__,
                shape=graph.tensors[node.output].shape,
                lane_slots=geometry.slots,
                macs=node_macs(node, graph),
                fetch=fetch,
                drain=drain,
                write_back=write_back,
            )
        )
    return tuple(layers)


def _activation_bits(graph: Graph) -> int:
    return max(tensor.q.bits for tensor in graph.tensors.values())


def map_graph(graph: Graph, config: EngineConfig) -> Program:
    """Map an integer graph onto an engine.

    Parameters
    ----------
    graph
        Every tensor signed; one input; one output, which is written by an operator other than
        Reshape and read by none.

    Raises
    ------
    MappingError
        If the engine has no way to run the graph.
    """
    unsigned = [name for name, tensor in graph.tensors.items() if not tensor.q.signed]
    if unsigned:
        raise MappingError(f"Tensors must be signed in the engine; unsigned: {unsigned}")
    plan = plan_graph(graph, config)
    nodes = layer_nodes(graph)
    geometries = [node_geometry(node, graph, config) for node in nodes]

    requantizes = [node.requantize for node in nodes if not isinstance(node, QMaxPool)]
    shifts = frozenset(int(s) for r in requantizes for s in r.shift.ravel())
    multiplier_bits = max((int(r.multiplier.max()).bit_length() for r in requantizes), default=1)
    unit_shift = exact_shift(shifts, multiplier_bits)
    if any(isinstance(node, QMaxPool) for node in nodes):
        shifts |= {unit_shift}
        multiplier_bits = max(multiplier_bits, unit_shift + 1)
    all_shifts = tuple(sorted(shifts))

    words = []
    have_ones = False
    for node, geometry in zip(nodes, geometries, strict=True):
        if isinstance(node, QConv) or not have_ones:
            words.append(weight_words(node, geometry, config, slots=plan.lane_slots))
            have_ones |= not isinstance(node, QConv)
    parameters = np.concatenate(
        [
            parameter_words(
                node_parameters(node, graph, unit_shift=unit_shift), geometry, config, all_shifts
            )
            for node, geometry in zip(nodes, geometries, strict=True)
        ]
    )
    widths = _widths(nodes, graph, parameters, multiplier_bits)
    return Program(
        **{field.name: getattr(plan, field.name) for field in fields(plan)},
        widths=widths,
        input_quantization=graph.tensors[graph.inputs[0].tensor].q,
        output_quantization=graph.tensors[graph.outputs[0].tensor].q,
        shifts=all_shifts,
        weights=np.concatenate(words),
        parameters=parameters,
    )


def _widths(
    nodes: list[Node], graph: Graph, parameters: np.ndarray, multiplier_bits: int
) -> Widths:
    """The least widths that hold every value of every layer."""
    accumulators, tensors = accumulator_bounds(graph), tensor_bounds(graph)
    activation = _activation_bits(graph)
    raw: list[int] = []
    folded: list[int] = []
    for node in nodes:
        if node.name in accumulators:
            raw += accumulators[node.name].raw
            folded += accumulators[node.name].folded
            continue
        for name in node.inputs:
            limits, zero = tensors[name], graph.tensors[name].q.zero_point
            raw += [*limits, -(1 << (activation - 1))]
            folded += [limit - zero for limit in limits]
    biases = parameters[..., 0]
    return Widths(
        activation=activation,
        weight=max((node.weight_bits for node in nodes if isinstance(node, QConv)), default=2),
        accumulator=max(bits_for(limit, signed=True) for limit in raw),
        bias=max(bits_for(int(bias), signed=True) for bias in (biases.min(), biases.max())),
        operand=max(bits_for(limit, signed=True) for limit in folded),
        multiplier=multiplier_bits,
    )
