"""What a user sees: output, messages and exit codes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import typer
from exported_folder import write_folder

import nnhw
import nnhw.cli
import nnhw.conversion
import nnhw.simulate
from nnhw.cli import main
from nnhw.simulate import SimulationResult

EXAMPLES = Path(__file__).parents[1] / "examples"
MODEL = str(EXAMPLES / "digits_mlp.onnx")
LARGER = str(EXAMPLES / "digits_resnet.onnx")
DATA = str(EXAMPLES / "digits.npz")

SMALL = ("build", MODEL, "--data", DATA, "--macs", "16", "--vectors", "1", "--no-sim")
"""The quickest build there is."""


@pytest.fixture
def cli(monkeypatch, capsys, tmp_path):
    """Runs a command line in an empty folder and returns (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["nnhw", *arguments])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    """A design that was not simulated."""
    out = tmp_path_factory.mktemp("designs") / "mlp"
    nnhw.build(MODEL, data=DATA, out=out, macs=16, vectors=1, sim=False)
    return out


def test_version(cli):
    assert cli("--version") == (0, f"nnhw {nnhw.__version__}\n", "")


def test_module():
    done = subprocess.run(
        [sys.executable, "-m", "nnhw", "--version"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, f"nnhw {nnhw.__version__}\n")


def test_help_lists_the_commands(cli):
    code, out, _ = cli("--help")
    assert code == 0
    for command in ("build", "sim", "run", "inspect"):
        assert re.search(rf"\b{command} +\w", out)


COMMANDS = (
    "build",
    "compile",
    "disasm",
    "tune",
    "explore",
    "sweep",
    "sim",
    "run",
    "inspect",
    "diff",
    "synth",
    "plugins",
)


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)], ids=" ".join)
def test_help_has_a_line_for_each_option(cli, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = cli(*command, "--help")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert "…" not in out
    options = [line for line in out.splitlines() if line.startswith("  --")]
    assert all(re.fullmatch(r"  --\S+( \S+)? +\S.*", line) for line in options)
    names = [re.match(r"  --(?:\[no-\])?([\w-]+)", line)[1] for line in options]
    parameters = typer.main.get_command(nnhw.cli.app)
    for name in command:
        parameters = parameters.commands[name]
    wanted = [p.opts[0][2:] for p in parameters.params if p.param_type_name == "option"]
    assert sorted(names) == sorted([*wanted, "help"])


def test_every_command_has_json(cli):
    for command in COMMANDS:
        assert "  --json " in cli(command, "--help")[1]


def test_completion(cli, monkeypatch):
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    code, out, _ = cli("--show-completion", "bash")
    assert code == 0
    assert "_NNHW_COMPLETE=complete_bash" in out


def test_build(cli):
    code, out, err = cli(*SMALL)
    assert (code, err) == (0, "")
    assert "multipliers (" in out
    assert "not simulated" in out
    assert "next    nnhw sim rtl_out/digits_mlp\n" in out
    assert "report  rtl_out/digits_mlp/report.html" in out
    assert Path("rtl_out/digits_mlp/rtl/digits_mlp.v").is_file()


def test_build_says_all_if_asked_for(cli):
    code, out, err = cli(*SMALL, "--verbose")
    assert (code, err) == (0, "")
    assert "✓ Export Verilog" in out
    assert "16 MACs a cycle" in out
    assert "/body/body.3/Gemm" in out
    assert "The design is in rtl_out/digits_mlp" in out


def test_poor_build_fits_a_screen(cli, monkeypatch):
    """What matters first, warnings included, in 25 lines of 80 characters."""
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = cli(*SMALL, "--act-bits", "4", "--weight-bits", "2")
    assert code == 0
    assert "WARNING" in err
    lines = (out + err).splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 80


def test_layers_are_taken_by_the_names_that_are_shown(cli):
    _, out, _ = cli(*SMALL, "--verbose")
    shown = re.findall(r"^(/\S+)", out, re.MULTILINE)
    assert len(shown) == 3
    bits = [word for name in shown for word in ("--bits", f"{name}=6")]
    assert cli(*SMALL, "--force", *bits)[0] == 0
    report = json.loads(Path("rtl_out/digits_mlp/report.json").read_text())
    assert [layer["weight_bits"] for layer in report["layers"]] == [6, 6, 6]


def test_build_options_arrive(cli):
    code, _, _ = cli(
        *("build", MODEL, "--data", DATA, "--out", "here", "--rows", "8", "--cols", "4"),
        *("--weight-bits", "4", "--act-bits", "6", "--vectors", "1", "--seed", "5", "--no-sim"),
    )
    report = json.loads(Path("here/report.json").read_text())
    assert code == 0
    assert (report["rows"], report["cols"]) == (8, 4)
    options = report["source"]["options"]
    assert (options["weight_bits"], options["act_bits"], options["seed"]) == (4, 6, 5)


def test_build_from_a_file_and_the_command_line_wins(cli):
    Path("build.toml").write_text(
        "macs = 16\nvectors = 1\nsim = false\nact_bits = 6\nseed = 3\n"
        '[bits]\n"/body/body.1/Gemm" = 3\n"/body/body.3/Gemm" = 3\n'
    )
    code, _, err = cli(
        *("build", MODEL, "--data", DATA, "--config", "build.toml", "--seed", "0"),
        *(
            "--bits",
            "/body/body.3/Gemm=5",
            "--calibration",
            "entropy",
            "--rows",
            "2",
            "--cols",
            "4",
        ),
        *("--power-of-two", "--equalize", "on", "--no-trim"),
        *("--technology", "ecp5", "--weights", "files"),
        *("--max-memory", "3G"),
    )
    assert code == 0
    assert "This is what 3 bits cost" in err
    report = json.loads(Path("rtl_out/digits_mlp/report.json").read_text())
    assert report["source"]["options"] == {
        "input_shape": {}, "rows": 2, "cols": 4, "macs": None, "requantizers": None,
        "lane_groups": None, "weight_bits": 8, "act_bits": 6,
        "bits": {"/body/body.1/Gemm": 3, "/body/body.3/Gemm": 5}, "calibration": "entropy",
        "fps": None, "latency_us": None, "clock_mhz": 100.0,
        "power_of_two": True, "equalize": "on", "trim": False, "weights": "files",
        "target": None, "technology": "ecp5",
        "vectors": 1, "strict": False, "sim": False, "costs": False, "frame_check": False,
        "stream_bytes": None, "keep": False, "tag_bits": 0, "clocks": "one", "reset": "active-high",
        "bus": None, "bus_errors": False, "io": "stream", "idle": False, "protect": "none",
        "banks": 1, "memory_data_bits": 32, "memory_address_bits": 32, "memory_cache": 3,
        "memory_prot": 0,
        "simulator": "verilator",
        "seed": 0, "max_memory": "3G", "quantizer": "standard", "plugins": [],
        "init": "contents", "programmable": False, "scale_bits": None,
        "slice_weights": "auto",
    }  # fmt: skip
    assert [layer["weight_bits"] for layer in report["layers"]] == [3, 5, 8]
    assert all(layer["sqnr_db"] > 5 for layer in report["layers"])
    assert (report["engine"]["rows"], report["engine"]["cols"]) == (2, 4)


def test_build_quiet(cli):
    assert cli(*SMALL, "--quiet") == (
        0,
        "",
        "",
    )


def test_build_json(cli):
    code, out, _ = cli(*SMALL, "--json")
    assert code == 0
    assert out == Path("rtl_out/digits_mlp/report.json").read_text()
    assert json.loads(out)["name"] == "digits_mlp"


@pytest.mark.parametrize(
    ("stop", "kinds"), [("trim", []), ("measure", ["narrow"])], ids=["trim", "measure"]
)
def test_stopped_build_json(cli, stop, kinds):
    code, out, err = cli(
        *SMALL, "--json", "--weight-bits", "2", "--stop", stop, "--save-steps", "saved"
    )
    assert code == 0
    result = json.loads(out)
    assert [warning["kind"] for warning in result.pop("warnings")] == kinds
    steps = result.pop("steps")
    assert steps[:3] == ["read-model", "read-data", "run-model-file"]
    assert steps[-1] == stop
    assert result == {"folder": None, "save_steps": "saved"}
    assert Path("saved", "trim.graph.npz").is_file()
    assert ("WARNING" in err) == bool(kinds)


def test_run(cli, design):
    code, out, _ = cli("run", str(design), "--data", DATA, "--out", "y.npz")
    assert code == 0
    assert re.fullmatch(r"797 samples\ntop-1 accuracy 9\d\.\d\d%\noutputs written to y\.npz\n", out)
    assert np.load("y.npz")["y"].shape == (797, 10)


def test_run_json(cli, design):
    code, out, _ = cli("run", str(design), "--data", DATA, "--out", "y.npz", "--json")
    assert code == 0
    values = json.loads(out)
    assert values.pop("top1_percent") > 90
    assert values == {"samples": 797, "metrics": {}, "edited": [], "link": None, "out": "y.npz"}


def test_plugins_json(cli):
    code, out, _ = cli("plugins", "--json")
    assert code == 0
    assert isinstance(json.loads(out)["plugins"], list)


def test_one_hot_labels(cli):
    digits = np.load(DATA)
    np.savez("hot.npz", x=digits["x"], y=np.eye(10)[digits["y"]])
    _, out, _ = cli("build", MODEL, "--data", "hot.npz", *SMALL[4:])
    assert "labels        one-hot: the place of the 1 is the class" in out
    assert "% top-1, float" in out


def test_run_that_cannot_write(cli, design):
    code, _, err = cli("run", str(design), "--data", DATA, "--out", "absent/y.npz")
    assert code == 1
    assert "Error: Outputs cannot be written to 'absent/y.npz': No such file" in err


def test_run_that_would_replace_its_data(cli, design):
    np.savez("x.npz", x=np.load(DATA)["x"][:3])
    before = Path("x.npz").read_bytes()
    code, _, err = cli("run", str(design), "--data", "x.npz", "--out", "x.npz")
    assert code == 1
    assert "Error: File x.npz is the data that is read; give another --out" in err
    assert Path("x.npz").read_bytes() == before


def test_run_without_labels(cli, design):
    np.savez("x.npz", x=np.load(DATA)["x"][:3])
    assert cli("run", str(design), "--data", "x.npz") == (0, "3 samples\n", "")


def test_run_with_noise(cli, design):
    given = ("run", str(design), "--data", DATA, "--noise", "weights=0.05", "--trials", "2")
    code, out, _ = cli(*given)
    assert code == 0
    assert re.match(r"797 samples, 2 trials\ntop-1 accuracy 9\d\.\d\d% without noise\n", out)
    assert re.search(
        r"top-1 accuracy \d\d\.\d\d% with noise, from [\d.]+ to [\d.]+ \(standard", out
    )
    code, out, _ = cli(*given, "--noise", "weight-flips=0.01", "--json")
    values = json.loads(out)
    assert values["noise"]["weight_flips"] == 0.01
    assert [set(trial) for trial in values["trials"]] == [
        {"integer_top1", "agreement", "sqnr_db"}
    ] * 2
    assert values["figures"]["integer_top1"]["mean"] < values["top1_percent_without"]


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("--noise", "weights"), 2, "'weights' is not KIND=X"),
        (("--noise", "voltage=0.1"), 1, "There is no noise 'voltage'; known are weights, sums"),
        (("--noise", "weight-flips=2"), 1, "must be a probability from 0 to 1, not 2.0"),
        (("--noise", "sums=0.1", "--out", "y.npz"), 2, "go without --out"),
        (("--trials", "3"), 2, "there is no --noise"),
        (("--seed", "3"), 2, "there is no --noise"),
    ],
)
def test_noise_that_is_none(cli, design, arguments, status, told):
    code, _, err = cli("run", str(design), "--data", DATA, *arguments)
    assert code == status
    assert told in err


