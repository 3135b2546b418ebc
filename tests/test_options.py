"""Options of a build: their checks, the configuration file, and what wins over what."""

import json
import math
from pathlib import Path

import pytest
import typer.main

from nnhw.cli import app
from nnhw.cli.defined_options import chosen_options
from nnhw.conversion import quantization_options
from nnhw.errors import NnhwError, OptionError
from nnhw.options import (
    TECHNOLOGIES,
    BuildOptions,
    ExploreOptions,
    TuneOptions,
    command_arguments,
    definitions,
    exploration_from,
    load_options,
)
from nnhw.options.page import exploring_options_page, options_page, tuning_options_page
from nnhw.pipeline import STEPS

FILE = """
macs = 64
weight_bits = 6
act_bits = 7
calibration = "percentile"
power_of_two = true
equalize = "off"
vectors = 3
sim = false
simulator = "icarus"
seed = 5

[bits]
"/body/0/Conv" = 4
fc = 3
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "build.toml"
    path.write_text(text)
    return path


def test_file(tmp_path):
    assert load_options(write(tmp_path, FILE)) == BuildOptions(
        macs=64,
        weight_bits=6,
        act_bits=7,
        bits={"/body/0/Conv": 4, "fc": 3},
        calibration="percentile",
        power_of_two=True,
        equalize="off",
        vectors=3,
        sim=False,
        simulator="icarus",
        seed=5,
    )


def test_empty_file_means_defaults(tmp_path):
    assert load_options(write(tmp_path, "")) == BuildOptions()


def test_json_and_back():
    options = BuildOptions(rows=4, cols=2, bits={"z": 4, "a": 2}, calibration="entropy")
    text = json.dumps(options.to_dict())
    assert BuildOptions(**json.loads(text)) == options
    assert text == json.dumps(BuildOptions(**json.loads(text)).to_dict())
    assert list(options.to_dict()["bits"]) == ["a", "z"]


def test_options_of_quantization():
    options = BuildOptions(weight_bits=5, act_bits=6, bits={"fc": 3}, calibration="minmax")
    quantization = quantization_options(options)
    assert quantization.activation_bits == 6
    assert quantization.calibration_method == "minmax"
    assert (quantization.bits_of("fc"), quantization.bits_of("conv")) == (3, 5)


def test_bits_are_nobody_elses():
    bits = {"fc": 3}
    options = BuildOptions(bits=bits)
    bits["fc"] = 4
    assert options.bits == {"fc": 3}


def test_replace():
    options = BuildOptions(macs=64, bits={"a": 2, "b": 3}, seed=5)
    changed = options.replace(bits={"b": 4}, seed=0)
    assert (changed.bits, changed.seed, changed.macs) == ({"a": 2, "b": 4}, 0, 64)
    sized = options.replace(rows=4, cols=2)
    assert (sized.rows, sized.cols, sized.macs) == (4, 2, None)
    assert sized.replace(macs=9) == BuildOptions(macs=9, bits={"a": 2, "b": 3}, seed=5)
    with pytest.raises(OptionError, match="drop macs"):
        options.replace(rows=4, cols=2, macs=9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wieght_bits = 4", r"build\.toml names 'wieght_bits', .* did you mean weight_bits\?"),
        (
            "zzz = 4",
            "names 'zzz', which is no option of a build; there are input_shape, rows, cols, macs",
        ),
        ("rows = '4'\ncols = 4", "Option rows must be an integer of at least 1, not '4'"),
        ("weight_bits = 4.0", "Option weight_bits must be an integer from 2 to 8, not 4.0"),
        ("vectors = true", "Option vectors must be an integer of at least 1, not True"),
        ("power_of_two = 1", "Option power_of_two must be true or false, not 1"),
        ("simulator = 3", "Option simulator must be one of verilator, icarus, not 3"),
        ("technology = 5", "Option technology must be one of portable, .*, not 5"),
        ("weights = true", "Option weights must be one of inline, files, not True"),
        ("equalize = true", "Option equalize must be one of auto, on, off, not True"),
        ("weights = 'rom'", "Option weights must be one of inline, files, not 'rom'"),
        (
            "bits = 4",
            "Option bits must be a table of layers with an integer from 2 to 8 each, not 4",
        ),
        (
            "[bits]\nfc = '4'",
            "Option bits must be a table of layers with an integer from 2 to 8 each",
        ),
        ("seed = -1", "Option seed must be an integer of at least 0, not -1"),
        ("simulate = false", "names 'simulate', which is called sim now"),
        ("rows = \n", r"build\.toml is not TOML: .*line 1"),
    ],
)
def test_wrong_file(tmp_path, text, message):
    with pytest.raises(OptionError, match=message):
        load_options(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = " + "[" * 5000, "cannot be read: it is nested too deeply"),
        ("seed = 0x" + "f" * 5000, "Option seed must be .*, not an integer of 20000 bits"),
        ("seed = " + "9" * 5000, "cannot be read"),
        ("fps = 0x" + "f" * 500, "Option fps must be a positive number, not an integer of 2000"),
        ("max_memory = 0x" + "f" * 5000, "Option max_memory must be a size.*an integer of 20000"),
        ("max_memory = '1e9G'", "Option max_memory must be a size of memory .* not '1e9G'"),
        ("max_memory = true", "Option max_memory must be a size of memory"),
        ("max_memory = 4.0", "Option max_memory must be a size of memory"),
        ("weights = '" + "x" * 100_000 + "'", "Option weights must be"),
        ("bits = {x = 0x" + "f" * 5000 + "}", "Option bits must be a table"),
        ("# " + " " * (1 << 20), "is larger than 1 MiB"),
        ("\0", "is not TOML"),
    ],
    ids=lambda text: text[:15],
)
def test_hostile_file(tmp_path, text, message):
    with pytest.raises(OptionError, match=message) as caught:
        load_options(write(tmp_path, text))
    assert len(str(caught.value)) < 1000
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "build.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(OptionError, match=r"build\.toml is not TOML"):
        load_options(path)


@pytest.mark.parametrize("size", ["8G", "1.5 GiB", 3 << 30])
def test_max_memory(tmp_path, size):
    assert load_options(write(tmp_path, f"max_memory = {json.dumps(size)}")).max_memory == size


def test_unknown_technology():
    message = f"technology must be one of {', '.join(TECHNOLOGIES)}, not 'asic'"
    with pytest.raises(OptionError, match=message):
        BuildOptions(technology="asic")


def test_target_brings_its_technology():
    assert BuildOptions().cells == "portable"
    assert BuildOptions(target="ecp5-25k").cells == "ecp5"
    assert BuildOptions(target="ecp5-25k", technology="ecp5").cells == "ecp5"
    assert BuildOptions(target="ecp5-25k").replace(target="ice40up5k").cells == "ice40"


@pytest.mark.parametrize("technology", ["portable", "gowin"])
def test_technology_of_another_target(technology):
    message = f"technology is {technology} and target ecp5-25k has cells of ecp5; drop one of them"
    with pytest.raises(OptionError, match=message):
        BuildOptions(target="ecp5-25k", technology=technology)


def test_unknown_target():
    with pytest.raises(OptionError, match=r"target must be one of ecp5-85k, .*, not 'asic-osu018'"):
        BuildOptions(target="asic-osu018")


def test_absent_file(tmp_path):
    with pytest.raises(OptionError, match=r"none\.toml cannot be read: No such file"):
        load_options(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight_bits": 9}, "Option weight_bits must be an integer from 2 to 8, not 9"),
        (
            {"bits": {"fc": 1}},
            "Option bits must be a table of layers with an integer from 2 to 8 each, not {'fc': 1}",
        ),
        ({"act_bits": 3}, "Option act_bits must be an integer from 4 to 8, not 3"),
        (
            {"calibration": "kl"},
            "Option calibration must be one of mse, minmax, percentile, entropy, not 'kl'",
        ),
        *(
            (
                {"stream_bytes": wrong},
                "Option stream_bytes must be the bytes of an input and of an output beat, such as "
                "8,4, each one of 1, 2, 4, 8, 16, not ",
            )
            for wrong in ("8", "8,4,2", "3,4", "32,1", "a,b", "", [4], [4, True], [0, 4], 8)
        ),
    ],
)
def test_out_of_range(options, message):
    with pytest.raises(OptionError, match=message):
        BuildOptions(**options)


def test_stream_bytes(tmp_path):
    options = BuildOptions(stream_bytes="16,1")
    assert options.stream_bytes == (16, 1)
    assert BuildOptions(stream_bytes=[16, 1]) == BuildOptions(stream_bytes=(16, 1)) == options
    assert load_options(write(tmp_path, "stream_bytes = [16, 1]")) == options
    assert BuildOptions(**json.loads(json.dumps(options.to_dict()))) == options
    assert BuildOptions().stream_bytes is None


def test_unknown_name_in_python():
    with pytest.raises(NnhwError, match=r"names 'colls', .*did you mean cols\?"):
        BuildOptions().replace(colls=4)


def test_speed_is_counted_in_clock_cycles():
    options = BuildOptions(fps=20_000, latency_us=30, clock_mhz=50)
    assert options.asks_for_speed
    assert (options.interval_cycles, options.latency_cycles) == (2_500, 1_500)
    assert not BuildOptions(macs=9).asks_for_speed


def test_speed_takes_the_place_of_a_size():
    assert BuildOptions(macs=9).replace(fps=100.0) == BuildOptions(fps=100.0)
    assert BuildOptions(fps=100.0).replace(rows=4, cols=2) == BuildOptions(rows=4, cols=2)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"fps": 0}, r"^Option fps must be a positive number, not 0$"),
        ({"clock_mhz": -1.5}, r"^Option clock_mhz must be a positive number, not -1.5$"),
        ({"latency_us": math.inf}, r"^Option latency_us must be a positive number, not inf$"),
        (
            {"fps": 10, "macs": 9},
            r"^Options fps and latency_us find the size of the array; drop rows, cols and macs$",
        ),
    ],
)
def test_speed_wrong(values, message):
    with pytest.raises(OptionError, match=message):
        BuildOptions(**values)


def test_speed_wrong_type():
    with pytest.raises(OptionError, match=r"^Option fps must be a positive number, not '9'$"):
        BuildOptions(fps="9")


def test_page_is_up_to_date():
    page = Path(__file__).parents[1] / "docs" / "options.md"
    assert page.read_text(encoding="utf-8") == options_page(), "run python -m nnhw.options"


def test_page_of_tuning_is_up_to_date():
    page = Path(__file__).parents[1] / "docs" / "tuning_options.md"
    wanted = tuning_options_page()
    assert page.read_text(encoding="utf-8") == wanted, "run python -m nnhw.options tuning"


def test_page_of_exploring_is_up_to_date():
    page = Path(__file__).parents[1] / "docs" / "exploring_options.md"
    wanted = exploring_options_page()
    assert page.read_text(encoding="utf-8") == wanted, "run python -m nnhw.options exploring"


def test_options_of_quantization_are_the_same_for_tuning():
    ours, builds = definitions(TuneOptions), definitions(BuildOptions)
    for name in ("weight_bits", "act_bits", "bits", "calibration", "equalize", "seed"):
        assert ours[name] == builds[name]
    options = TuneOptions(weight_bits=3, bits={"a": 2}, equalize="off", seed=5)
    wanted = BuildOptions(weight_bits=3, bits={"a": 2}, equalize="off", seed=5)
    assert options.of_build == wanted


@pytest.mark.parametrize("options", [BuildOptions, TuneOptions, ExploreOptions])
def test_defaults_are_of_their_kind(options):
    for item in definitions(options).values():
        assert item.is_optional or item.kind.accepts(item.default), item.name


def test_python_documentation_names_every_option():
    for name in definitions(BuildOptions):
        assert f"\n    {name}\n        " in BuildOptions.__doc__


def test_command_line_gives_what_was_said():
    values = dict.fromkeys(definitions(BuildOptions))
    values |= {"trim": False, "bits": ["a=b=4", "c=2"], "rows": 3}
    assert chosen_options(values, BuildOptions) == {
        "trim": False,
        "bits": {"a=b": 4, "c": 2},
        "rows": 3,
    }


@pytest.mark.parametrize(
    "options",
    [
        BuildOptions(),
        BuildOptions(rows=4, cols=8, requantizers=3, lane_groups=2, trim=False, seed=5),
        BuildOptions(fps=1e4, clock_mhz=33.3, bits={"a=b": 4, "c d": 2}, stream_bytes=(8, 4)),
        BuildOptions(input_shape={"x": (1, 3), "y z": (2,)}, plugins=("p", "q"), max_memory="3G"),
        BuildOptions(input_shape={"": (1, 3)}, target="ecp5-25k", power_of_two=True, act_bits=5),
        BuildOptions(calibration="entropy", equalize="off", bus="apb", bus_errors=True, macs=9),
    ],
)
def test_options_as_arguments_come_back(options):
    command = typer.main.get_command(app).commands["build"]
    arguments = ["MODEL", *command_arguments(options)]
    given = command.make_context("build", arguments).params
    values = {name: given[name] for name in definitions(BuildOptions)}
    assert BuildOptions(**chosen_options(values, BuildOptions)) == options


def test_exploring_has_options_of_its_own_and_of_a_build(tmp_path):
    path = write(tmp_path, "budget = 5\nclock_mhz = 50\nseed = 0\n[space]\nrows = [1, 2]\n")
    kind = ExploreOptions, "explore"
    found = exploration_from(path, {"budget": 7, "objective": "latency, fps", "macs": 4}, *kind)
    assert (found.own.budget, found.own.objective) == (7, ("latency", "fps"))
    assert found.own.space == {"rows": [1, 2]}
    assert (found.build.clock_mhz, found.build.macs) == (50, 4)
    assert found.given == {"clock_mhz", "seed", "macs"}
    assert ExploreOptions(**found.own.to_dict()) == found.own
    assert exploration_from(BuildOptions(macs=4), {}, *kind).given == {"macs"}
    with pytest.raises(OptionError, match=r"names 'budgt', .* did you mean budget\?"):
        exploration_from(None, {"budgt": 7}, *kind)


def test_page_names_every_step():
    assert ", ".join(step.name for step in STEPS) in " ".join(options_page().split())
