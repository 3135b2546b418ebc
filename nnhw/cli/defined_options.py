"""Options on the command line, made from their definitions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import typer

from ..options import (
    Best,
    Between,
    Choice,
    Definition,
    Device,
    Flag,
    InputShapes,
    Integer,
    LayerBits,
    Memory,
    Names,
    NoiseLevels,
    Number,
    PluginChoice,
    Share,
    StreamBytes,
    Text,
    ValuesToTry,
    as_flags,
    definitions,
    flag_of,
    read_shapes,
)

_MOST_NAMES = 40
"""Characters of names that leave room for words in the same line of help."""

_OTHERS = "others"
"""Name of the parameter that takes the options."""

_Command = TypeVar("_Command", bound=Callable[..., None])


def with_options(*options: type) -> Callable[[_Command], _Command]:
    """Give a command the options that are the fields of classes, such as `BuildOptions`.

    They follow its own parameters, and reach it as keyword arguments `others`: None if an option is
    not on the command line.
    """

    def give(command: _Command) -> _Command:
        own = inspect.signature(command, eval_str=True)
        parameters = [item for item in own.parameters.values() if item.name != _OTHERS]
        defined = (item for each in options for item in definitions(each).values())
        parameters += [_parameter(item) for item in defined]
        command.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {item.name: item.annotation for item in parameters}
        return command

    return give


def chosen_options(values: Mapping[str, Any], *options: type) -> dict[str, Any]:
    """Of the values of the command line those that were given, as the classes of options have
    them."""
    given = {name: value for name, value in values.items() if value not in (None, [])}
    defined = {name: item for each in options for name, item in definitions(each).items()}
    for name, item in defined.items():
        if name in given and isinstance(item.kind, LayerBits):
            given[name] = _layer_bits(given[name], flag_of(name))
        elif name in given and isinstance(item.kind, NoiseLevels):
            given[name] = noise_levels(given[name], flag_of(name))
        elif name in given and isinstance(item.kind, InputShapes):
            given[name] = _input_shapes(given[name], flag_of(name))
        elif name in given and isinstance(item.kind, Choice | PluginChoice):
            given[name] = given[name].value
    return given


def _parameter(item: Definition) -> inspect.Parameter:
    """The option as a parameter of a command, None unless given."""
    declared: list[str] = []
    settings: dict[str, Any] = {
        "help": as_flags(item.help),
        "rich_help_panel": item.group,
    }
    if item.default not in (None, {}, ()):
        shown = item.default
        settings["show_default"] = ",".join(shown) if isinstance(shown, tuple) else str(shown)
    annotation: Any
    match item.kind:
        case Integer(lo, hi):
            annotation = int
            settings |= {"min": lo, "max": hi, "metavar": "N"}
        case Between() | Number() | Share():
            annotation = float
            settings["metavar"] = "X"
        case Flag():
            annotation = bool
            on, off = flag_of(item.name), flag_of(f"no_{item.name}")
            declared = [f"{on}/{off}"]
            settings["show_default"] = (on if item.default else off).removeprefix("--")
        case Choice() | PluginChoice():
            annotation = _enumeration(item.name, item.kind.names)
            words = settings["help"]
            names = "|".join(item.kind.names)
            between = ": " if len(names) < _MOST_NAMES else "; "
            text = f"{names}{between}{words[0].lower()}{words[1:]}"
            settings |= {"metavar": "NAME", "help": text}
        case Device():
            annotation = str
            settings["metavar"] = "DEVICE"
        case Names():
            annotation = list[str]
            settings |= {"metavar": "NAME"}
            settings["help"] = f"{settings['help'].rstrip('.')}; may be repeated."
        case Best():
            annotation = str
            settings["metavar"] = "top:N"
        case Text():
            annotation = str
            settings["metavar"] = "TEXT"
        case ValuesToTry():
            annotation = str
            settings["metavar"] = "FILE"
        case Memory():
            annotation = str
            settings["metavar"] = "SIZE"
        case StreamBytes():
            annotation = str
            settings["metavar"] = "IN,OUT"
        case InputShapes():
            annotation = list[str]
            settings |= {"metavar": "NAME=SHAPE"}
            settings["help"] = f"{settings['help'].rstrip('.')}; may be repeated."
        case NoiseLevels():
            annotation = list[str]
            settings |= {"metavar": "KIND=X"}
            settings["help"] = f"{settings['help'].rstrip('.')}; may be repeated."
        case LayerBits():
            annotation = list[str]
            settings |= {"metavar": "LAYER=N"}
            settings["help"] = f"{settings['help'].rstrip('.')}; may be repeated."
    return inspect.Parameter(
        item.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[annotation | None, typer.Option(*declared, **settings)],
    )


def _enumeration(title: str, names: tuple[str, ...]) -> Any:
    """The names as typer takes them."""
    return StrEnum(title, {name.upper(): name for name in names})


def _input_shapes(settings: list[str], flag: str) -> dict[str, tuple[int, ...]]:
    """Shapes by input."""
    shapes: dict[str, tuple[int, ...]] = {}
    for setting in settings:
        found = read_shapes(setting)
        if found is None:
            raise typer.BadParameter(f"{setting!r} is not {InputShapes.wanted}", param_hint=flag)
        shapes |= found
    return shapes


def noise_levels(settings: list[str], flag: str) -> dict[str, float]:
    """Levels of noise by kind."""
    levels = {}
    for setting in settings:
        kind, _, level = setting.partition("=")
        try:
            levels[kind.replace("-", "_")] = float(level)
        except ValueError:
            raise typer.BadParameter(
                f"{setting!r} is not KIND=X, such as weights=0.02", param_hint=flag
            ) from None
    return levels


def _layer_bits(settings: list[str], flag: str) -> dict[str, int]:
    """Widths by layer; names of layers may have an equals sign in them."""
    widths = {}
    for setting in settings:
        layer, _, width = setting.rpartition("=")
        if not layer or not width.isdecimal():
            raise typer.BadParameter(
                f"{setting!r} is not LAYER=N, such as /body/body.0/Conv=4", param_hint=flag
            )
        widths[layer] = int(width)
    return widths