def test_inspect(cli):
    code, out, _ = cli("inspect", str(EXAMPLES / "digits_resnet.onnx"))
    assert code == 0
    assert "302,064 MACs" in out
    assert re.search(r"✓ +/body/body\.0/Conv +Conv +1x12x8x8 +6,912", out)
    assert "nnhw can build this model" in out


def test_inspect_json(cli):
    code, out, _ = cli("inspect", MODEL, "--json")
    summary = json.loads(out)
    assert code == 0
    assert summary["supported"] is True
    assert summary["macs"] == 4928


def result(design: Path, **changes) -> SimulationResult:
    values = {
        "passed": True,
        "failures": (),
        "divergence": None,
        "simulator": "verilator",
        "version": "5.48.0",
        "frames": 4,
        "latency_cycles": 100,
        "interval_cycles": 80,
        "expected_latency_cycles": 100,
        "expected_interval_cycles": 80,
        "cycles": 1234,
        "processes": 1,
        "compiled": True,
        "build_seconds": 8.0,
        "run_seconds": 1.0,
        "log": design / "sim.log",
        "trace": design / "trace.txt",
        "waves": None,
        "waves_cycles": None,
    }
    return SimulationResult(**{**values, **changes})


def test_sim(cli, design, monkeypatch):
    calls = []

    def regression(folder, **options):
        options.pop("progress")(1, 2)
        calls.append((folder, options))
        return result(design)

    monkeypatch.setattr(nnhw.simulate, "run_regression", regression)
    code, out, _ = cli(
        *("sim", str(design), "--vectors", "3", "--waves", "--simulator", "icarus", "--seed", "7"),
        *("--jobs", "2"),
    )
    assert code == 0
    options = {"vectors": 3, "waves": True, "simulator": "icarus", "seed": 7, "jobs": 2}
    assert calls == [(design, options)]
    assert "PASS: hardware equals the golden model, bit for bit" in out
    assert "100 cycles, as predicted" in out
    assert "4 frames, 1,234 cycles in 1.0 s, compiled in 8.0 s" in out


