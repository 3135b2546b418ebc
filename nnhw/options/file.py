"""Options in a TOML file, and names that are no option."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from os import PathLike
from typing import Any

from ..budget import size_text
from ..errors import OptionError
from .definition import definitions

_LARGEST_FILE = 1 << 20


def read_table(path: str | PathLike[str]) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    OptionError
        If the file cannot be read or is not TOML.
    """
    what = f"Configuration file {path}"
    try:
        with open(path, "rb") as file:
            text = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise OptionError(f"{what} cannot be read: {error.strerror}") from error
    if len(text) > _LARGEST_FILE:
        raise OptionError(f"{what} is larger than {size_text(_LARGEST_FILE)}: is it TOML?")
    try:
        return tomllib.loads(text.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"{what} is not TOML: {error}") from error


def check_names(
    names: Iterable[str], origin: str, *options: type, command: str = "a build"
) -> None:
    """Refuse what is no option.

    Parameters
    ----------
    names
        That were given.
    origin
        Who gave them, as the message is to say.
    options
        The classes whose fields are the options.
    command
        What they are options of.

    Raises
    ------
    OptionError
        It says what `origin` names, and what was probably meant.
    """
    known = {name: item for each in options for name, item in definitions(each).items()}
    earlier = {item.formerly: name for name, item in known.items() if item.formerly}
    for name in names:
        if name in known:
            continue
        if name in earlier:
            raise OptionError(f"{origin} names '{name}', which is called {earlier[name]} now")
        similar = get_close_matches(name, known, n=1)
        advice = f"did you mean {similar[0]}?" if similar else f"there are {', '.join(known)}"
        raise OptionError(f"{origin} names '{name}', which is no option of {command}; {advice}")
