"""Maps the networks of MLPerf Tiny to arrays of 64 to 512 multipliers.

    python benchmarks/mlperf_tiny.py

The figures are those of the cycle model, which every simulated build has to equal; `pytest -m slow`
simulates these networks at 128 multipliers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from tables import MODELS, output_file, write_table

from nnhw.conversion import convert, read_samples
from nnhw.frontend import load_model
from nnhw.ir import Graph
from nnhw.mapping import choose_engine, map_graph, node_macs, predict_cycles
from nnhw.options import BuildOptions
from nnhw.trim import remove_constant_channels

NETWORKS = {
    "resnet8": "f32",
    "dscnn": "f32",
    "mobilenet_vww": "f32",
    "autoencoder": "f32",
    "sww": "int8",
    "ic02": "int8",
}
"""In float where there is such a file, else quantized with the numbers that the file brings."""
MACS = (64, 128, 256, 512)
COLUMNS = (
    *("network", ">MACs a frame", ">of these built", ">multipliers", "array", ">requantizers"),
    *(">latency", ">interval", ">frames/s at 100 MHz", ">utilisation"),
)


def network_macs(graph: Graph) -> int:
    """Multiply-accumulates of a frame by definition."""
    return sum(node_macs(node, graph) for node in graph.nodes)


def rows() -> Iterator[tuple[object, ...]]:
    """Map every network to arrays of every size."""
    options = BuildOptions()
    for name, kind in NETWORKS.items():
        network = load_model(MODELS / f"{name}_{kind}.onnx")
        data = MODELS / f"{name}_data.npz" if kind == "f32" else None
        samples = read_samples(data, network, options)
        whole = convert(network, samples, options).whole
        graph = remove_constant_channels(whole)
        is_smaller = network_macs(graph) < network_macs(whole)
        variants = {name: graph} | ({f"{name}, `--no-trim`": whole} if is_smaller else {})
        for (variant, built), macs in itertools.product(variants.items(), MACS):
            config = choose_engine(built, macs=macs)
            program = map_graph(built, config)
            cycles = predict_cycles(program)
            yield (
                variant,
                f"{network_macs(whole):,}",
                f"{program.macs:,}",
                macs,
                f"{config.rows} x {config.cols}",
                config.lanes,
                f"{cycles.latency_cycles:,}",
                f"{cycles.interval_cycles:,}",
                f"{100e6 / cycles.interval_cycles:,.0f}",
                f"{100 * cycles.utilisation:.1f}%",
            )


if __name__ == "__main__":
    write_table(
        output_file(__doc__.splitlines()[0], "mlperf_tiny.md"),
        "MLPerf Tiny networks, 8-bit weights and activations",
        COLUMNS,
        rows(),
        notes="Latency and interval are clock cycles of a frame, by the cycle model. The clock "
        "of 100 MHz is an illustration. Channels that no input can change are not built, but for "
        "`--no-trim`; utilisation counts what is built, padding included.",
    )
