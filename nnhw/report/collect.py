"""From the values of a build to its report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from .. import __version__
from ..estimates import Estimate, estimate_energy
from ..families import DeviceUse
from ..ir import Graph, Node, Port, QConv, Quantization, host_rule, integer_operator
from ..mapping import CycleModel, Layer, Program, count_traffic
from ..plugins import Plugin
from ..synth import HardwareCosts
from .channels import describe_channels
from .connections import layer_sources, output_sources
from .fit import describe_fit
from .layers import LayerReport
from .merge import merge_parts
from .quality import Quality
from .schedule import array_use, frame_times
from .structure import BuildReport, Equalization, Source, Verification
from .tables import describe_tables
from .warnings import QualityWarning
from .wide_weights import describe_wide_weights


def collect_report(
    *,
    source: Source,
    graph: Graph,
    whole: Graph,
    program: Program,
    cycles: CycleModel,
    quality: Quality,
    verification: Verification | None,
    files: tuple[str, ...],
    costs: HardwareCosts | None = None,
    equalization: Equalization | None = None,
    finds_ranges: bool = False,
    plugins: Iterable[Plugin] = (),
    device: DeviceUse | None = None,
    estimates: tuple[Estimate, ...] = (),
    warnings: Iterable[QualityWarning] = (),
) -> BuildReport:
    """Put together what is known about a finished design; see `BuildReport`.

    `whole` is the graph before channels were left out of it, `warnings` are those that are not
    about its quality; for `finds_ranges` see there.
    """
    config = program.config
    operators = {node.name: node for node in graph.nodes}
    layer_of = {layer.tensor: layer.name for layer in program.layers}
    sources = layer_sources(graph, layer_of)
    return BuildReport(
        name=graph.name,
        nnhw_version=__version__,
        source=source,
        inputs=tuple(_describe_port(graph, port) for port in graph.inputs),
        outputs=tuple(_describe_port(graph, port) for port in graph.outputs),
        host_postprocess=graph.host_postprocess,
        macs=program.macs,
        weights=sum(node.weight.size for node in graph.nodes if isinstance(node, QConv)),
        accuracy=quality.accuracy,
        rows=config.rows,
        cols=config.cols,
        mac_units=config.mac_units,
        engine=config.to_dict(),
        latency_cycles=cycles.latency_cycles,
        interval_cycles=cycles.interval_cycles,
        utilisation=_percent(cycles.utilisation),
        frame=frame_times(cycles),
        layers=merge_parts(
            LayerReport(
                name=layer.name,
                operator=_describe_layer(layer, operators, graph),
                shape=layer.shape,
                macs=layer.macs,
                start=timing.start,
                cycles=timing.cycles,
                fence_wait=timing.fence_wait,
                drain_wait=timing.drain_wait,
                stream_wait=timing.stream_wait,
                array=array_use(layer, timing, program),
                utilisation=_percent(timing.utilisation),
                weight_bits=_weight_bits(operators[layer.name]),
                sqnr_db=_sqnr_db(quality, layer.tensor),
                own_sqnr_db=quality.own_noise.get(layer.tensor),
                reads=sources[layer.name],
                act_bits=graph.tensors[layer.tensor].q.bits,
                represented=_represented(graph.tensors[layer.tensor].q),
                seen=_seen(quality, layer.tensor),
                cut_off=_cut_off(quality, layer.tensor),
            )
            for layer, timing in zip(program.layers, cycles.layers, strict=True)
        ),
        memory_bits=program.machine.memory_bits(),
        tables=describe_tables(graph),
        fits=(describe_channels(whole, graph), *describe_fit(program)),
        verification=verification,
        files=files,
        costs=costs,
        reference=quality.reference,
        warnings=(*quality.warnings, *warnings),
        equalization=equalization,
        wide_weights=describe_wide_weights(graph, program),
        changed_roundings=quality.changed_roundings,
        finds_ranges=finds_ranges,
        plugins=tuple(sorted(plugins, key=str)),
        output_layers=output_sources(graph, layer_of),
        device=device,
        estimates=estimates,
        traffic=count_traffic(program),
        input_bytes=program.input_size,
        output_bytes=program.output_size,
        energy=estimate_energy(program),
    )


def _sqnr_db(quality: Quality, tensor: str) -> float | None:
    return quality.noise[tensor].sqnr_db if tensor in quality.noise else None


def _represented(q: Quantization) -> tuple[float, float]:
    return _figure(q.scale * (q.lo - q.zero_point)), _figure(q.scale * (q.hi - q.zero_point))


def _seen(quality: Quality, tensor: str) -> tuple[float, float] | None:
    seen = quality.noise[tensor].seen if tensor in quality.noise else None
    return None if seen is None else (_figure(seen[0]), _figure(seen[1]))


def _cut_off(quality: Quality, tensor: str) -> float | None:
    return _percent(quality.noise[tensor].cut_off) if tensor in quality.noise else None


def _figure(value: float) -> float:
    """As many digits as mean something: the same on every machine."""
    return float(f"{value:.5g}")


def _weight_bits(node: Node) -> int | None:
    return node.weight_bits if isinstance(node, QConv) else None


def _percent(share: float) -> float:
    return round(100 * share, 3)


def _describe_layer(layer: Layer, operators: Mapping[str, Node], graph: Graph) -> str:
    """A layer's operator, such as "conv 3x3 /2", and the addition that takes place when it is
    written."""
    node = operators[layer.name]
    operator = integer_operator(node).describe(node, graph)
    return f"{operator} + add" if layer.addition else operator


def _describe_port(graph: Graph, port: Port) -> str:
    """A line such as "image: 8x8x1, int8, scale 0.0627, zero point -128".

    Of an input by what the host does, such as "x: 1x1x2, int8, offset 99 to 101, scale 0.5, ...".
    """
    tensor = graph.tensors[port.tensor]
    dimensions = "x".join(str(n) for n in tensor.shape)
    rule = host_rule(port.host_preprocess, tensor.q)
    parts = [f"{port.onnx_name}: {dimensions}", tensor.q.dtype]
    parts += [f"{step.operator} {_range(step.operand)}" for step in rule.steps]
    if rule.offset.any():
        parts.append(f"offset {_range(rule.offset)}")
    parts += [f"scale {_range(rule.scale)}", f"zero point {rule.zero_point}"]
    return ", ".join(parts)


def _range(operand: np.ndarray) -> str:
    lo, hi = f"{operand.min():.4g}", f"{operand.max():.4g}"
    return lo if lo == hi else f"{lo} to {hi}"
