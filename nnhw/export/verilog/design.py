"""Text of a whole design, every kind of module once."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from collections.abc import Iterator

from .comments import comment_lines
from .contents import ExportedMemories
from .hierarchy import Hierarchy
from .instances import Interface
from .module import ModuleText
from .names import UniqueNames, identifier


def design_lines(hierarchy: Hierarchy, memories: ExportedMemories) -> Iterator[str]:
    """Lines of all modules, parents before children, with a comment on each.

    Modules of the same class that have the same text are written once.

    Parameters
    ----------
    memories
        How memories are written; all of them are added to it.
    """
    interfaces: dict[str, Interface] = {}
    texts: dict[str, list[str]] = {}
    unique = UniqueNames()
    for level in _levels(hierarchy):
        writers = {
            name: ModuleText(hierarchy.modules[name], hierarchy.origins[name], interfaces, memories)
            for name in level
        }
        alike: dict[tuple, list[str]] = defaultdict(list)
        for name, writer in writers.items():
            alike[hierarchy.origins[name].kind, tuple(writer.lines())].append(name)
        for (_, lines), names in alike.items():
            name = unique(_common_name(names))
            for module in names:
                interfaces[module] = writers[module].interface(name)
            texts[names[0]] = [f"module {name} {lines[0]}", *lines[1:]]
    for path in hierarchy.modules:
        if (component := hierarchy.origins[path].memory) is not None:
            memories.add(component, hierarchy.modules[path], interfaces[path])
    for index, name in enumerate(name for name in hierarchy.modules if name in texts):
        yield from [""] if index else []
        yield from _comment(hierarchy.origins[name].kind)
        yield from texts[name]


def _levels(hierarchy: Hierarchy) -> list[list[str]]:
    """Modules, those first that contain no others, then those that contain just these, and so on.

    Modules that are alike are on the same level.
    """
    heights: dict[str, int] = {}
    for name in reversed(hierarchy.modules):
        instances = hierarchy.modules[name].instances.values()
        heights[name] = 1 + max((heights.get(child.module, 0) for child in instances), default=0)
    return [
        [name for name in hierarchy.modules if heights[name] == height]
        for height in range(1, heights[hierarchy.top] + 1)
    ]


def _common_name(names: list[str]) -> str:
    """A name for modules that are alike: that of the first, but for a number where it has one."""
    parts = [identifier(part) for part in names[0].split(".")]
    if len(names) > 1:
        parts[-1] = re.sub(r"_\d+$", "", parts[-1])
    return "_".join(parts)


def _comment(kind: type) -> list[str]:
    """The first line of a class's description."""
    description = inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    return comment_lines(description)
