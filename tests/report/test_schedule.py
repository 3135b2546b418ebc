"""What the cycles of a frame go to: shared out exactly, and drawn to scale."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from integer_graphs import IntegerBuilder
from random_networks import random_network

from nnhw.mapping import EngineConfig, map_graph, plan_graph, predict_cycles
from nnhw.report import ArrayUse, FrameTimes, LayerReport
from nnhw.report.bars import WIDTH
from nnhw.report.chart import layer_categories, schedule_chart
from nnhw.report.schedule import array_use, frame_times

FRAME = FrameTimes(
    load_cycles=100,
    next_load=0,
    next_fetch=1500,
    compute_cycles=1500,
    first_output=1550,
    last_output=1599,
)


def layer(name: str, start: int, cycles: int, fence: int = 0, drain: int = 0) -> LayerReport:
    """A layer whose fetches are half work, a quarter idle lanes and a quarter idle columns."""
    fetches = cycles - fence - drain
    return LayerReport(
        name=name,
        operator="conv 3x3",
        shape=(8, 8, 8),
        macs=32 * fetches,
        start=start,
        cycles=cycles,
        fence_wait=fence,
        drain_wait=drain,
        stream_wait=0,
        array=ArrayUse(
            macs=fetches / 2, others=0.0, idle_lanes=fetches / 4, idle_columns=fetches / 4
        ),
        utilisation=50.0 * fetches / cycles,
    )


LAYERS = (layer("a<1>", 0, 1200, fence=40), layer("b", 1200, 300, drain=60))


@pytest.mark.parametrize("seed", range(40))
def test_array_use_adds_up(seed):
    rng = np.random.default_rng(seed)
    _, graph = random_network(seed)
    config = EngineConfig(
        rows=int(rng.integers(1, 9)), cols=4, lanes=2, lane_groups=int(rng.integers(1, 5))
    )
    plan = plan_graph(graph, config)
    for mapped, timing in zip(plan.layers, predict_cycles(plan).layers, strict=True):
        use = array_use(mapped, timing, plan)
        parts = (use.macs, use.others, use.idle_lanes, use.idle_columns)
        assert min(parts) >= 0
        assert sum(parts) == pytest.approx(timing.fetches, abs=0.01)
        assert use.macs == pytest.approx(mapped.products / config.mac_units, abs=0.01)


def test_array_use_of_each_operation():
    """The figures are counted by hand; the array has 4 x 4 multipliers, or 2 x 4 lanes."""
    builder = IntegerBuilder((5, 5, 3), seed=1)
    x = builder.conv("x", 6, kernel=(3, 3))
    x = builder.depthwise(x, kernel=(2, 2))
    builder.dense(builder.add(x, x), 5)
    program = map_graph(
        builder.graph(builder.nodes[-1].output),
        EngineConfig(rows=4, cols=4, lanes=4, lane_groups=2),
    )
    timings = predict_cycles(program).layers
    uses = [array_use(*pair, program) for pair in zip(program.layers, timings, strict=True)]
    assert uses == [
        # 9 pixels x 2 tiles x 3 kernel rows of 9 products, in 3 fetches of 4; 6 of 8 columns
        ArrayUse(macs=91.125, others=0.0, idle_lanes=40.5, idle_columns=30.375),
        # 2 columns of pixels x 3 rolls x 2 taps with 6 of 8 lanes; the first roll and the last
        # one have one output row in the making, that between has two
        ArrayUse(macs=6.0, others=0.0, idle_lanes=3.0, idle_columns=3.0),
        # 2 operands x 24 elements in 8 lanes
        ArrayUse(macs=0.0, others=6.0, idle_lanes=0.0, idle_columns=0.0),
        # 2 tiles of 24 products in 4 lanes; 5 of 8 columns
        ArrayUse(macs=7.5, others=0.0, idle_lanes=0.0, idle_columns=4.5),
    ]


def test_frame_times():
    builder = IntegerBuilder((1, 1, 32), seed=2)
    builder.dense("x", 8)
    plan = plan_graph(
        builder.graph(builder.nodes[-1].output), EngineConfig(rows=4, cols=4, frame_buffers=2)
    )
    cycles = predict_cycles(plan)
    times = frame_times(cycles)
    assert times.load_cycles == 32 / 8
    assert times.next_load == 0  # there is a second buffer
    assert times.compute_cycles == times.next_fetch == 2 * 8
    assert times.first_output == times.last_output > times.compute_cycles  # one beat
    assert times.last_output + times.load_cycles == cycles.latency_cycles


RECT, TITLE = ("rect", "title")


def bars(svg: str) -> list[tuple[str, float, float]]:
    """Class, left end and width of each bar."""
    return [
        (bar.get("class"), float(bar.get("x")), float(bar.get("width")))
        for bar in ElementTree.fromstring(svg).iter(RECT)
    ]


def title(svg: str) -> str:
    return ElementTree.fromstring(svg).find(TITLE).text


def test_chart_is_to_scale():
    load, first, second, output = schedule_chart(FRAME, LAYERS).rows
    cycle = WIDTH / 1700
    assert [bar[0] for bar in bars(load.times)] == ["load", "load"]
    assert [bar[2] for bar in bars(load.times)] == pytest.approx([100 * cycle] * 2, abs=0.1)
    start = bars(load.times)[1][1]  # the next frame arrives from cycle 0 on
    times, shares = bars(first.times), bars(first.shares)
    names = ["fence", "macs", "idle-lanes", "idle-columns"]
    assert [bar[0] for bar in times] == [bar[0] for bar in shares] == names
    assert times[0][1] == pytest.approx(start)
    expected = [40, 580, 290, 290]
    assert [bar[2] for bar in times] == pytest.approx([n * cycle for n in expected], abs=0.1)
    assert [bar[2] / WIDTH for bar in shares] == pytest.approx(
        [n / 1200 for n in expected], abs=1e-3
    )
    assert bars(second.times)[0][:2] == ("macs", pytest.approx(start + 1200 * cycle, abs=0.1))
    assert bars(second.times)[-1][0] == "drain"
    assert sum(bar[2] for bar in bars(second.shares)) == pytest.approx(WIDTH, abs=0.5)
    assert [bar[0] for bar in bars(output.times)] == ["pipeline", "output"]
    assert bars(output.times)[1][1] == pytest.approx(start + 1550 * cycle, abs=0.1)
    assert (load.shares, output.shares) == (None, None)


def test_chart_says_what_it_shows():
    row = schedule_chart(FRAME, LAYERS).rows[1]
    assert (row.name, row.figure) == ("a<1>", "1,200 cycles, 48.3% used")
    assert title(row.times) == "a<1>: conv 3x3, cycles 0 to 1,200"
    assert title(row.shares).split("; ") == [
        "waiting for memory: 40 cycles, 3.3%",
        "multiply-accumulates: 580 cycles, 48.3%",
        "idle lanes: 290 cycles, 24.2%",
        "idle columns: 290 cycles, 24.2%",
    ]


def test_next_frame_is_marked():
    (mark,) = re.findall(r'class="next" d="M([\d.]+) ', schedule_chart(FRAME, LAYERS).rows[0].times)
    assert float(mark) == pytest.approx(WIDTH * 1600 / 1700, abs=0.1)


def test_legend_names_what_occurs_and_no_more():
    legend = schedule_chart(FRAME, LAYERS).legend
    assert legend["drain"] == "waiting for requantizers"
    assert not {"full", "others"} & set(legend)


@pytest.mark.parametrize("count", [1, 3, 24, 25, 80])
def test_chart_of_any_size_keeps_to_its_frame(count):
    layers = [layer(f"layer{i}", 18 * i, 18) for i in range(count)]
    frame = FrameTimes(
        load_cycles=3,
        next_load=18 * count,
        next_fetch=18 * count + 3,
        compute_cycles=18 * count,
        first_output=18 * count + 9,
        last_output=18 * count + 9,
    )
    chart = schedule_chart(frame, layers)
    for row in chart.rows:
        for _, left, width in bars(row.times):
            assert left >= 0
            assert width >= 0
            assert left + width <= WIDTH + 0.1
    assert len(chart.rows) == count + 2
    assert 1 <= len(chart.ticks) <= 5
    assert all(0 <= place <= 1 for _, place in chart.ticks)


def test_parts_that_are_none_are_left_out():
    assert set(layer_categories(LAYERS[0])) == {"fence", "macs", "idle-lanes", "idle-columns"}
