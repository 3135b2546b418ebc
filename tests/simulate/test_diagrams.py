"""Excerpts of simulations for timing diagrams."""

from __future__ import annotations

from standin import write_standin

from nnhw.simulate import TimingDiagram, run_regression


def check(diagram: TimingDiagram) -> None:
    cycles = range(len(diagram.valid))
    assert len(diagram.ready) == len(diagram.last) == len(diagram.data) == len(cycles)
    for cycle in cycles:
        assert (diagram.data[cycle] != "") == (diagram.valid[cycle] == "1")
        if cycle and diagram.valid[cycle - 1] == "1" and diagram.ready[cycle - 1] == "0":
            # a beat that was not taken stays
            assert diagram.valid[cycle] == "1"
            assert diagram.data[cycle] == diagram.data[cycle - 1]


def test_diagrams_show_what_the_streams_did(tmp_path):
    result = run_regression(write_standin(tmp_path / "standin"))
    assert result.passed
    shown = {diagram.what: diagram for diagram in result.diagrams}
    assert {"a frame begins", "the result begins", "the sink waits"} <= set(shown)
    for diagram in result.diagrams:
        check(diagram)
    begin = shown["a frame begins"]
    assert begin.stream == "s_axis"
    zero = -begin.start
    assert begin.valid[zero] == begin.ready[zero] == "1"
    assert not any(
        v == r == "1" for v, r in zip(begin.valid[:zero], begin.ready[:zero], strict=True)
    )
    waits = shown["the sink waits"]
    assert ("1", "0") in zip(waits.valid, waits.ready, strict=True)
    # the output's last beat is where the latency says
    ends = [
        diagram.start + diagram.last.index("1")
        for what, diagram in shown.items()
        if what.startswith("the result") and "1" in diagram.last
    ]
    assert set(ends) == {result.latency_cycles}
