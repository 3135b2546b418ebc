"""Doors: what others add to nnhw, found through entry points and loaded when it is asked for.

A package names what it adds in its metadata, under one of these groups:

- `nnhw.operators`: a module. Importing it enters operators into nnhw's tables (`Table`), by the
  functions that nnhw's own operators are entered with. Its name is that of the ONNX operator with
  its domain in front, such as "org.example.Blend", if a model that has this operator is to find it.
- `nnhw.passes`: a `nnhw.passes.Pass`, which simplifies float graphs before nnhw's own.
- `nnhw.quantizers`: a `nnhw.quantize.Quantizer`, which a build chooses by the option `quantizer`.
- `nnhw.families`: a package like those in `nnhw.families`, which the option `technology` chooses.
- `nnhw.steps`: a `nnhw.pipeline.AddedStep` of a build.
- `nnhw.spaces`: a table of options with lists of values, which `nnhw explore --space` chooses.

Operators, passes and steps take part in a build if its option `plugins` names them; so does an
operator that the model names. What is installed but not asked for is not even imported.
"""

from .finding import (
    FAMILIES,
    GROUPS,
    OPERATORS,
    PASSES,
    QUANTIZERS,
    SPACES,
    STEPS,
    Plugin,
    find_plugin,
    installed_plugins,
)
from .listing import Listed, list_plugins
from .loading import (
    PluginWarning,
    chosen_plugins,
    load_plugin,
    load_required,
)
from .table import Table
from .use import plugins_in_use, use_plugin

__all__ = [
    "FAMILIES",
    "GROUPS",
    "OPERATORS",
    "PASSES",
    "QUANTIZERS",
    "SPACES",
    "STEPS",
    "Listed",
    "Plugin",
    "PluginWarning",
    "Table",
    "chosen_plugins",
    "find_plugin",
    "installed_plugins",
    "list_plugins",
    "load_plugin",
    "load_required",
    "plugins_in_use",
    "use_plugin",
]
