"""Which layers wait for the ones before them, and how."""

from __future__ import annotations

import pytest
from engine_simulation import run_engine
from integer_graphs import IntegerBuilder
from interpreter import check_program

from nnhw import golden
from nnhw.ir import Graph
from nnhw.machine import residual_turnaround
from nnhw.mapping import EngineConfig, plan_graph
from nnhw.mapping.hazards import cycles_to_memory


def test_every_layer_waits_for_what_it_reads_and_no_other():
    builder = IntegerBuilder((2, 2, 4), seed=1)
    a = builder.conv("x", 4)
    b = builder.conv("x", 4)
    c = builder.conv(a, 4)
    d = builder.conv(b, 4)
    graph = builder.graph(builder.dense(builder.multiply(c, d), 2))
    program = check_program(graph, builder.frames(2), EngineConfig(rows=4, cols=4))
    #                                            a  b  c  d multiply dense
    assert [i.fence for i in program.fetch] == [0, 0, 1, 0, 1, 0]
    assert [i.chase for i in program.fetch] == [0, 0, 0, 0, 0, 1]
    assert [i.frees_frame for i in program.fetch] == [0, 1, 0, 0, 0, 0]
    assert [i.to_stream for i in program.fetch] == [0, 0, 0, 0, 0, 1]


def test_lanes_do_not_overtake_dot_products():
    builder = IntegerBuilder((3, 3, 4), seed=1)
    a = builder.conv("x", 4)
    b = builder.max_pool("x", kernel=(1, 1))
    graph = builder.graph(builder.dense(builder.multiply(b, a), 2))
    program = check_program(graph, builder.frames(2), EngineConfig(rows=4, cols=4))
    assert [i.fence for i in program.fetch] == [0, 1, 1, 0]


@pytest.mark.parametrize(("taps", "fences"), [(1, [0, 1]), (3, [0, 0])])
def test_a_long_first_tile_overtakes_nothing(taps, fences):
    """A tree of one register, and four drain cycles, are ahead of nine fetches, but not of one."""
    builder = IntegerBuilder((9, 9, 4), seed=1)
    x = builder.max_pool(builder.conv("x", 4), kernel=(taps, taps))
    program = check_program(builder.graph(x), builder.frames(2), EngineConfig(rows=4, cols=4))
    assert [i.fence for i in program.fetch] == fences


@pytest.mark.parametrize(("height", "fences"), [(3, [0, 1]), (20, [0, 0])])
def test_does_not_wait_for_what_is_written_last_and_read_late(height, fences):
    """The first fetches read the first rows, of which none is on its way in a high image."""
    builder = IntegerBuilder((height, 4, 4), seed=1)
    x = builder.conv(builder.conv("x", 4), 4, kernel=(3, 3))
    program = check_program(builder.graph(x), builder.frames(2), EngineConfig(rows=4, cols=4))
    assert [i.fence for i in program.fetch] == fences


@pytest.mark.parametrize(("spare", "fence"), [(0, 1), (1, 0)])
def test_a_cycle_makes_the_difference(spare, fence):
    """Both layers take a pixel a cycle, one step each."""
    config = EngineConfig(rows=4, cols=4, lanes=4)

    def network(width: int) -> tuple[IntegerBuilder, Graph]:
        builder = IntegerBuilder((1, width, 4), seed=1)
        return builder, builder.graph(builder.conv(builder.conv("x", 4), 4))

    plan = plan_graph(network(30)[1], config)
    settling = plan.timing.result_latency(dense=plan.layers[0].is_dense) + plan.timing.memory_delay
    builder, graph = network(settling - 1 + spare)
    program = check_program(graph, builder.frames(3), config)
    assert [i.fence for i in program.fetch] == [0, fence]
    frames = builder.frames(3)
    run = run_engine(program, frames)
    (expected,) = golden.run(graph, frames).values()
    assert (run.frames == expected.reshape(3, -1)).all()


