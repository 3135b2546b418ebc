"""Running Yosys, and counting what it made."""

import importlib.util
import json
import signal
import subprocess
import sys
import time

import pytest

from nnhw.errors import ToolError
from nnhw.synth import cell_counts, quote, run_yosys

COUNTER = """
module counter (input clk, output reg [7:0] n);
  always @(posedge clk) n <= n + 1;
endmodule
"""


@pytest.fixture
def counter(tmp_path):
    """A Verilog file in a folder whose name has a space."""
    folder = tmp_path / "with space"
    folder.mkdir()
    (folder / "counter.v").write_text(COUNTER)
    return folder / "counter.v"


def test_runs_commands_and_keeps_script_and_log(counter, tmp_path):
    pytest.importorskip("pyosys")
    log = tmp_path / "logs" / "run.log"
    run_yosys(
        [
            f"read_verilog {quote(counter)}",
            "synth_ice40 -top counter",
            "tee -q -o statistics.json stat -json",
            "write_json netlist.json",
        ],
        log=log,
        cwd=tmp_path,
    )
    assert "synth_ice40" in log.read_text()
    assert log.with_suffix(".ys").read_text().splitlines()[1] == "synth_ice40 -top counter"
    counts = cell_counts(json.loads((tmp_path / "statistics.json").read_text()))
    assert counts["SB_DFF"] == 8
    assert counts == cell_counts(json.loads((tmp_path / "netlist.json").read_text()))


def test_failure_gives_yosys_error_and_log(tmp_path):
    pytest.importorskip("pyosys")
    log = tmp_path / "run.log"
    with pytest.raises(ToolError, match=r"(?s)File `missing\.v' not found.*run\.log"):
        run_yosys(["read_verilog missing.v"], log=log)


def test_missing_package_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ToolError, match=r"nnhw\[synth\]"):
        run_yosys(["stat"], log=tmp_path / "run.log")


def test_interrupt_ends_the_child(tmp_path):
    pytest.importorskip("pyosys")
    pid_file = tmp_path / "pid"
    # a job in the background of a shell is started with interrupts ignored
    script = f"""
import signal
import sys
from pathlib import Path
from nnhw.synth.child import Run, run_logged
signal.signal(signal.SIGINT, signal.default_int_handler)
child = "import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
run_logged(Run(command=[sys.executable, "-c", child], log=Path({str(tmp_path / "log")!r})))
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    while not (pid_file.is_file() and pid_file.read_text()):
        assert parent.poll() is None
        time.sleep(0.05)
    parent.send_signal(signal.SIGINT)
    parent.wait(20)
    state = subprocess.run(["ps", "-p", pid_file.read_text(), "-o", "stat="], capture_output=True)
    assert not state.stdout.strip() or state.stdout.strip().startswith(b"Z")


def test_counts_of_something_else_are_refused():
    with pytest.raises(ToolError, match="flat netlist"):
        cell_counts({"modules": {"a": {"cells": {}}, "b": {"cells": {}}}})
