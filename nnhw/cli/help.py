"""Help in groups, a line for each option; docs/options.md and the manual have it in full."""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import wrap
from typing import Any

from typer.core import TyperCommand, TyperGroup

WIDTH = 80
_NAMES = 24
"""Characters of the column of names."""
_ROOM = WIDTH - _NAMES - 4

_NO_DEFAULTS = (None, False, (), "")


class OneLineCommand(TyperCommand):
    """A command with such help."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Usage, what it does, and its options by group."""
        formatter.write("\n".join([*_head(self, ctx), *_parameters(self)]))


class OneLineGroup(TyperGroup):
    """The command nnhw itself."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Usage, what it does, its options, and all commands."""
        lines = [*_head(self, ctx), *_parameters(self), "Commands"]
        lines += [_line(name, brief(command.help or "")) for name, command in self.commands.items()]
        formatter.write("\n".join(lines) + "\n")


def brief(text: str, room: int = _ROOM) -> str:
    """What can be said in a line: what comes before the first semicolon, full stop or ", to".

    Names to choose from are all said, in as many lines as they take.
    """
    clause = re.split(r"[.;](?:\s|$)|, to ", " ".join(text.split()), maxsplit=1)[0]
    if "|" in clause and " " not in clause:
        return "\n".join(wrap(clause.replace("|", "| "), room)).replace("| ", "|")
    return clause if len(clause) <= room else f"{clause[: room - 1]}…"


def _head(command: Any, ctx: Any) -> Iterable[str]:
    yield f"Usage: {ctx.command_path} {' '.join(command.collect_usage_pieces(ctx))}"
    yield ""
    for paragraph in (command.help or "").strip().split("\n\n"):
        yield from (*wrap(paragraph, WIDTH), "")


def _parameters(command: Any) -> Iterable[str]:
    groups: dict[str, list[str]] = {}
    for parameter in command.params:
        is_option = parameter.param_type_name == "option"
        group = (parameter.rich_help_panel or "Options") if is_option else "Arguments"
        name = _option(parameter) if is_option else (parameter.metavar or parameter.name)
        groups.setdefault(group, []).append(_line(name, _help(parameter)))
    if "Options" in groups:
        # what belongs to no group comes last, with what typer adds
        groups["Options"] = groups.pop("Options")
    groups.setdefault("Options", []).append(_line("--help", "Show this help"))
    for group, lines in groups.items():
        yield from (group, *lines, "")


def _option(option: Any) -> str:
    """Such as "--rows N" or "--[no-]trim"."""
    name = option.opts[0]
    if any(other == f"--no-{name[2:]}" for other in option.secondary_opts):
        return f"--[no-]{name[2:]}"
    return name if option.is_flag else f"{name} {option.metavar or 'VALUE'}"


def _help(parameter: Any) -> str:
    """One line, with the default where there is room for it."""
    text = brief(parameter.help or "")
    shown = getattr(parameter, "show_default", True)
    default = shown if isinstance(shown, str) else parameter.default
    if default in _NO_DEFAULTS or callable(default) or text.startswith(f"{default}|"):
        return text
    with_default = f"{text} [{default}]"
    return with_default if len(with_default) <= _ROOM else text


def _line(name: str, text: str) -> str:
    first, *others = text.splitlines() or [""]
    indented = (f"{'':{_NAMES + 4}}{line}" for line in others)
    return "\n".join([f"  {name:<{_NAMES}}  {first}".rstrip(), *indented])
