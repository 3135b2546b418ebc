"""The plan of a run."""

from types import SimpleNamespace

import pytest


@pytest.mark.parametrize(
    ("count", "chosen"),
    [(None, (0, 3, 5, 1, 4, 2)), (1, (0,)), (4, (0, 3, 5, 1)), (9, (0, 3, 5, 1, 4, 2))],
)
def test_frames_come_from_each_kind_in_turn(testbench, count, chosen):
    vectors = SimpleNamespace(kinds=("real", "real", "real", "minimum", "minimum", "random"))
    assert testbench("plan").choose_frames(vectors, count) == chosen


@pytest.mark.parametrize("beats", [1, 7])
def test_resets_come_while_a_frame_is_sent_and_later(testbench, beats):
    design = SimpleNamespace(input=SimpleNamespace(beats=beats), latency_cycles=50)
    plan = testbench("plan")
    for seed in range(20):
        segments = plan.make_plan(design, (4, 5), seed)
        early, late = (s.reset_after for s in segments if s.reset_after is not None)
        assert 1 <= early <= beats < late <= 50
        assert segments == plan.make_plan(design, (4, 5), seed)
