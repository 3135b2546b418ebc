"""The regression on the stand-in: it passes, and every mutation is caught where it is."""

import shutil

import pytest
from standin import INTERVAL_CYCLES, LATENCY_CYCLES, write_standin

from nnhw.design import write_checksums
from nnhw.errors import ToolError
from nnhw.simulate import run_regression

# Icarus compiles in no time.
QUICK = "icarus" if shutil.which("iverilog") else "verilator"
needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="no Icarus Verilog")


@pytest.fixture(scope="module")
def build_dir(tmp_path_factory):
    """One folder for all compilations, so that Verilator's own library is compiled once."""
    return tmp_path_factory.mktemp("build")


@pytest.mark.parametrize("simulator", ["verilator", pytest.param("icarus", marks=needs_icarus)])
def test_right_design_passes(simulator, tmp_path, build_dir):
    progress = []
    result = run_regression(
        write_standin(tmp_path / "standin"),
        simulator=simulator,
        build_dir=build_dir,
        progress=lambda done, total: progress.append((done, total)),
    )
    assert result.passed
    assert result.failures == ()
    assert result.divergence is None
    assert result.waves is None
    assert result.simulator == simulator
    assert result.version[0].isdigit()
    assert result.frames == 6
    assert result.latency_cycles == LATENCY_CYCLES
    assert result.interval_cycles == INTERVAL_CYCLES
    assert result.cycles > 13 * INTERVAL_CYCLES
    assert progress[-1] == (13, 13)
    assert "cocotb_tests.stalls" in result.log.read_text()


