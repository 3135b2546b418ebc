"""The segments of a run."""

from types import SimpleNamespace

import pytest


@pytest.mark.parametrize(
    ("count", "chosen"),
    [(None, (0, 3, 5, 1, 4, 2)), (1, (0,)), (4, (0, 3, 5, 1)), (9, (0, 3, 5, 1, 4, 2))],
)
def test_frames_come_from_each_kind_in_turn(testbench, count, chosen):
    vectors = SimpleNamespace(kinds=("real", "real", "real", "minimum", "minimum", "random"))
    assert testbench("segments").choose_frames(vectors, count) == chosen


@pytest.mark.parametrize("beats", [1, 7])
def test_resets_come_while_a_frame_is_sent_and_later(testbench, beats):
    design = SimpleNamespace(input=SimpleNamespace(beats=beats), latency_cycles=50)
    module = testbench("segments")
    for seed in range(20):
        segments = module.make_segments(design, (4, 5), seed)
        early, late = (s.reset_after for s in segments if s.reset_after is not None)
        assert 1 <= early <= beats < late <= 50
        assert segments == module.make_segments(design, (4, 5), seed)


def design_of(latency_cycles=50, beats=7):
    return SimpleNamespace(input=SimpleNamespace(beats=beats), latency_cycles=latency_cycles)


@pytest.mark.parametrize(
    ("count", "pieces"), [(1, [1]), (3, [3]), (7, [7]), (8, [4, 4]), (13, [4, 4, 5])]
)
def test_frames_with_pauses_follow_each_other_in_pieces(testbench, count, pieces):
    frames = tuple(range(10, 10 + count))
    segments = testbench("segments").make_segments(design_of(), frames, 0)
    stalled = [segment.frames for segment in segments if segment.test == "stalls"]
    assert [len(piece) for piece in stalled] == pieces
    assert sum(stalled, ()) == frames


@pytest.mark.parametrize("processes", [1, 2, 3, 50])
def test_every_segment_is_run_by_one_process(testbench, processes):
    module = testbench("segments")
    segments = module.make_segments(design_of(), tuple(range(20)), 0)
    shares = module.share_out(segments, processes)
    assert len(shares) == min(processes, 9)  # latency, interval, five pieces of stalls, two resets
    assert sorted(number for share in shares for number in share) == list(range(len(segments)))
    assert all(list(share) == sorted(share) for share in shares)
    if processes <= 3:
        work = [module._work(segments, share) for share in shares]
        assert max(work) - min(work) <= 3 * 4  # a piece of stalls


@pytest.mark.parametrize("processes", [1, 2, 3, 50])
def test_a_frame_follows_the_reset_that_must_not_affect_it(testbench, processes):
    module = testbench("segments")
    segments = module.make_segments(design_of(), tuple(range(8)), 0)
    shares = module.share_out(segments, processes)
    for number, segment in enumerate(segments):
        if segment.reset_after is not None:
            (share,) = [share for share in shares if number in share]
            assert share[share.index(number) + 1] == number + 1


def test_processes_pay_where_there_are_cores_and_work(testbench, monkeypatch):
    processes, tools = testbench("processes"), testbench("tools")
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(4)))
    segments = testbench("segments").make_segments(design_of(), tuple(range(11)), 0)
    verilator, icarus = (tools.Simulator(name, "1") for name in ("verilator", "icarus"))

    def count(simulator, interval_cycles):
        design = SimpleNamespace(interval_cycles=interval_cycles)
        return processes.worthwhile_processes(simulator, design, segments)

    assert count(verilator, 100) == 1
    assert count(verilator, 25_000) == 2  # 18 frames
    assert count(verilator, 1_000_000) == 4
    assert count(icarus, 100) == 1
    assert count(icarus, 1_000) == 4