@pytest.mark.parametrize(("spare", "fence"), [(-1, 1), (0, 0)])
def test_a_step_makes_the_difference_to_what_is_added(spare, fence):
    """Both layers take a pixel a cycle, one step each, and the second adds the first one's."""
    config = EngineConfig(rows=4, cols=4, lanes=4)
    builder = IntegerBuilder(
        (1, residual_turnaround(stages=config.scale_stages) + spare, 4), seed=1
    )
    graph = builder.graph(builder.add(builder.conv("x", 4), builder.conv("x", 4)))
    program = check_program(graph, builder.frames(2), config)
    assert [i.add for i in program.residual] == [0, 1]
    assert [i.fence for i in program.fetch] == [0, fence]


@pytest.mark.parametrize(("outputs", "fences"), [(2, [0, 0, 1]), (64, [0, 0, 0])])
def test_waits_for_what_a_layer_before_the_last_one_has_on_its_way(outputs, fences):
    """The layer between takes 4 fetches or 64."""
    builder = IntegerBuilder((2, 2, 4), seed=1)
    x, between = builder.conv("x", 4), builder.dense("x", outputs)
    graph = builder.graph(between, builder.conv(x, 4, kernel=(2, 1)))
    program = check_program(graph, builder.frames(2), EngineConfig(rows=4, cols=4, lanes=4))
    assert [i.fence for i in program.fetch] == fences


@pytest.mark.parametrize(
    ("window", "chases"),
    [
        ({"kernel": (2, 3)}, True),  # all of the tensor, in one run
        ({"kernel": (2, 3), "pads": (0, 1, 0, 1)}, False),
        ({"kernel": (1, 3)}, False),  # two pixels: the second tile begins in the middle
        ({"kernel": (2, 2)}, False),
    ],
)
def test_layer_chases_the_one_before_if_it_reads_in_the_order_of_writing(window, chases):
    builder = IntegerBuilder((2, 3, 4), seed=1)
    graph = builder.graph(builder.conv(builder.conv("x", 4), 2, **window))
    program = check_program(graph, builder.frames(2), EngineConfig(rows=4, cols=4))
    assert (program.fetch[1].chase, program.fetch[1].fence) == (chases, not chases)
    assert program.limits.chased_bytes == (24 if chases else 0)


@pytest.mark.parametrize(("rows", "chases"), [(1, True), (2, False)])
def test_does_not_chase_what_is_not_written_in_order(rows, chases):
    builder = IntegerBuilder((2, 3, 4), seed=1)
    x = builder.depthwise("x", kernel=(3 - rows, 1))  # the pixels of a column are a strip
    program = check_program(
        builder.graph(builder.dense(x, 2)), builder.frames(1), EngineConfig(rows=4, cols=4)
    )
    assert (program.fetch[1].chase, program.fetch[1].fence) == (chases, not chases)


@pytest.mark.parametrize("width", range(2, 12))
def test_does_not_wait_for_what_is_there_in_time(width):
    """The wider the image, the longer ago its first pixels were written."""
    builder = IntegerBuilder((2, width, 4), seed=1)
    x = builder.conv(builder.conv("x", 4), 4)
    program = check_program(
        builder.graph(builder.dense(x, 2)), builder.frames(2), EngineConfig(rows=4, cols=4)
    )
    distance = 2 * width  # fetches, one a pixel
    assert program.fetch[1].fence == (distance < cycles_to_memory(program, program.layers[0]))


def test_waits_for_a_layer_before_the_last_one():
    builder = IntegerBuilder((2, 2, 4), seed=1)
    a = builder.conv("x", 4)
    b = builder.conv("x", 4)
    graph = builder.graph(builder.dense(builder.multiply(b, builder.conv(a, 4)), 2))
    program = check_program(graph, builder.frames(2), EngineConfig(rows=4, cols=4))
    assert [i.fence for i in program.fetch] == [0, 0, 1, 1, 0]


def test_strips_that_end_with_the_first_bytes_read_are_waited_for():
    """Rows of the last strip are the last ones written, though the first ones read."""
    builder = IntegerBuilder((4, 2, 4), seed=1)
    x = builder.depthwise("x", kernel=(2, 1))
    graph = builder.graph(builder.dense(builder.conv(x, 4), 2))
    program = check_program(graph, builder.frames(2), EngineConfig(rows=4, cols=4))
    assert program.fetch[1].fence
