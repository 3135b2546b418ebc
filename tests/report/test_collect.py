"""From a mapped network to its report: figures, names of operators, and how the engine fits."""

from itertools import islice

import numpy as np
import pytest
from random_graphs import Builder

from nnhw import golden
from nnhw.data import Dataset
from nnhw.mapping import EngineConfig, map_graph, predict_cycles
from nnhw.quantize import QuantizeOptions, quantize
from nnhw.reference import ask_reading
from nnhw.report import Accuracy, Noise, Quality, Source, collect_report, measure_accuracy
from nnhw.report.fit import describe_fit

SOURCE = Source(model="net.onnx", model_sha256="", data="net.npz", data_sha256="", options={})
ACCURACY = Accuracy(
    samples=1, held_out=False, float_top1=None, integer_top1=None, agreement=None, sqnr_db=None
)


def report_of(builder, output, *, config=None, weight_bits=8):
    graph = quantize(
        builder.graph(output), builder.data(20), QuantizeOptions(weight_bits=weight_bits)
    )
    program = map_graph(graph, config or EngineConfig(rows=8, cols=4))
    cycles = predict_cycles(program)
    return cycles, collect_report(
        source=SOURCE,
        graph=graph,
        whole=graph,
        program=program,
        cycles=cycles,
        quality=Quality(
            accuracy=ACCURACY,
            noise={"t0": Noise(sqnr_db=31.5, cut_off=0.0)},
            own_noise={"t0": 33.0},
        ),
        verification=None,
        files=("manifest.json",),
    )


@pytest.fixture(scope="module")
def varied():
    """A network with one operator of each kind."""
    builder = Builder((8, 8, 3))
    x = builder.conv("x", 8, kernel=(3, 3), pads=(1, 1, 1, 1))
    x = builder.conv(x, 8, groups=8, kernel=(3, 3), stride=(2, 2), pads=(1, 1, 1, 1))
    x = builder.add(x, builder.conv(x, 8, kernel=(1, 1)))
    x = builder.max_pool(x, kernel=(2, 2), stride=(2, 1))
    x = builder.average_pool(x, kernel=(2, 3), stride=(2, 3))
    return report_of(builder, builder.dense(x, 5))


@pytest.fixture(scope="module")
def dense():
    """A network of matrix products with 4-bit weights."""
    builder = Builder((1, 1, 16))
    return report_of(builder, builder.dense(builder.dense("x", 8), 4), weight_bits=4)


def test_operators(varied):
    _, report = varied
    assert [layer.operator for layer in report.layers] == [
        "conv 3x3",
        "depthwise 3x3 /2",
        "conv 1x1",
        "add",
        "max pool 2x2 /2x1",
        "average pool 2x3",
        "dense",
    ]


def test_figures(varied):
    cycles, report = varied
    macs = 64 * 27 * 8 + 16 * 9 * 8 + 16 * 64 + 8 * 5
    assert report.macs == sum(layer.macs for layer in report.layers) == macs
    assert report.weights == 27 * 8 + 9 * 8 + 64 + 8 * 5
    assert report.latency_cycles == cycles.latency_cycles
    assert report.utilisation == pytest.approx(100 * macs / (report.interval_cycles * 32), abs=1e-3)
    layers = iter(cycles.layers)
    for layer in report.layers:
        timings = list(islice(layers, layer.parts))
        assert {timing.name for timing in timings} == {layer.name}
        assert layer.start == timings[0].start
        assert layer.cycles == sum(timing.cycles for timing in timings)
        assert layer.wait == layer.cycles - sum(timing.fetches for timing in timings)
        assert layer.utilisation == pytest.approx(100 * layer.macs / (layer.cycles * 32), abs=1e-3)


def test_noise_and_bits_by_layer(varied, dense):
    _, report = varied
    assert [layer.sqnr_db for layer in report.layers] == [31.5, *[None] * 6]
    assert [layer.own_sqnr_db for layer in report.layers] == [33.0, *[None] * 6]
    assert [layer.weight_bits for layer in report.layers] == [8, 8, 8, None, None, None, 8]
    assert [layer.weight_bits for layer in dense[1].layers] == [4, 4]


def test_engine(dense):
    _, report = dense
    assert report.engine == EngineConfig(rows=8, cols=4).to_dict()


def test_port(dense):
    _, report = dense
    assert report.inputs[0].startswith("input: 1x1x16, int8, scale ")
    assert report.outputs[0].startswith("output0: 1x1x4, int8, scale ")


def fit(report, name):
    (entry,) = [entry for entry in report.fits if entry.name == name]
    return entry.kept, entry.left_out, entry.saved


def test_fit_of_all_operators(varied):
    _, report = varied
    for operation in ("lane sums", "lane maximum", "pairs of operands"):
        assert fit(report, operation) == ("yes", "none", "")
    assert fit(report, "padding mask") == ("by position", "none", "")
    assert fit(report, "weights") == ("8 bits", "none", "")
    assert fit(report, "requantizer multipliers")[1] == "none"


