"""`nnhw inspect`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from rich.console import Console

from .app import app
from .arguments import CONFIG, DATA, Json, Model
from .build_options import chosen_options, with_build_options


@app.command()
@with_build_options
def inspect(
    *,
    model: Model,
    data: Annotated[Path | None, DATA] = None,
    config: Annotated[Path | None, CONFIG] = None,
    as_json: Json = False,
    **others: Any,
) -> None:
    """Show a network's layers and size, and whether nnhw can build it with the same options.

    All steps of a build before its export are tried. A float network that is given no data is
    calibrated with random samples.
    """
    from ..inspection import inspect_model
    from ..report import render_model

    summary = inspect_model(model, data=data, config=config, **chosen_options(others))
    if as_json:
        print(json.dumps(summary.to_json(), indent=2))
    else:
        Console().print(render_model(summary))
