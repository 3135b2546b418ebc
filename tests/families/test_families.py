"""What every family of FPGAs has, and that it costs nothing until it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nnhw.boards import Pll
from nnhw.families import BOARDS, FAMILIES, TARGETS, Resource
from nnhw.hdl.technology import Technology
from nnhw.machine import EngineConfig
from nnhw.synth import FamilySynthesis, Placer

ALL = pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))


@ALL
def test_names(family):
    assert FAMILIES[family.name] is family
    assert {target.family for target in family.targets} == {family.name}


def test_no_target_and_no_board_twice():
    assert len(TARGETS) == sum(len(family.targets) for family in FAMILIES.values())
    found = [family.part("boards").BOARDS for family in FAMILIES.values() if family.has("boards")]
    assert sorted(BOARDS) == sorted(board.name for boards in found for board in boards)


@ALL
def test_pipeline_is_a_configuration(family):
    config = EngineConfig(rows=2, cols=2, technology=family.name, **family.pipeline)
    assert config.to_dict().items() >= family.pipeline.items()


@ALL
def test_parts(family):
    assert issubclass(family.part("technology").TECHNOLOGY, Technology)
    assert isinstance(family.part("synthesis").SYNTHESIS, FamilySynthesis)
    if family.cell_models is not None:
        assert family.cell_models.read_text().count("endmodule") >= 1
    assert any(target.can_place for target in family.targets) == family.has("placement")
    if family.has("placement"):
        assert isinstance(family.part("placement").PLACER, Placer)
    assert (family.cell_models is None) == (family.name == "gatemate")
    if family.has("boards"):
        assert issubclass(family.part("pll").PLL, Pll)
        assert {board.target.family for board in family.part("boards").BOARDS} == {family.name}


@ALL
def test_capacity(family):
    for target in family.targets:
        assert {Resource.LUTS, Resource.BLOCK_RAMS} <= target.capacity.keys()
        assert family.target(target.name) is target
    dsps = [target.capacity.get(Resource.DSPS, 0) for target in family.targets]
    assert family.most(Resource.DSPS) == max(dsps)


@ALL
def test_netlist_models_are_there(family):
    assert all(model.is_file() for model in family.part("synthesis").SYNTHESIS.own_models)


def test_names_are_known_without_hardware():
    code = (
        "import sys, nnhw.options, nnhw.families; "
        "print(sorted({'amaranth', 'numpy', 'nnhw.hdl', 'nnhw.synth', 'nnhw.boards'} "
        "& set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