def test_sim_tells_of_several_processes(cli, design, monkeypatch):
    several = result(design, processes=3)
    monkeypatch.setattr(nnhw.simulate, "run_regression", lambda folder, **options: several)
    _, out, _ = cli("sim", str(design))
    assert "4 frames, 1,234 cycles in 1.0 s by 3 processes, compiled in 8.0 s" in out


def test_sim_tells_of_edited_verilog(cli, design, monkeypatch):
    edited = result(design, edited=("rtl/net.v",))
    monkeypatch.setattr(nnhw.simulate, "run_regression", lambda folder, **options: edited)
    _, out, _ = cli("sim", str(design))
    assert "rtl/net.v: edited since the design was built" in out
    _, out, _ = cli("sim", str(design), "--json")
    values = json.loads(out)
    assert values["edited"] == ["rtl/net.v"]
    assert values["log"] == str(design / "sim.log")


def test_sim_that_fails(cli, design, monkeypatch):
    bad = result(
        design, passed=False, failures=("layer 1 'fc' differs first at (0, 0, 3)",),
        interval_cycles=81, latency_cycles=None, waves=design / "waves.vcd",
    )  # fmt: skip
    monkeypatch.setattr(nnhw.simulate, "run_regression", lambda folder, **options: bad)
    code, out, _ = cli("sim", str(design))
    assert code == 1
    assert "FAIL" in out
    assert "layer 1 'fc' differs first at (0, 0, 3)" in out
    assert "81 cycles, but 80 expected" in out
    assert "not measured (100 cycles expected)" in out
    assert "waves.vcd" in out


