"""What a search chooses from."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnhw.errors import OptionError
from nnhw.options import BuildOptions, definitions
from nnhw.search.space import (
    Parameter,
    Space,
    default_space,
    read_values,
    space_from,
    with_values,
)


def names(space: Space) -> set[str]:
    return {parameter.name for parameter in space.parameters}


def test_the_default_is_what_the_definitions_of_options_say():
    tried = {name: item.tried for name, item in definitions(BuildOptions).items() if item.tried}
    space = default_space(BuildOptions())
    assert space.to_dict() == {name: list(values) for name, values in tried.items()}
    assert {"rows", "cols", "requantizers", "lane_groups", "weight_bits", "act_bits"} < names(space)
    for name, values in tried.items():
        for value in values:
            sides = {"rows": 4, "cols": 4} if name in ("rows", "cols") else {}
            with_values(BuildOptions(), {**sides, name: value})


@pytest.mark.parametrize(
    ("given", "left_out"),
    [
        ({"weight_bits"}, {"weight_bits"}),
        ({"target"}, {"technology"}),
        ({"macs"}, {"rows", "cols"}),
        ({"latency_us", "trim"}, {"rows", "cols", "trim"}),
    ],
)
def test_what_is_given_is_not_searched(given, left_out):
    everything = names(default_space(BuildOptions()))
    assert names(default_space(BuildOptions(), given)) == everything - left_out


def test_a_file_has_all_that_is_searched(tmp_path: Path):
    path = tmp_path / "space.toml"
    path.write_text(
        'rows = [4, 8]\ncols = 8\nstream_bytes = [[1, 1], "8,4"]\n[bits]\n"/body/0" = [2, 4]\n'
    )
    space = space_from(str(path), BuildOptions(), set())
    assert space.to_dict() == {
        "rows": [4, 8],
        "stream_bytes": ["1,1", "8,4"],
        "bits./body/0": [2, 4],
        "cols": [8],
    }
    assert len(space) == len(list(space.points())) == 8
    options = space.options(
        BuildOptions(bits={"fc": 3}), {"rows": 4, "stream_bytes": "8,4", "bits./body/0": 2}
    )
    assert (options.rows, options.cols, options.stream_bytes) == (4, 8, (8, 4))
    assert options.bits == {"/body/0": 2, "fc": 3}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"wieght_bits": [4]}, "has .*names 'wieght_bits', .* did you mean weight_bits"),
        ({"weight_bits": [4, 9]}, "Option weight_bits must be an integer from 2 to 8, not 9"),
        ({"weight_bits": []}, "The table has no values of weight_bits; give one at least"),
        ({"weight_bits": [4, 4]}, "The table has a value of weight_bits twice"),
        ({"bits": [4, 5]}, r"The table has bits = \[4, 5\]: it must be a table of layers"),
        ({"bits": {"fc": [1]}}, "Option bits of fc must be an integer from 2 to 8, not 1"),
        ({"plugins": [["a"]]}, "which cannot be searched: values are numbers, names"),
    ],
)
def test_wrong_tables(table, message):
    message = message.removeprefix("has .*")
    with pytest.raises(OptionError, match=message):
        read_values(table, "The table")


def test_what_is_given_cannot_be_searched_too():
    with pytest.raises(OptionError, match="has values of rows, which is also given"):
        space_from({"rows": [4, 8], "cols": [4]}, BuildOptions(), {"rows"})
    with pytest.raises(OptionError, match=r"There is no file 'nowhere' .*no plug-in of that name"):
        space_from("nowhere", BuildOptions(), set())


def test_the_last_things_to_change_are_those_that_integers_depend_on():
    space = space_from({"rows": [1, 2], "cols": [1], "weight_bits": [3, 4]}, BuildOptions(), set())
    assert list(space.points()) == [
        {"weight_bits": 3, "rows": 1},
        {"weight_bits": 3, "rows": 2},
        {"weight_bits": 4, "rows": 1},
        {"weight_bits": 4, "rows": 2},
    ]


def test_a_thinned_grid_has_ends_and_defaults():
    table = {"rows": [1, 2, 3, 4, 5], "cols": [2, 4, 8], "weight_bits": [4, 6, 8]}
    space = space_from({**table, "trim": [False, True]}, BuildOptions(), set())
    assert space.thinned(90) is space
    thinned = space.thinned(12)
    assert len(thinned) <= 12
    assert thinned.to_dict() == {
        "rows": [1, 3, 5],
        "cols": [2, 8],
        "weight_bits": [4, 8],
        "trim": [True],
    }
    assert Parameter(name="x", values=(1, 2, 3)).thinned(1) == (2,)


@pytest.mark.parametrize(
    ("values", "step"), [((3, 4, 5), 1), ((2, 4, 6), 2), ((1, 2, 4), None), ((False, True), None)]
)
def test_step(values, step):
    assert Parameter(name="x", values=values).step == step
