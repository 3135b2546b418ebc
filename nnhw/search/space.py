"""The designs that a search chooses from: values by parameter."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from ..errors import OptionError, PluginError, reading
from ..options import (
    OF_INTEGERS,
    BuildOptions,
    LayerBits,
    StreamBytes,
    check,
    check_names,
    definitions,
    read_table,
)
from ..plugins import SPACES, find_plugin, installed_plugins, load_plugin, use_plugin

Value = int | float | str | bool
Point = dict[str, Value]
"""A value for each parameter."""

LAYER = "bits."
"""What the names of parameters begin with that are the bits of a single layer."""

_TAKEN_BY = {
    "rows": ("cols", "macs", "fps", "latency_us"),
    "cols": ("rows", "macs", "fps", "latency_us"),
    "technology": ("target", "init"),
}
"""Options that, when given, answer another one, which is then not searched by default."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One thing that is searched.

    Parameters
    ----------
    name
        Of the option, or `bits.LAYER`.
    values
        What it may be, in the order in which they are given; two at least.
    """

    name: str
    values: tuple[Value, ...]

    @property
    def step(self) -> int | None:
        """The distance of its values, if they are integers of one distance; else None."""
        values = self.values
        if not all(type(value) is int for value in values):
            return None
        numbers = [int(value) for value in values]
        steps = {b - a for a, b in pairwise(numbers)}
        step = steps.pop() if len(steps) == 1 else 0
        return step if step > 0 else None

    def thinned(self, count: int) -> tuple[Value, ...]:
        """`count` of the values: as far apart as they come, both ends included."""
        if count == 1:
            return (self.values[len(self.values) // 2],)
        last = len(self.values) - 1
        return tuple(self.values[round(last * place / (count - 1))] for place in range(count))


@dataclass(frozen=True, kw_only=True)
class Space:
    """All designs that there are to choose from.

    Parameters
    ----------
    parameters
        What differs.
    fixed
        Parameters of a single value.
    """

    parameters: tuple[Parameter, ...]
    fixed: Mapping[str, Value]

    def __len__(self) -> int:
        """Number of points."""
        return math.prod(len(parameter.values) for parameter in self.parameters)

    def points(self) -> Iterator[Point]:
        """All of them; what the integers of a network depend on changes last."""
        order = sorted(self.parameters, key=lambda p: p.name.partition(".")[0] not in OF_INTEGERS)
        for values in product(*(parameter.values for parameter in order)):
            yield dict(zip((parameter.name for parameter in order), values, strict=True))

    def thinned(self, most: int, usual: Mapping[str, Any] | None = None) -> Space:
        """A grid of at most `most` points.

        Each parameter begins with one value: its usual one, if it may have that, else the one in
        the middle. Then they take turns, in their order, and get another value as long as there is
        room; values are as far apart as they come.

        Parameters
        ----------
        usual
            Values by name; None: the defaults of a build.
        """
        if len(self) <= most:
            return self
        counts = [1] * len(self.parameters)
        grows = True
        while grows:
            grows = False
            for place, parameter in enumerate(self.parameters):
                others = math.prod(counts) // counts[place]
                if counts[place] < len(parameter.values) and others * (counts[place] + 1) <= most:
                    counts[place] += 1
                    grows = True
        kept, fixed = [], dict(self.fixed)
        usual = vars(BuildOptions()) if usual is None else usual
        for parameter, count in zip(self.parameters, counts, strict=True):
            if count > 1:
                kept.append(Parameter(name=parameter.name, values=parameter.thinned(count)))
                continue
            (middle,) = parameter.thinned(1)
            wanted = usual.get(parameter.name)
            fixed[parameter.name] = next((v for v in parameter.values if v == wanted), middle)
        return Space(parameters=tuple(kept), fixed=fixed)

    def options(self, base: BuildOptions, point: Mapping[str, Value]) -> BuildOptions:
        """The options of a build at a point.

        Raises
        ------
        OptionError
            If they contradict each other.
        """
        return with_values(base, {**self.fixed, **point})

    def to_dict(self) -> dict[str, list[Value]]:
        """Values by parameter, for JSON."""
        searched = {parameter.name: list(parameter.values) for parameter in self.parameters}
        return searched | {name: [value] for name, value in self.fixed.items()}


def with_values(base: BuildOptions, values: Mapping[str, Value]) -> BuildOptions:
    """Options of a build with values of parameters.

    Raises
    ------
    OptionError
        If they contradict each other.
    """
    bits = {name.removeprefix(LAYER): v for name, v in values.items() if name.startswith(LAYER)}
    others = {name: value for name, value in values.items() if not name.startswith(LAYER)}
    return base.replace(**others, **({"bits": bits} if bits else {}))


def default_space(base: BuildOptions, given: frozenset[str] | set[str] = frozenset()) -> Space:
    """What the definitions of the options say a search tries, but for options that are `given`."""
    values = {
        name: item.tried
        for name, item in definitions(BuildOptions).items()
        if item.tried and name not in given and not set(_TAKEN_BY.get(name, ())) & given
    }
    return _space(values)


def space_from(
    source: str | Mapping[str, Any] | None, base: BuildOptions, given: frozenset[str] | set[str]
) -> Space:
    """The space of a table, of a TOML file or of a plug-in (`nnhw.spaces`); the default if None.

    Raises
    ------
    OptionError
        If an option is none, its values are wrong, or it is also given as the same for all
        designs.
    PluginError
        If the plug-in is broken, or gives no table.
    """
    if source is None:
        return default_space(base, given)
    if isinstance(source, Mapping):
        table, origin = source, "The search space"
    else:
        table, origin = _named_table(source)
    values = read_values(table, origin)
    for name in values:
        if name.partition(".")[0] in given and not name.startswith(LAYER):
            raise OptionError(
                f"{origin} has values of {name}, which is also given as the same for all designs; "
                "drop one of them"
            )
    return _space(values)


def read_values(table: Mapping[str, Any], origin: str) -> dict[str, tuple[Value, ...]]:
    """Values by parameter, checked against the definitions of the options.

    Parameters
    ----------
    table
        A list of values, or one value, by option; of `bits` a table of them by layer.
    origin
        Where it is from, to begin a sentence.

    Raises
    ------
    OptionError
        It says what `origin` has, and what was expected.
    """
    known = definitions(BuildOptions)
    widths = known["bits"].kind
    assert isinstance(widths, LayerBits)
    found: dict[str, tuple[Value, ...]] = {}
    for name, values in table.items():
        if name.startswith(LAYER):
            found[name] = _checked(name, widths.bits, values, origin)
            continue
        check_names([name], origin, BuildOptions)
        if name != "bits":
            found[name] = _checked(name, known[name].kind, values, origin)
        elif isinstance(values, Mapping):
            for layer, some in values.items():
                found[f"{LAYER}{layer}"] = _checked(f"bits of {layer}", widths.bits, some, origin)
        else:
            raise OptionError(
                f"{origin} has bits = {values!r}: it must be a table of layers, with a list of "
                "bits each"
            )
    return found


def read_choices(texts: Iterable[str]) -> dict[str, list[Any]]:
    """A table of values of texts such as "rows=4,8" or "stream_bytes=1,1;8,4".

    Values stand between commas, or between semicolons where they have commas themselves.

    Raises
    ------
    OptionError
        If a text has no equals sign, or an option is there twice.
    """
    table: dict[str, list[Any]] = {}
    for text in texts:
        name, _, values = text.rpartition("=")
        name = name.strip().replace("-", "_") if not name.startswith(LAYER) else name
        if not name or not values:
            raise OptionError(f"{text!r} must be an option and its values, such as rows=4,8,16")
        if name in table:
            raise OptionError(f"Values of {name} are there twice; give all of them at once")
        table[name] = [_read_value(each) for each in values.split(";" if ";" in values else ",")]
    return table


def _read_value(text: str) -> Any:
    """A number, true, false or a name, as TOML has them."""
    text = text.strip()
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text, text)


def _checked(name: str, kind: Any, values: Any, origin: str) -> tuple[Value, ...]:
    listed = list(values) if isinstance(values, list | tuple) else [values]
    if isinstance(kind, StreamBytes):
        listed = [
            ",".join(map(str, v)) if isinstance(v, list | tuple) else v
            for v in ([values] if kind.accepts(values) else listed)
        ]
    if not listed:
        raise OptionError(f"{origin} has no values of {name}; give one at least")
    for value in listed:
        check(name, kind, value)
        if not isinstance(value, int | float | str):
            raise OptionError(
                f"{origin} has {value!r} of {name}, which cannot be searched: values are numbers, "
                "names, true and false"
            )
    if len(set(map(repr, listed))) < len(listed):
        raise OptionError(f"{origin} has a value of {name} twice")
    return tuple(listed)


def _space(values: Mapping[str, Sequence[Value]]) -> Space:
    return Space(
        parameters=tuple(
            Parameter(name=name, values=tuple(some))
            for name, some in values.items()
            if len(some) > 1
        ),
        fixed={name: some[0] for name, some in values.items() if len(some) == 1},
    )


def without(space: Space, idle: Mapping[str, Sequence[Value]]) -> Space:
    """The space less some values by parameter."""
    left = {
        name: [value for value in values if value not in idle.get(name, ())]
        for name, values in space.to_dict().items()
    }
    return _space({name: values for name, values in left.items() if values})


def _named_table(source: str) -> tuple[Mapping[str, Any], str]:
    plugin = find_plugin(SPACES, source)
    if plugin is not None:
        use_plugin(plugin)
        table = load_plugin(plugin, needed=True)
        if not isinstance(table, Mapping):
            raise PluginError(f"{plugin} must be a table of options with lists of values")
        return table, f"The search space of {plugin}"
    if not Path(source).exists():
        there = [item.name for item in installed_plugins(SPACES)]
        raise OptionError(
            f"There is no file '{source}' with values to try, and no plug-in of that name (there "
            f"are {', '.join(there) or 'none'})"
        )
    what = f"Search space {source}"
    with reading(what, OptionError):
        return read_table(source), what