# The wording is typer's; what has to be there is the option and the value at fault or its bound.
WRONG_LINES = [
    (["build", MODEL, "--rows", "0", "--cols", "4"], r"--rows.*\b1\b"),
    (["build", MODEL, "--weight-bits", "9"], r"--weight-bits.*\b8\b"),
    (["build", MODEL, "--act-bits", "3"], r"--act-bits.*\b4\b"),
    (["build", MODEL, "--vectors", "0"], r"--vectors.*\b1\b"),
    (["build", MODEL, "--jobs", "0"], r"--jobs.*\b1\b"),
    (["build", MODEL, "--weights", "rom"], "--weights.*'rom' is not one of"),
    (["build", MODEL, "--seed", "-1"], r"--seed.*\b0\b"),
    (["build", MODEL, "--simulator", "vcs"], "--simulator.*'vcs' is not one of"),
    (["build", MODEL, "--calibration", "kl"], "--calibration.*'kl' is not one of"),
    (["build", MODEL, "--bits", "fc"], "--bits.*'fc' is not LAYER=N"),
    (["build", MODEL, "--bits", "fc=x"], "--bits.*'fc=x' is not LAYER=N"),
    (["build"], "Missing argument 'MODEL...'"),
    (["run", "folder"], "Missing option '--data'"),
    (["paint"], "No such command 'paint'"),
]


@pytest.mark.parametrize(("line", "message"), WRONG_LINES, ids=lambda value: str(value)[-30:])
def test_wrong_command_line(cli, line, message):
    code, _, err = cli(*line)
    assert code == 2
    assert re.search(message, " ".join(err.replace("│", " ").split()))


