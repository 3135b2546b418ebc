"""Counting transitions in recorded waves."""

import pytest

from nnhw.errors import ToolError
from nnhw.synth.asic.vcd import count_transitions

WAVES = """\
$version hand-made $end
$timescale 1ps $end
 $scope module tb $end
  $var wire 1 ! clk $end
  $scope module dut $end
   $var wire 1 ! clk $end
   $var wire 1 " core.x[3] $end
   $var wire 1 # unknown $end
   $var wire 4 $ bus [3:0] $end
   $scope module inner $end
    $var wire 1 % hidden $end
   $upscope $end
  $upscope $end
 $upscope $end
$enddefinitions $end
#0
1!
0"
x#
b0001 $
0%
#0
1"
#5
0!
#10
1!
0"
1#
b1110 $
#10
1"
1%
#15
0!
#20
1!
0"
0#
b111 $
#25
0!
#30
1!
1"
"""


@pytest.fixture
def waves(tmp_path):
    """A file of waves of three clock cycles."""
    path = tmp_path / "waves.vcd"
    path.write_text(WAVES)
    return path


def count(path, cycles):
    transitions = count_transitions(path, scope=("tb", "dut"), clock="clk", cycles=cycles)
    return {name: (count.rises, count.falls) for name, count in transitions.items()}


def test_the_last_value_of_a_time_counts(waves):
    counts = count(waves, 2)
    assert counts["clk"] == (2, 2)
    assert counts["core.x[3]"] == (0, 1)  # at 20; it only glitches at 10
    assert counts["unknown"] == (0, 1)
    assert [counts[f"bus[{bit}]"] for bit in range(4)] == [(1, 1), (1, 0), (1, 0), (1, 1)]
    assert "hidden" not in counts


def test_the_edge_that_ends_the_last_cycle_counts(waves):
    assert count(waves, 1)["core.x[3]"] == (0, 0)
    assert count(waves, 3)["core.x[3]"] == (1, 1)


def test_waves_that_are_too_short_or_something_else_are_refused(waves):
    with pytest.raises(ToolError, match="3 clock cycles, 4 are needed"):
        count(waves, 4)
    with pytest.raises(ToolError, match=r"no signals of tb\.other"):
        count_transitions(waves, scope=("tb", "other"), clock="clk", cycles=1)
    with pytest.raises(ToolError, match="no clock 'rst'"):
        count_transitions(waves, scope=("tb", "dut"), clock="rst", cycles=1)
