"""Ranges of an engine's parameters, and what follows from them."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, fields, replace

import pytest

from nnhw.errors import MappingError
from nnhw.machine import EngineConfig
from nnhw.options import TECHNOLOGIES

VALID = EngineConfig(rows=6, cols=5)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("rows", (1, 7, 300)),
        ("cols", (1, 7, 300)),
        ("lanes", (1, 3, 64)),
        ("input_bytes", (1, 2, 4, 8, 16)),
        ("output_bytes", (1, 2, 4, 8, 16)),
        ("frame_buffers", (1, 2)),
        ("multiplier_stages", (1, 3)),
        ("tree_levels_per_stage", (1, 4)),
        ("lane_groups", (1, 2, 5)),
        ("scale_stages", (1, 3)),
        ("frame_check", (False, True)),
    ],
)
def test_parameter(name, values):
    for value in values:
        assert getattr(replace(VALID, **{name: value}), name) == value


@pytest.mark.parametrize("value", [0, -1, 2.0, "8", None])
@pytest.mark.parametrize(
    "name", [field.name for field in fields(EngineConfig) if field.type == "int"]
)
def test_parameter_wrong(name, value):
    message = f"'{name}' must be a positive integer, not {value!r}"
    with pytest.raises(MappingError, match=f"^{re.escape(message)}$"):
        replace(VALID, **{name: value})


@pytest.mark.parametrize("value", [3, 5, 32])
@pytest.mark.parametrize("name", ["input_bytes", "output_bytes"])
def test_beat_bytes_wrong(name, value):
    message = f"'{name}' must be 1, 2, 4, 8 or 16, not {value}"
    with pytest.raises(MappingError, match=f"^{re.escape(message)}$"):
        replace(VALID, **{name: value})


def test_technology_wrong():
    message = f"'technology' must be one of {', '.join(TECHNOLOGIES)}, not 'tube'"
    with pytest.raises(MappingError, match=f"^{re.escape(message)}$"):
        replace(VALID, technology="tube")


@pytest.mark.parametrize("target", ["ice40up5k", "tube"])
def test_target_wrong(target):
    message = f"'target' must be a device of the technology ecp5, not {target!r}"
    with pytest.raises(MappingError, match=f"^{re.escape(message)}$"):
        replace(VALID, technology="ecp5", target=target)


def test_frame_buffers_wrong():
    with pytest.raises(MappingError, match=r"^'frame_buffers' must be 1 or 2, not 3$"):
        replace(VALID, frame_buffers=3)


@pytest.mark.parametrize("value", [0, 1, None, "on"])
def test_frame_check_wrong(value):
    message = f"'frame_check' must be True or False, not {value!r}"
    with pytest.raises(MappingError, match=f"^{re.escape(message)}$"):
        replace(VALID, frame_check=value)


def test_lane_groups_wrong():
    message = "'lane_groups' must be at most 'cols' (5), not 6"
    with pytest.raises(MappingError, match=f"^{re.escape(message)}$"):
        replace(VALID, lane_groups=6)


@pytest.mark.parametrize(("rows", "cols"), [(1025, 1), (1, 1025), (64, 33)])
def test_shape_wrong(rows, cols):
    message = (
        "An array of at most 2048 multipliers, in at most 1024 rows or columns, can be built, "
        f"not {rows} x {cols}"
    )
    with pytest.raises(MappingError, match=f"^{re.escape(message)}$"):
        EngineConfig(rows=rows, cols=cols)


def test_is_a_frozen_value():
    with pytest.raises(FrozenInstanceError):
        VALID.rows = 7
    assert EngineConfig(**VALID.to_dict()) == VALID


def test_sizes():
    config = EngineConfig(rows=6, cols=5, lane_groups=2)
    assert config.mac_units == 30
    assert config.fetch_width == 12
    assert config.lane_slots == 2


@pytest.mark.parametrize(
    ("sizes", "banks"),
    [
        ({"rows": 1, "cols": 1, "input_bytes": 1}, 1),
        ({"rows": 3, "cols": 1, "input_bytes": 1}, 4),
        ({"rows": 3, "cols": 3, "lane_groups": 3, "input_bytes": 1}, 16),
        ({"rows": 3, "cols": 1, "input_bytes": 8}, 8),
        ({"rows": 3, "cols": 1, "lanes": 9, "input_bytes": 8}, 16),
        ({"rows": 8, "cols": 1, "lanes": 8, "input_bytes": 8}, 8),
        ({"rows": 3, "cols": 1, "input_bytes": 16, "output_bytes": 1}, 16),
        ({"rows": 3, "cols": 1, "input_bytes": 1, "output_bytes": 16}, 4),
    ],
)
def test_banks_hold_a_fetch_a_drain_step_and_a_beat(sizes, banks):
    assert EngineConfig(**sizes).banks == banks
