import pytest
from random_component import RandomComponent
from verilog_simulation import assert_same_behaviour


@pytest.mark.parametrize("seed", range(2))
def test_random_expressions(seed, tmp_path):
    assert_same_behaviour(lambda: RandomComponent(seed), tmp_path, cycles=5000)