ERRORS = [
    (["build", "none.onnx", "--data", DATA], r"none\.onnx"),
    (
        ["build", MODEL, "--data", DATA, "--fps", "1e9"],
        "goal of 1,000,000,000 frames a second cannot be reached by any array: .* take 8 to come",
    ),
    (
        ["build", MODEL, "--data", DATA, "--latency-us", "0.2"],
        "The goal of 0.2 µs at 100 MHz: No engine .* reaches a latency of 20 cycles",
    ),
    (["build", MODEL], r"give --data FILE\.npz"),
    (["build", MODEL, "--data", "none.npz"], r"Data file none\.npz does not exist"),
    (["build", MODEL, "--data", MODEL], r"is not an \.npz archive"),
    (["build", MODEL, "--data", DATA, "--rows", "4"], "Option rows needs cols too"),
    (
        ["build", MODEL, "--data", DATA, "--rows", "4", "--cols", "4", "--macs", "9"],
        "Options rows and cols already say how many multipliers",
    ),
    (["build", MODEL, "--data", DATA, "--out", "/proc/nnhw"], "cannot be written"),
    (["build", MODEL, "--config", "none.toml"], r"none\.toml cannot be read"),
    (
        ["build", MODEL, "--data", DATA, "--bits", "body.3/Gemm=4"],
        "Option bits names 'body.3/Gemm', .*did you mean '/body/body.3/Gemm'",
    ),
    (["run", "nowhere", "--data", DATA], r"nowhere/manifest\.json' is missing: '.*nowhere' is not"),
    (["sim", "nowhere"], "nowhere"),
    (["inspect", "none.onnx"], r"none\.onnx"),
    (["inspect", LARGER, "--max-memory", "1M"], "budget of 1 MiB; .*raise --max-memory"),
    (["inspect", MODEL, "--max-memory", "much"], "Option max_memory must be a size"),
    (["build", LARGER, "--data", DATA, "--max-memory", "1M"], "budget of 1 MiB"),
    (["run", "nowhere", "--data", DATA, "--max-memory", "x"], "Option max_memory must be a size"),
]


@pytest.mark.parametrize(("line", "message"), ERRORS, ids=lambda value: str(value)[-30:])
def test_error(cli, line, message):
    code, _, err = cli(*line)
    assert code == 1
    assert err.startswith("Error: ")
    assert re.search(message, err)
    assert "Traceback" not in err
    assert [path for path in Path().rglob("*") if path.is_file()] == []


def test_interrupt_in_process(cli, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(nnhw.conversion, "to_integers", interrupt)
    code, _, err = cli("build", MODEL, "--data", DATA)
    assert code == 130
    assert "Traceback" not in err
    assert not Path("rtl_out").exists()


def test_interrupt(tmp_path):
    """Ctrl-C while the simulator is compiled: nothing half-written, no process left."""
    arguments = ["build", MODEL, "--data", DATA, "--vectors", "1", "--out", "mlp"]
    # where the tests run in the background, child processes would ignore Ctrl-C
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    child = subprocess.Popen(
        [sys.executable, "-c", f"{listen}; from nnhw.cli import main; main()", *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    log = tmp_path / ".mlp.partial" / "mlp" / "sim" / "sim_build" / "verilator.log"
    deadline = time.monotonic() + 60
    while not log.exists():
        assert time.monotonic() < deadline
        assert child.poll() is None
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGINT)
    output, _ = child.communicate(timeout=30)
    assert child.returncode == 130
    assert "Traceback" not in output
    assert list(tmp_path.iterdir()) == []


def test_synth_needs_a_target_unless_the_design_has_one(cli, tmp_path):
    write_folder(tmp_path)
    code, _, err = cli("synth", str(tmp_path))
    assert code == 2
    assert "--target" in err


def test_synth_names_what_is_missing(cli, tmp_path):
    code, _, err = cli("synth", str(tmp_path), "--target", "ecp5-25k")
    assert code == 1
    assert "manifest.json" in err
    assert "Traceback" not in err


def test_what_disasm_cannot_print_is_named(cli, tmp_path):
    (tmp_path / "other.bin").write_bytes(b"something else")
    for file, problem in (
        ("nothing.bin", "Image file 'nothing.bin' cannot be read: No such file or directory"),
        ("other.bin", "'other.bin' is no image file: it does not begin with NNHWIMG"),
    ):
        code, out, err = cli("disasm", file)
        assert (code, out) == (1, "")
        assert problem in " ".join(err.split())
