"""The trace reader."""

import numpy as np

TEXT = """\
r 0000000000 0000 0000 00000000
i 0000000004 0000 0000 04030201
w 0000000012 0001 0003 00ff80A1
o 000000001f 0000 0001 xx0Z0102
r 0000000020 0000 0000 00000000
"""


def test_fields(testbench, tmp_path):
    trace_file = testbench("trace_file")
    path = tmp_path / "trace.txt"
    path.write_text(TEXT)
    trace = trace_file.read_trace(path)
    assert bytes(trace.kind) == b"riwor"
    assert trace.cycle.tolist() == [0, 4, 18, 31, 32]
    assert trace.layer.tolist() == [0, 0, 1, 0, 0]
    assert trace.count.tolist() == [0, 0, 3, 1, 0]
    unknown = trace_file.UNKNOWN
    assert trace.data[1:4].tolist() == [
        [1, 2, 3, 4],
        [0xA1, 0x80, 0xFF, 0],
        [2, 1, unknown, unknown],
    ]


def test_segments_begin_behind_resets(testbench, tmp_path):
    path = tmp_path / "trace.txt"
    path.write_text(TEXT)
    segments = testbench("trace_file").read_trace(path).segments()
    assert [bytes(segment.kind) for segment in segments] == [b"iwo", b""]


def test_incomplete_last_line_is_ignored(testbench, tmp_path):
    path = tmp_path / "trace.txt"
    path.write_text(TEXT[:-5])
    assert bytes(testbench("trace_file").read_trace(path).kind) == b"riwo"


def test_empty_trace(testbench, tmp_path):
    path = tmp_path / "trace.txt"
    path.write_text("")
    trace = testbench("trace_file").read_trace(path)
    assert len(trace) == 0
    assert trace.segments() == []
    assert trace.data.dtype == np.int16
