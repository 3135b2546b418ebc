"""Graphs that steps have made, in files, so that a build can go on from there."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..design import sha256_of
from ..errors import OptionError, reading
from ..ir import load_graph, save_graph
from ..options import definitions
from ..report import Equalization
from .state import BuildState
from .step import Step

_STATE = "state.json"
_GROUPS = ("Quantization",)
"""Options that the graphs depend on."""


def save_step(state: BuildState, step: Step, folder: Path) -> None:
    """Write the graphs that a step has made to `folder`, one file each, and what they depend on.

    Raises
    ------
    OptionError
        If they cannot be written.
    """
    if not step.makes:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in step.makes:
            save_graph(getattr(state, name), folder / _file(step, name))
        even = state.equalization
        saved = {**_origin(state), "equalization": None if even is None else asdict(even)}
        (folder / _STATE).write_text(json.dumps(saved, indent=2), encoding="utf-8")
    except OSError as error:
        raise OptionError(
            f"Steps cannot be saved in '{folder}': {error.strerror}; give another folder"
        ) from error


def restore_step(state: BuildState, step: Step, folder: Path) -> None:
    """Read the graphs back that a step has made.

    Raises
    ------
    OptionError
        If they are not there, or were made of another model, other data or other options.
    """
    if not step.makes:
        return
    if not (folder / _STATE).is_file():
        raise OptionError(
            f"'{folder}' holds no saved steps: run the build with save_steps={folder} first"
        )
    with reading(f"Saved steps in '{folder}'", OptionError, "run the build from its beginning"):
        saved = json.loads((folder / _STATE).read_text(encoding="utf-8"))
        for name, value in _origin(state).items():
            if saved[name] != value:
                raise OptionError(
                    f"The steps saved in '{folder}' were made with another {name} "
                    f"({saved[name]!r}, not {value!r}); run the build from its beginning"
                )
        for name in step.makes:
            setattr(state, name, load_graph(folder / _file(step, name)))
        if (even := saved["equalization"]) is not None:
            state.equalization = Equalization(**even)


def _file(step: Step, name: str) -> str:
    return f"{step.name}.{name}.npz"


def _origin(state: BuildState) -> dict[str, Any]:
    """What the graphs depend on."""
    options = state.options.to_dict()
    return {
        "model": sha256_of(state.model),
        "data": None if state.data is None else state.data.sha256,
        "seed": options["seed"],
        "trim": options["trim"],
        **{
            name: options[name]
            for name, item in definitions(state.options).items()
            if item.group in _GROUPS
        },
    }
