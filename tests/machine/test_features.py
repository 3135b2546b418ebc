"""Each feature: what asks for it, how it goes, how it comes."""

from __future__ import annotations

import ast
from dataclasses import asdict
from pathlib import Path

import pytest
from plain_machine import BANKS, CONFIG, plain

import nnhw
from nnhw.isa import LOOPS, Operation
from nnhw.machine import (
    Feature,
    Machine,
    Variant,
    combination_code,
    combination_feature,
    features,
)

PACKAGE = Path(nnhw.__file__).parent
BY_NAME = {feature.name: feature for feature in features()}

FIELDS: dict[str, dict[str, tuple[str, ...]]] = {
    "look-up tables": {"write-back": ("table",)},
    "products of tensors": {"drain": ("combination",)},
    "gaps in results": {"drain": ("row_pixels",), "write-back": ("pixel_gap", "row_gap")},
    "overlapping strips": {"fetch": ("overlaps",)},
    "joined columns": {"drain": ("joined",)},
    "skipped padding": {"drain": ("later_words", "last_words")},
    "columns by parity": {"fetch": ("tap_x_pitch", "last_run_short")},
    "rolling strips": {
        "fetch": ("rolls", "warmup", "roll_pitch", "roll_y"),
        "drain": ("rolls",),
        "write-back": ("rolls", "roll_pitch"),
    },
    "chase": {"fetch": ("chase",)},
    "fence": {"fetch": ("fence",)},
    **{f"loop {loop}": {"fetch": (loop,)} for loop in LOOPS if loop != "rolls"},
}
"""Fields of which each alone asks for a feature."""

STEPS = {
    "loop out_rows": ("out_row_pitch", "out_row_y"),
    "loop out_cols": ("out_col_x",),
    "loop tiles": ("tile_x",),
    "loop taps_y": ("tap_y_pitch", "tap_y_y"),
    "loop taps_x": ("tap_x_x",),
    "loop chunks": (),
}
"""What the loops move: it comes and goes with them."""


def operations(*more: Operation) -> dict[str, frozenset[Operation]]:
    return {"operations": frozenset({Operation.DOT, *more})}


