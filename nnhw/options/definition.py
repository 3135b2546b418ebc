"""The definition of an option, from which all of its forms follow."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from .kinds import Kind

_KEY = "definition"
_Class = TypeVar("_Class", bound=type)


@dataclass(frozen=True, kw_only=True)
class Definition:
    """An option.

    Parameters
    ----------
    name
        In Python and in files.
    kind
        What values it takes.
    default
        Its value if nothing is chosen; None if it is then off, which no file can say otherwise.
    help
        One sentence.
    group
        Heading that it stands under.
    formerly
        A name that it had in earlier versions, which is refused with a hint; "" if there is none.
    tried
        Values that `nnhw explore` tries unless it is told others; empty if it leaves the option
        alone.
    """

    name: str
    kind: Kind
    default: Any
    help: str
    group: str
    formerly: str = ""
    tried: tuple[Any, ...] = ()

    @property
    def is_optional(self) -> bool:
        """Whether None says that nothing was chosen."""
        return self.default is None


def option(
    kind: Kind,
    default: Any = None,
    *,
    help: str,
    group: str,
    formerly: str = "",
    tried: tuple[Any, ...] = (),
) -> Any:
    """A dataclass field that is an option; see `Definition`. A callable default makes the value."""
    definition = {"kind": kind, "help": help, "group": group, "formerly": formerly, "tried": tried}
    metadata = {_KEY: definition}
    if callable(default):
        return dataclasses.field(default_factory=default, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def same_option(options: Any, name: str) -> Any:
    """A dataclass field that is the option of another class, so that it is defined once."""
    (field,) = (field for field in dataclasses.fields(options) if field.name == name)
    return dataclasses.field(
        default=field.default, default_factory=field.default_factory, metadata=field.metadata
    )


def definitions(options: Any) -> Mapping[str, Definition]:
    """The options that a class (or a value of it) has, by name and in their order."""
    found = {}
    for field in dataclasses.fields(options):
        factory: Callable[[], Any] | Any = field.default_factory
        default = field.default if factory is dataclasses.MISSING else factory()
        found[field.name] = Definition(name=field.name, default=default, **field.metadata[_KEY])
    return found


def documented(options: _Class) -> _Class:
    """Add the definitions of its options to the docstring of a class, as its parameters."""
    lines = ["", "", "Parameters", "----------"]
    for item in definitions(options).values():
        lines += [item.name, f"    {item.help} {value_text(item)}."]
    lines += ["", "Raises", "------", "OptionError"]
    lines += [
        "    If an option has the wrong type, is out of range or contradicts another one.",
        "",
    ]
    options.__doc__ = (options.__doc__ or "").rstrip() + "\n".join(
        f"    {x}".rstrip() for x in lines
    )
    return options


def value_text(item: Definition) -> str:
    """What an option's values are, and its default, in one clause."""
    wanted = item.kind.wanted
    default = item.default
    if default in (None, {}, ()):
        return wanted[0].upper() + wanted[1:]
    shown = ", ".join(default) if isinstance(default, tuple) else str(default)
    shown = shown.lower() if isinstance(default, bool) else shown
    return f"{wanted[0].upper()}{wanted[1:]}; {shown} by default"