# Changes to the Verilog, and what the first divergence must be.
MUTATIONS = {
    "wrong byte": (
        {"read[15:8] + 8'd1 :": "read[15:8] + 8'd1 + (place == 20 && read[15]) :"},
        {
            "test": "interval",
            "frame": 4,
            "kind": "all-minimum",
            "layer": 0,
            "layer_name": "plus_one",
            "element": (1, 0, 1),
            "expected": 0x81,
            "actual": 0x82,
        },
    ),
    "wrong byte in the second layer": (
        {": -read[31:24];": ": -read[31:24] ^ {7'd0, place == 36};"},
        {"test": "latency", "frame": 0, "layer": 1, "layer_name": "minus", "element": (1, 2, 4)},
    ),
    "results sent differ from those written back": (
        {"memory_1[8*place +: 32] <= write_data": "memory_1[8*place +: 32] <= ~write_data"},
        {"test": "latency", "layer": None, "element": (0, 0, 0)},
    ),
    "dropped write-back beat": (
        {"valid = state == LAYER_0": "valid = state == LAYER_0 && place != 12"},
        {"test": "latency", "layer": 0, "element": (0, 2, 2)},
    ),
    "write-back beat twice": (
        {"count = left < 4 ? left[2:0]": "count = left < 4 ? left[2:0] + 3'd1"},
        {"test": "latency", "layer": 1, "element": None},
    ),
    "early tlast": (
        {"m_axis_tlast = place == 40": "m_axis_tlast = place == 36"},
        {"test": "latency", "layer": None, "element": None},
    ),
    "no tlast": (
        {"m_axis_tlast = place == 40": "m_axis_tlast = 0"},
        {"test": "latency", "layer": None, "element": None},
    ),
    "unused lanes not zero": (
        {"{16'd0, sent[15:0]}": "{16'd1, sent[15:0]}"},
        {"test": "latency", "layer": None, "element": None},
    ),
    "output withdrawn while the sink pauses": (
        {
            "reg [1:0] state = LOAD;": "reg [1:0] state = LOAD; reg held = 0;"
            " always @(posedge clk) held <= m_axis_tvalid && !m_axis_tready;",
            "m_axis_tvalid = state == SEND": "m_axis_tvalid = state == SEND && !held",
        },
        {"test": "stalls", "layer": None, "element": None},
    ),
    "tready ignored": (
        {"SEND: if (m_axis_tready) begin": "SEND: begin"},
        {"test": "stalls", "layer": None},
    ),
    "reset forgets a register": (
        {"state <= LOAD;\n            place <= 0;": "state <= LOAD;"},
        {"test": "reset"},
    ),
    "hang in a layer": (
        {
            "LAYER_1: begin": "LAYER_1: if (place != 20) begin",
            "|| state == LAYER_1;": "|| state == LAYER_1 && place != 20;",
        },
        {"test": "latency", "layer": 1, "layer_name": "minus", "element": None},
    ),
    "hang before the output": (
        {"m_axis_tvalid = state == SEND": "m_axis_tvalid = 0"},
        {"test": "latency", "layer": None, "element": None},
    ),
}
MESSAGES = {
    "wrong byte": "differs first at y=1 x=0 channel=1: expected 0x81 (-127), got 0x82 (-126)",
    "write-back beat twice": "has more than its 42 results",
    "early tlast": "the output has tlast = 1 in beat 9 of 11",
    "no tlast": "the output has tlast = 0 in beat 10 of 11",
    "unused lanes not zero": "is not zero in lane 2 of beat 10, which is not used",
    "output withdrawn while the sink pauses": "the output changes or withdraws a beat",
    "hang in a layer": "stops after 20 of 42 results; the last write-back was to layer 1 'minus'",
    "hang before the output": "stops after 0 of 11 beats; the last write-back was to layer 1",
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_mutation_is_located(name, tmp_path, build_dir):
    changes, expected = MUTATIONS[name]
    design = write_standin(tmp_path / "standin", changes=changes)
    result = run_regression(design, simulator=QUICK, build_dir=build_dir)
    assert not result.passed
    found = {field: getattr(result.divergence, field) for field in expected}
    assert found == expected
    assert result.failures[0] == result.divergence.message
    assert MESSAGES.get(name, "") in result.divergence.message


@pytest.mark.parametrize("error", ["0", "state == LOAD && place == 16 && s_axis_tvalid"])
def test_frame_error_of_undamaged_frames_is_located(error, tmp_path, build_dir):
    changes = {
        "output m_axis_tlast\n);": "output m_axis_tlast, output frame_error\n);\n"
        f"    assign frame_error = {error};"
    }
    design = write_standin(tmp_path / "standin", changes=changes, frame_error="frame_error")
    result = run_regression(design, simulator=QUICK, build_dir=build_dir)
    assert result.passed == (error == "0")
    if not result.passed:
        assert (result.divergence.test, result.divergence.frame) == ("latency", 0)
        assert "comes after a frame_error" in result.divergence.message


def recorded_cycles(vcd):
    """First and last clock cycle in a VCD file; one cycle is 10 ns."""
    times = [int(line[1:]) for line in vcd.read_text().splitlines() if line[:1] == "#"]
    return times[0] // 10_000, times[-1] // 10_000


def test_waves_show_the_neighbourhood_of_a_divergence(tmp_path, build_dir):
    changes = {"read[15:8] + 8'd1 :": "read[15:8] + 8'd1 + (place == 20 && read[15]) :"}
    result = run_regression(
        write_standin(tmp_path / "standin", changes=changes), build_dir=build_dir
    )
    cycle = result.divergence.cycle
    assert recorded_cycles(result.waves) == (max(0, cycle - 300), cycle + 200)


@needs_icarus
def test_icarus_records_waves_too(tmp_path):
    design = write_standin(
        tmp_path / "standin", changes={"m_axis_tvalid = state == SEND": "m_axis_tvalid = 0"}
    )
    result = run_regression(design, simulator="icarus")
    assert result.waves.name == "waves.fst"
    assert result.waves.stat().st_size > 1000


def test_waves_of_the_first_frame(tmp_path, build_dir):
    design = write_standin(tmp_path / "standin")
    result = run_regression(design, vectors=1, waves=True, build_dir=build_dir)
    assert result.passed
    assert result.frames == 1
    assert recorded_cycles(result.waves) == (0, LATENCY_CYCLES + 200)


def test_extra_cycle_is_measured(tmp_path, build_dir):
    changes = {
        "reg [1:0] state = LOAD;": "reg [1:0] state = LOAD; reg late = 0;"
        " always @(posedge clk) late <= state == SEND;",
        "m_axis_tvalid = state == SEND": "m_axis_tvalid = state == SEND && late",
        "SEND: if (m_axis_tready) begin": "SEND: if (m_axis_tready && late) begin",
    }
    result = run_regression(
        write_standin(tmp_path / "standin", changes=changes), build_dir=build_dir
    )
    assert not result.passed
    assert result.divergence is None
    assert result.latency_cycles == LATENCY_CYCLES + 1 == result.expected_latency_cycles + 1
    assert result.interval_cycles == INTERVAL_CYCLES + 1
    assert result.failures == (
        "latency_cycles: the manifest says 44, measured are 45",
        "interval_cycles: the manifest says 45, measured are 46",
    )


def test_fewer_vectors_come_from_all_kinds(tmp_path, build_dir):
    result = run_regression(write_standin(tmp_path / "standin"), vectors=3, build_dir=build_dir)
    assert result.passed
    assert result.frames == 3


def test_compiled_simulator_is_reused(tmp_path):
    first = write_standin(tmp_path / "first")
    changed = write_standin(tmp_path / "changed")
    build = tmp_path / "build"
    assert run_regression(first, vectors=1, build_dir=build).compiled
    assert not run_regression(first, vectors=1, seed=1, build_dir=build).compiled
    (changed / "rtl" / "standin.v").write_text(
        (first / "rtl" / "standin.v").read_text().replace("read[7:0] + 8'd1", "read[7:0] + 8'd2")
    )
    again = run_regression(changed, vectors=1, build_dir=build)
    assert again.compiled
    assert again.divergence.element == (0, 0, 0)


def test_same_seed_same_cycles(tmp_path, build_dir):
    design = write_standin(tmp_path / "standin")
    cycles = [run_regression(design, seed=seed, build_dir=build_dir).cycles for seed in (1, 1, 2)]
    assert cycles[0] == cycles[1] != cycles[2]


@pytest.mark.slow
def test_several_cpp_files_compile(tmp_path):
    """They have a precompiled header in common, which takes an option of the compiler."""
    design = write_standin(tmp_path / "standin")
    compilation = design / "sim" / "compilation.py"
    text = compilation.read_text()
    split = text.replace('"--output-split", "0"', '"--output-split", "1"')
    assert split != text
    compilation.write_text(split)
    write_checksums(design)
    result = run_regression(design, vectors=1, simulator="verilator")
    assert result.passed
    assert list((design / "sim").glob("**/*__pch.h.fast.gch"))


def test_verilog_that_does_not_compile(tmp_path):
    design = write_standin(tmp_path / "standin", changes={"endcase": "endcasse"})
    with pytest.raises(
        ToolError, match=r"does not compile with verilator[^$]*%Error: .*standin\.v"
    ):
        run_regression(design)