ASKS: list[tuple[str, Variant]] = [
    *(
        (name, plain().with_fields({kind: {field: 1}}, only_last=True))
        for name, kinds in FIELDS.items()
        for kind, fields in kinds.items()
        for field in fields
    ),
    ("residual stage", plain().with_limits(residual_depth=1)),
    ("rows in the making", plain().with_limits(lane_slots=2)),
    ("padding mask", plain().with_limits(padded=True)),
    ("read rotator", plain().with_limits(read_granularity=BANKS // 2)),
    ("write rotator", plain().with_limits(write_granularity=BANKS // 2)),
    ("lane maximum", plain().with_limits(**operations(Operation.LANE_MAX))),
    ("lane sums", plain().with_limits(**operations(Operation.LANE_SUM))),
    ("pairs of operands", plain().with_limits(**operations(Operation.LANE_PAIR))),
    ("maxima of tensors", plain().with_limits(combinations=("max",))),
    ("minima of tensors", plain().with_limits(combinations=("min",))),
    ("choice of shifts", plain().with_datapath(shifts=(4, 5))),
    ("requantizer multipliers", plain().with_widths(multiplier=1)),
    (
        "more lanes than rows",
        plain()
        .with_config(lane_groups=2)
        .with_limits(read_granularity=2 * BANKS, write_granularity=2 * BANKS),
    ),
    ("joined lanes", plain().with_config(lane_slices=2)),
    ("second frame buffer", plain().with_config(frame_buffers=2)),
    ("frame check", plain().with_config(frame_check=True)),
    ("loadable program", plain().with_config(programmable=True)),
    ("32-bit accumulators", plain().with_widths(accumulator=32)),
    ("8-bit weights", plain().with_widths(weight=8)),
]


def found(machine: Machine) -> set[str]:
    """The features of an engine."""
    return {feature.name for feature in features() if feature.is_part_of(machine)}


def fields_asked(variant: Variant, kinds: dict[str, tuple[str, ...]]) -> set[tuple[str, str]]:
    return {
        (kind, name) for kind, names in kinds.items() for name in names if variant.asks(kind, name)
    }


def test_a_plain_engine_has_none():
    assert found(plain().machine) == set()


def test_every_feature_is_asked_for():
    fine = {"read rotator, single bytes", "write rotator, single bytes"}
    assert {name for name, _ in ASKS} == set(BY_NAME) - fine


@pytest.mark.parametrize(("name", "asking"), ASKS)
def test_what_asks_for_a_feature(name, asking):
    assert found(asking.machine) == {name}


@pytest.mark.parametrize("side", ["read", "write"])
def test_single_bytes_ask_for_the_rest_of_the_rotator(side):
    fine = plain().with_limits(**{f"{side}_granularity": 1})
    assert found(fine.machine) == {f"{side} rotator", f"{side} rotator, single bytes"}


def test_without_a_memory_there_is_nothing_to_rotate():
    """Nor is there anything to be added."""
    variant = plain().with_limits(depth=0, write_granularity=BANKS // 2)
    assert found(variant.machine) == {"write rotator, single bytes"}
    assert found(variant.with_limits(depth=1).machine) == {"write rotator"}


def test_widths_below_the_largest_are_no_features():
    assert found(plain().with_widths(weight=7, accumulator=31).machine) == set()
    assert found(plain().with_widths(accumulator=33).machine) == {"32-bit accumulators"}


@pytest.mark.parametrize(("name", "asking"), ASKS)
def test_limits_say_the_same_as_features(name, asking):
    """Latencies follow from limits, which features are made of."""
    limits, has = asking.machine.limits, found(asking.machine)
    assert limits.paired == ("pairs of operands" in has)
    assert limits.multiplies == ("products of tensors" in has)
    assert limits.has_tables == ("look-up tables" in has)
    # of an image of one column, pixels of a row need not be counted
    only_counts = not limits.asks("write-back", *FIELDS["gaps in results"]["write-back"])
    assert limits.has_gaps == ("gaps in results" in has and not only_counts)


def checked_fields() -> set[str]:
    """Fields that hardware is left out for, if they are constant."""
    files = [*(PACKAGE / "hdl").rglob("*.py"), *(PACKAGE / "machine" / "gates").glob("*.py")]
    calls = [node for f in files for node in ast.walk(ast.parse(f.read_text("utf-8")))]
    return {
        argument.value
        for call in calls
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if call.func.attr in ("asks", "is_constant")
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    } - {"fetch", "drain", "write-back", "residual"}


def test_hardware_that_may_be_left_out_belongs_to_a_feature():
    """Only how long requantizers take for a tile is asked for without one: a gate."""
    checked = checked_fields()
    assert {"overlaps", "last_run_short", "later_words", "chase"} <= checked
    own = {name for feature in features() for names in feature.fields.values() for name in names}
    assert checked <= own | {"drain_cycles", "drain_cycles_last"}


STAY = {"32-bit accumulators", "8-bit weights"}


@pytest.mark.parametrize(("name", "asking"), ASKS)
def test_how_features_go(name, asking):
    feature = BY_NAME[name]
    assert feature.taken_from(plain()) is None
    without = feature.taken_from(asking)
    if name in STAY:
        assert without is None
        return
    assert without is not None
    assert found(without.machine) == set()
    assert not fields_asked(without, FIELDS.get(name, {}))
    assert without.machine.limits.operations == {Operation.DOT}


def test_all_fields_of_a_feature_go_at_once():
    for name, kinds in FIELDS.items():
        extra = {"fetch": STEPS[name]} if name in STEPS else {}
        asked = {kind: dict.fromkeys(fields, 1) for kind, fields in kinds.items()}
        for kind, fields in extra.items():
            asked[kind] |= dict.fromkeys(fields, 1)
        full = plain().with_fields(asked)
        without = BY_NAME[name].taken_from(full)
        assert without is not None
        assert not fields_asked(without, {kind: tuple(fields) for kind, fields in asked.items()}), (
            name
        )


CANNOT_COME = {"overlapping strips", "read rotator", "write rotator", "more lanes than rows"} | {
    *("choice of shifts", "joined lanes")
}
"""There is nothing to join, to rotate by, to share out."""


@pytest.mark.parametrize("feature", features(), ids=lambda feature: feature.name)
def test_how_features_come(feature: Feature):
    name = feature.name
    more = feature.added_to(plain())
    assert (more is None) == (name in CANNOT_COME)
    if more is None:
        return
    coarse = {name.removesuffix(", single bytes")} if name.endswith("single bytes") else set()
    also = {"columns by parity": {"loop taps_x", "loop chunks"}}
    assert found(more.machine) == {name} | coarse | also.get(name, set())
    asked = dict(FIELDS.get(name, {}))
    if name in STEPS:
        asked["fetch"] = (*asked["fetch"], *STEPS[name])
    wanted = {(kind, field) for kind, fields in asked.items() for field in fields}
    assert fields_asked(more, asked) == wanted
    assert feature.added_to(more) is None


ADDITION = {
    **{"add": 1, "store": 1, "source": 0, "destination": 0, "shift": 16},
    **{"bias": 64, "multiplier": 0xFFFF, "residual_bias": 64, "residual_multiplier": 0xFFFF},
    **{"zero_point": -64, "lo": -64, "hi": 63},
}
BROUGHT: dict[str, dict[str, dict[str, int]]] = {
    "residual stage": {"residual": ADDITION},
    "look-up tables": {"write-back": {"table": 1}},
    "products of tensors": {"drain": {"combination": 1}},
    "minima of tensors": {"drain": {"combination": 2}},
    "maxima of tensors": {"drain": {"combination": 2}},
    "pairs of operands": {"fetch": {"operation": 3}, "drain": {"paired": 1}},
    "gaps in results": {
        "drain": {"row_pixels": 1},
        "write-back": {"pixel_gap": 127, "row_gap": 127},
    },
    "joined columns": {"drain": {"joined": 1}},
    "skipped padding": {"drain": {"later_words": 6, "last_words": 12}},
    "columns by parity": {
        "fetch": {"taps_x": 1, "chunks": 1, "tap_x_pitch": 5, "chunk_x": 6, "last_run_short": 1}
    },
    "rolling strips": {
        "fetch": {"rolls": 1, "warmup": 1, "roll_pitch": 5, "roll_y": 1},
        "drain": {"rolls": 1},
        "write-back": {"rolls": 1, "roll_pitch": 5},
    },
    "lane maximum": {"fetch": {"operation": 2}},
    "lane sums": {"fetch": {"operation": 1}},
    "chase": {"fetch": {"chase": 1}},
    "fence": {"fetch": {"fence": 1}},
    "loop chunks": {"fetch": {"chunks": 15}},
    "loop taps_x": {"fetch": {"taps_x": 15, "tap_x_x": 1}},
    "loop taps_y": {"fetch": {"taps_y": 15, "tap_y_pitch": 5, "tap_y_y": 1}},
    "loop tiles": {"fetch": {"tiles": 15, "tile_x": 1}},
    "loop out_cols": {"fetch": {"out_cols": 15, "out_col_x": 1}},
    "loop out_rows": {"fetch": {"out_rows": 15, "out_row_pitch": 5, "out_row_y": 1}},
}
"""Fields of the last layer that a feature sets. The plain engine has two layers, rows of five
bytes, 13 words of parameters, 7 bits of address and of activations; a loop makes 16 trips."""


def brought(before: Variant, after: Variant) -> list[dict[str, dict[str, int]]]:
    """Changed fields by kind, of each layer; of a new kind all."""
    instructions = before.image.instructions
    layers: list[dict[str, dict[str, int]]] = [{} for _ in instructions["fetch"]]
    for kind, some in after.image.instructions.items():
        for number, i in enumerate(some):
            now = asdict(i)
            was = asdict(instructions[kind][number]) if kind in instructions else {}
            changed = {name: value for name, value in now.items() if was.get(name) != value}
            if changed:
                layers[number][kind] = changed
    return layers


@pytest.mark.parametrize("feature", features(), ids=lambda feature: feature.name)
def test_what_a_feature_asks_for(feature: Feature):
    """Of the last layer; those before stay as they are."""
    more = feature.added_to(plain())
    if more is None:
        return
    first, last = brought(plain(), more)
    assert last == BROUGHT.get(feature.name, {})
    idle = first.pop("residual", dict.fromkeys(ADDITION, 0))
    assert idle == dict.fromkeys(ADDITION, 0)
    assert not first


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("gaps in results", {"drain": {"row_pixels": 6}, "write-back": {"pixel_gap": 127}}),
        ("rolling strips", {"fetch": {"rolls": 3, "roll_pitch": 40}, "drain": {"rolls": 3}}),
        ("rolling strips", {"write-back": {"rolls": 3, "roll_pitch": 40}}),
        ("columns by parity", {"fetch": {"tap_x_pitch": 40}}),
        ("loop tiles", {"fetch": {"tile_x": 2}}),
        ("loop taps_y", {"fetch": {"tap_y_pitch": 40}}),
    ],
)
def test_larger_images_ask_for_more(name, last):
    """Of seven columns and four rows of 40 bytes, of which 16 trips take 2 each."""
    large = plain().with_fields({"fetch": {"out_rows": 3, "out_cols": 6, "row_length": 40}})
    more = BY_NAME[name].added_to(large)
    assert more is not None
    found = brought(large, more)[-1]
    for kind, values in last.items():
        assert values.items() <= found[kind].items()


def test_few_parameters_are_skipped_to_as_well():
    few = BY_NAME["skipped padding"].added_to(plain().with_datapath(parameter_words=1))
    assert few is not None
    assert brought(plain(), few)[-1] == {"drain": {"later_words": 1, "last_words": 2}}


def test_without_halves_a_run_goes_on_by_the_rows_of_the_array():
    halves = BY_NAME["columns by parity"].added_to(plain())
    assert halves is not None
    whole = BY_NAME["columns by parity"].taken_from(halves)
    assert whole is not None
    assert [i.chunk_x for i in whole.image.instructions["fetch"]] == [5, 5]


def test_overlapping_strips_come_where_strips_roll():
    rolling = BY_NAME["rolling strips"].added_to(plain())
    assert rolling is not None
    overlapping = BY_NAME["overlapping strips"].added_to(rolling)
    assert overlapping is not None
    assert found(overlapping.machine) == {"rolling strips", "overlapping strips"}
    assert brought(rolling, overlapping) == [{}, {"fetch": {"overlaps": 1}}]


@pytest.mark.parametrize("name", ["lane maximum", "lane sums", "pairs of operands"])
def test_layers_of_an_operation_that_goes_get_another(name):
    more = BY_NAME[name].added_to(plain())
    assert more is not None
    without = BY_NAME[name].taken_from(more)
    assert without is not None
    assert brought(plain(), without) == [{}, {}]


def test_pairs_are_no_substitute_for_an_operation():
    """They need two operands; and some operation there has to be."""
    sums = BY_NAME["lane sums"]
    both = BY_NAME["pairs of operands"].added_to(plain().with_fields({"fetch": {"operation": 1}}))
    assert both is not None
    operations = frozenset({Operation.LANE_SUM, Operation.LANE_PAIR})
    assert sums.taken_from(both.with_limits(operations=operations)) is None
    assert sums.taken_from(both.with_limits(operations=operations - {Operation.LANE_PAIR})) is None
    without = sums.taken_from(both.with_limits(operations=operations | {Operation.DOT}))
    assert without is not None
    assert [i.operation for i in without.image.instructions["fetch"]] == [0, 3]
    assert [i.paired for i in without.image.instructions["drain"]] == [0, 1]


def test_residuals_are_those_of_the_last_layer():
    """Three pixels of two steps each; without an addition, its results are written after all."""
    longer = plain().with_fields({"drain": {"pixels": 2}}, only_last=True)
    adding = BY_NAME["residual stage"].added_to(longer)
    assert adding is not None
    assert adding.machine.limits.residual_depth == 6
    kept = adding.with_fields({"write-back": {"residual_only": 1}})
    without = BY_NAME["residual stage"].taken_from(kept)
    assert without is not None
    assert brought(longer, without) == [{}, {}]


def test_rows_in_the_making_come_where_lanes_have_several_columns():
    """Of four columns, two groups of lanes have two each, and four groups one each."""
    feature = BY_NAME["rows in the making"]
    for groups, slots in ((1, 3), (2, 2)):
        more = feature.added_to(plain().with_config(lane_groups=groups))
        assert more is not None
        assert more.machine.limits.lane_slots == slots
    assert feature.added_to(plain().with_config(lane_groups=4)) is None


def test_lanes_are_joined_where_there_are_sums_and_columns():
    """Four columns have room for two slots of two slices, three of one."""
    feature = BY_NAME["joined lanes"]
    sums = plain().with_limits(**operations(Operation.LANE_SUM))
    more = feature.added_to(sums.with_limits(lane_slots=2))
    assert more is not None
    assert more.machine.config.lane_slices == 2
    assert feature.added_to(sums.with_limits(lane_slots=3)) is None


def test_what_features_leave_behind():
    residuals = BY_NAME["residual stage"].added_to(plain())
    assert residuals is not None
    assert residuals.machine.limits.layouts.keys() == {"fetch", "drain", "write-back", "residual"}
    without = BY_NAME["residual stage"].taken_from(residuals)
    assert without is not None
    assert without.machine.limits.layouts.keys() == {"fetch", "drain", "write-back"}
    multiplying = BY_NAME["requantizer multipliers"].added_to(plain())
    assert multiplying is not None
    assert multiplying.machine.datapath.shifts == (4 + 16,)
    assert multiplying.machine.datapath.widths.multiplier == 16
    without = BY_NAME["requantizer multipliers"].taken_from(multiplying)
    assert without is not None
    assert without.machine == plain().machine
    small = BY_NAME["requantizer multipliers"].taken_from(multiplying.with_datapath(shifts=(9,)))
    assert small is not None
    assert small.machine.datapath.shifts == (0,)
    tables = BY_NAME["look-up tables"].added_to(plain())
    assert tables is not None
    assert [table.tolist() for table in tables.image.tables] == [list(range(-64, 64))]
    without = BY_NAME["look-up tables"].taken_from(tables)
    assert without is not None
    assert (len(without.image.tables), without.machine.datapath.tables) == (0, 0)
    wide = plain().with_config(lane_groups=2).with_limits(frame_depth=3)
    assert wide.machine.config.banks == 2 * BANKS
    narrow = BY_NAME["more lanes than rows"].taken_from(wide)
    assert narrow is not None
    limits = narrow.machine.limits
    assert (narrow.machine.config, limits.depth, limits.frame_depth) == (CONFIG, 12, 6)
    for coarse, fine in (("read", "write"), ("write", "read")):
        granularity = {f"{coarse}_granularity": 2 * BANKS, f"{fine}_granularity": 4}
        narrow = BY_NAME["more lanes than rows"].taken_from(wide.with_limits(**granularity))
        assert narrow is not None
        assert getattr(narrow.machine.limits, f"{coarse}_granularity") == BANKS
        assert getattr(narrow.machine.limits, f"{fine}_granularity") == 4


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("padding mask", f"{5 * 7} two-input multiplexers"),
        ("read rotator", f"{3 * 8 * 7} two-input multiplexers"),
        ("write rotator", f"{3 * 8 * 7} two-input multiplexers"),
        ("second frame buffer", f"{9 * 8 * 7} bits of memory"),
        ("chase", ""),
    ],
)
def test_what_it_saves_to_do_without(name, saved):
    assert BY_NAME[name].saved(plain().with_limits(frame_depth=9).machine) == saved


def test_what_there_is_to_say():
    variant = plain().with_limits(read_granularity=2, write_granularity=4, lane_slots=3)
    machine = variant.with_datapath(shifts=(4, 9)).with_widths(multiplier=13).machine
    kept = {
        "read rotator": "by multiples of 2 of 8 bytes",
        "write rotator": "by multiples of 4 of 8 bytes",
        "padding mask": "by position",
        "more lanes than rows": "5 lanes",
        "rows in the making": "3 a lane",
        "choice of shifts": "4, 9",
        "requantizer multipliers": "13 bits",
    }
    assert {name: BY_NAME[name].kept(machine) for name in kept} == kept
    rests = {feature.name: feature.rest for feature in features() if feature.rest}
    assert rests == dict.fromkeys(("read rotator", "write rotator"), "finer steps")
    assert BY_NAME["read rotator"].saved(machine) == f"{8 * 7} two-input multiplexers"
    chunks = plain().with_fields({"fetch": {"chunks": 5}}, only_last=True)
    assert BY_NAME["loop chunks"].kept(chunks.machine) == "3 bits"


def test_a_way_to_combine_pairs_comes_and_goes():
    """Of several only the last one can go, as the others keep their codes."""
    first, second = (
        combination_feature(name, name=name, kept_if="", left_out="")
        for name in ("first", "second")
    )
    both = second.added_to(first.added_to(plain()))
    assert both.machine.limits.combinations == ("first", "second")
    assert both.image.instructions["drain"][-1].combination == combination_code(
        "second", ("first", "second")
    )
    assert first.taken_from(both) is None
    one = second.taken_from(both)
    assert one.machine.limits.combinations == ("first",)
    assert (first.is_part_of(one.machine), second.is_part_of(one.machine)) == (True, False)
    none = first.taken_from(one)
    assert not none.machine.limits.combinations
    assert {i.combination for i in none.image.instructions["drain"]} == {0}
