"""nextpnr's report, and what of it is told."""

import json

import pytest

from nnhw.errors import ToolError
from nnhw.synth.timing import read_report, shorten_name


def place(cell, port="Z"):
    """An end of a step in nextpnr's report."""
    return {"cell": cell, "loc": [1, 2], "port": port}


REPORT = {
    "critical_paths": [
        {
            "from": "posedge $glbnet$clk$TRELLIS_IO_IN",
            "to": "posedge $glbnet$clk$TRELLIS_IO_IN",
            "path": [
                {
                    "delay": 0.5,
                    "type": "clk-to-q",
                    "from": place("core.engine.words.0.0"),
                    "to": place("core.engine.words.0.0"),
                },
                {
                    "delay": 1.25,
                    "type": "routing",
                    "net": "core.engine.data[3]",
                    "from": place("core.engine.words.0.0"),
                    "to": place("core.engine.sum_LUT4_Z_A_PFUMX_Z$CCU2_COMB0"),
                },
                {
                    "delay": 0.25,
                    "type": "logic",
                    "from": place("core.engine.sum_LUT4_Z_A_PFUMX_Z$CCU2_COMB0"),
                    "to": place("core.engine.sum_LUT4_Z_A_PFUMX_Z$CCU2_COMB0"),
                },
                {
                    "delay": 0.5,
                    "type": "routing",
                    "net": "$nextpnr_anything",
                    "from": place("core.engine.sum_LUT4_Z_A_PFUMX_Z$CCU2_COMB0"),
                    "to": place("core.engine.sum_TRELLIS_FF_Q_7"),
                },
                {
                    "delay": 0.125,
                    "type": "setup",
                    "from": place("core.engine.sum_TRELLIS_FF_Q_7"),
                    "to": place("core.engine.sum_TRELLIS_FF_Q_7"),
                },
            ],
        },
        {"from": "async", "to": "posedge $glbnet$clk$TRELLIS_IO_IN", "path": []},
    ],
    "fmax": {
        "fast": {"achieved": 300.0, "constraint": 100.0},
        "$glbnet$clk$TRELLIS_IO_IN": {"achieved": 98.765432, "constraint": 100.0},
    },
    "utilization": {"TRELLIS_FF": {"used": 17, "available": 24288}},
}


def test_reads_the_slowest_clock_first(tmp_path):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(REPORT))
    placement = read_report(path, prefix="core.", input_suffix=r"\$TRELLIS_IO_IN")
    assert [(clock.name, clock.fmax_mhz) for clock in placement.clocks] == [
        ("clk", 98.77),
        ("fast", 300.0),
    ]
    assert placement.sites == {"TRELLIS_FF": (17, 24288)}
    limit = placement.clocks[0].path
    assert limit.signals == ("engine.words", "engine.data", "engine.sum")
    assert (limit.logic_ns, limit.routing_ns, limit.levels) == (0.875, 1.75, 1)
    assert placement.clocks[1].path is None


@pytest.mark.parametrize(
    ("name", "signal"),
    [
        ("engine.fetch.loops.x_SB_DFFESR_Q_6_D_SB_LUT4_O_LC", "engine.fetch.loops.x"),
        ("engine.product_0_1_TRELLIS_FF_Q_3", "engine.product_0_1"),
        ("engine.words.0.11", "engine.words"),
        ("engine.bank_1[3]", "engine.bank_1"),
        ("$nextpnr_ICESTORM_LC_7", ""),
    ],
)
def test_names_lead_back_to_the_design(name, signal):
    assert shorten_name(name) == signal


@pytest.mark.parametrize("content", ["", "[]", '{"fmax": {}}'])
def test_damaged_report_is_named(tmp_path, content):
    path = tmp_path / "report.json"
    path.write_text(content)
    with pytest.raises(ToolError, match=r"report\.json"):
        read_report(path)
