"""The options as a page of the documentation."""

from __future__ import annotations

from itertools import groupby

from .build import BuildOptions
from .choices import BEAT_BYTES
from .definition import definitions
from .explore import ExploreOptions
from .kinds import (
    Choice,
    Device,
    Flag,
    InputShapes,
    LayerBits,
    Names,
    NoiseLevels,
    PluginChoice,
    StreamBytes,
    ValuesToTry,
)
from .tune import TuneOptions

_HEAD = """# Options of a build

On the command line, `nnhw build MODEL --NAME VALUE` with hyphens for underscores; in Python,
`nnhw.build(model, NAME=value)`; in a TOML file (`--config FILE.toml`, `config=`), `NAME = value`.
The command line and Python's keyword arguments win over the file. `report.json` has the options
that a design was made with.

A build is a row of steps: read-model, read-data, run-model-file, simplify, quantize, trim, measure,
map, export, estimate, simulate, costs, report, verify. `--stop STEP` ends it after one of them,
`--save-steps FOLDER` keeps the graphs that the steps make, and `--start STEP` goes on from these,
such as with another array for the same integers. In Python, `nnhw.build` takes `start`, `stop`,
`save_steps` and `steps`, which may have further steps or other ones (`nnhw.pipeline.insert_step`,
`replace_step`). Installed packages can have operators, passes, steps, quantizers and technologies,
too; `nnhw plugins` lists them, and a build names those that are to take part.

This page is written by `python -m nnhw.options`.
"""


_TUNING_HEAD = """# Options of tuning

On the command line, `nnhw tune MODEL --data FILE.npz --NAME VALUE` with hyphens for underscores; in
Python, `nnhw.tune(model, data=..., NAME=value)`; in a TOML file (`--config FILE.toml`, `config=`),
`NAME = value`. The command line and Python's keyword arguments win over the file. What they do and
when they help is in [tuning.md](tuning.md).

This page is written by `python -m nnhw.options tuning`.
"""


_EXPLORING_HEAD = """# Options of exploring

On the command line, `nnhw explore MODEL --data FILE.npz --NAME VALUE` with hyphens for underscores;
in Python, `nnhw.explore(model, data=..., NAME=value)`; in a TOML file (`--config FILE.toml`,
`config=`), `NAME = value`. All [options of a build](options.md) can stand there, too: what is given
is the same in all designs. What they do is in [exploring.md](exploring.md).

This page is written by `python -m nnhw.options exploring`.
"""


def options_page() -> str:
    """All options of a build, by group, in Markdown."""
    return _page(_HEAD, BuildOptions)


def tuning_options_page() -> str:
    """All options of tuning, by group, in Markdown."""
    return _page(_TUNING_HEAD, TuneOptions)


def exploring_options_page() -> str:
    """All options of exploring, by group, in Markdown."""
    return _page(_EXPLORING_HEAD, ExploreOptions)


def _page(head: str, options: type) -> str:
    lines = [head.rstrip()]
    for group, items in groupby(definitions(options).values(), lambda item: item.group):
        lines += ["", f"## {group}", "", "| option | values | default | |", "|---|---|---|---|"]
        for item in items:
            default = "" if item.default in (None, {}, ()) else _value(item.default)
            lines.append(f"| `{item.name}` | {_values(item.kind)} | {default} | {item.help} |")
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return ", ".join(f"`{item}`" for item in value) if isinstance(value, tuple) else f"`{value}`"


def _values(kind: object) -> str:
    match kind:
        case Flag():
            return "`true`, `false`; on the command line `--NAME`, `--no-NAME`"
        case Choice(names):
            return ", ".join(f"`{name}`" for name in names)
        case InputShapes():
            return (
                "`1x3x96x96`, `[1, 3, 96, 96]`, or a table of these by input; on the command line "
                "`--input-shape NAME=1x3x96x96` where there are several inputs"
            )
        case StreamBytes():
            sizes = ", ".join(map(str, BEAT_BYTES))
            return f"`[IN, OUT]`, each of {sizes}; on the command line `--stream-bytes IN,OUT`"
        case Device():
            return "a device that `nnhw synth --target` takes"
        case PluginChoice(own):
            return f"{', '.join(f'`{name}`' for name in own)}, or a plug-in's"
        case Names():
            return "a list of names; on the command line `--NAME VALUE`, repeated"
        case NoiseLevels(names):
            levels = ", ".join(f"`{name}`" for name in names)
            return f"a table of numbers by name, of {levels}; on the command line `--NAME KIND=X`"
        case ValuesToTry():
            return "a table of options with lists of values; a file of one, or a plug-in"
        case LayerBits(bits):
            return f"a table of layers, {bits.wanted} each; on the command line `--bits LAYER=N`"
    return kind.wanted  # type: ignore[attr-defined]