def test_fit_of_matrix_products(dense):
    _, report = dense
    assert fit(report, "lane sums") == ("none", "no layer needs them", "")
    assert fit(report, "lane maximum") == ("none", "no layer needs one", "")
    assert fit(report, "pairs of operands") == ("none", "no layer reads two", "")
    assert fit(report, "padding mask") == ("none", "no layer pads", "64 two-input multiplexers")
    # Vectors of 16 and 8 bytes are read in steps of the 8 rows, which is the number of banks.
    assert fit(report, "read rotator") == ("none", "all", "192 two-input multiplexers")
    # Two tiles of four columns in the first layer, one in the second; two chunks of eight rows in
    # the first, one in the second.
    assert fit(report, "loop counters, bits") == (
        "tiles 1, chunks 1",
        "out_rows, out_cols, rolls, taps_y, taps_x",
        "",
    )
    # 2 x 2 + 1 words of 8 x 4 weights.
    assert fit(report, "weights") == ("4 bits", "4 of 8 bits", "640 bits of memory")


def accuracy_of(graph, integer, evaluation):
    return measure_accuracy(ask_reading(graph, evaluation.x).outputs, integer, evaluation)


def test_accuracy_with_labels():
    builder = Builder((2, 2, 3))
    graph = builder.graph(builder.conv("x", 4, kernel=(2, 2)))
    x = builder.data(50)
    integer = quantize(graph, x, QuantizeOptions())
    accuracy = accuracy_of(graph, integer, Dataset(x=x, y=np.zeros(50, int), held_out=True))
    assert (accuracy.samples, accuracy.held_out) == (50, True)
    # The network is random: the labels are no better than chance, but both networks agree on them.
    assert 0 < accuracy.float_top1 < 100
    assert accuracy.integer_top1 == pytest.approx(accuracy.float_top1, abs=10)
    assert 90 <= accuracy.agreement <= 100
    assert 30 < accuracy.sqnr_db < 60
    assert accuracy.lost - accuracy.gained == round(
        (accuracy.float_top1 - accuracy.integer_top1) / 100 * 50
    )
    # Labels of one class: a guess is right once in as many times as there are classes.
    assert accuracy.chance_top1 == 25


def test_accuracy_by_chance():
    builder = Builder((1, 1, 3))
    graph = builder.graph(builder.dense("x", 2))
    x = builder.data(8)
    labels = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    integer = quantize(graph, x, QuantizeOptions())
    exact = {"y": np.array([[1.0, 0.0]] * 4 + [[0.0, 1.0]] * 4)}  # half of them
    (port,) = integer.outputs
    accuracy = measure_accuracy({port.onnx_name: exact["y"]}, integer, Dataset(x=x, y=labels))
    assert accuracy.float_top1 == 75
    assert accuracy.chance_top1 == 100 * (0.75 * 0.5 + 0.25 * 0.5)


def test_what_is_the_same_for_all_samples_is_no_signal():
    builder = Builder((1, 1, 3))
    graph = builder.graph(builder.dense("x", 2))
    x = builder.data(50)
    integer = quantize(graph, x, QuantizeOptions())
    exact = ask_reading(graph, x).outputs
    found = golden.run(integer, golden.quantize_inputs(integer, x))
    (port,) = integer.outputs
    real = golden.dequantize(found[port.tensor], integer.tensors[port.tensor].q).reshape(50, 2)
    (y,) = exact.values()
    expected = 10 * np.log10(np.var(y, axis=0).mean() / np.square(y - real).mean())
    assert measure_accuracy(exact, integer, Dataset(x=x)).sqnr_db == pytest.approx(
        expected, abs=0.01
    )


def test_accuracy_of_a_map():
    """The largest of all pixels' channels is no answer."""
    builder = Builder((1, 2, 2))
    graph = builder.graph(builder.conv("x", 3, kernel=(1, 1)))
    x = builder.data(10)
    integer = quantize(graph, x, QuantizeOptions())
    accuracy = accuracy_of(graph, integer, Dataset(x=x, y=np.zeros(10, int)))
    assert accuracy.float_top1 is accuracy.integer_top1 is accuracy.agreement is None
    assert accuracy.remark == "not used: the outputs are no class scores"
    assert accuracy.sqnr_db > 20


def test_accuracy_of_a_reconstruction():
    builder = Builder((1, 1, 4))
    graph = builder.graph(builder.dense("x", 4))
    x = builder.data(10)
    integer = quantize(graph, x, QuantizeOptions())
    accuracy = accuracy_of(graph, integer, Dataset(x=x))
    assert accuracy.agreement is None
    assert accuracy.remark == ""  # there are no labels to ignore


def test_accuracy_of_one_output():
    builder = Builder((1, 1, 4))
    graph = builder.graph(builder.dense("x", 1))
    x = builder.data(10)
    accuracy = accuracy_of(graph, quantize(graph, x, QuantizeOptions()), Dataset(x=x))
    assert accuracy.agreement is None
    assert accuracy.float_top1 is None
    assert accuracy.sqnr_db > 20


def test_fit_of_shifts_alone():
    builder = Builder((4, 4, 3))
    graph = builder.graph(builder.conv("x", 4))
    options = QuantizeOptions(power_of_two=True)
    program = map_graph(quantize(graph, builder.data(20), options), EngineConfig(rows=4, cols=4))
    (entry,) = [e for e in describe_fit(program) if e.name == "requantizer multipliers"]
    assert (entry.kept, entry.left_out) == ("none", "all factors are powers of two")
