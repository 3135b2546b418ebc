"""`nnhw inspect`."""

from __future__ import annotations

import json

from rich.console import Console

from .app import app
from .arguments import Json, MaxMemory, Model


@app.command()
def inspect(model: Model, max_memory: MaxMemory = None, as_json: Json = False) -> None:
    """Show a network's layers and size, and whether nnhw can build it."""
    from ..budget import DEFAULT_MAX_MEMORY, memory_budget
    from ..frontend import inspect_model
    from ..report import render_model

    with memory_budget(max_memory or DEFAULT_MAX_MEMORY):
        summary = inspect_model(model)
    if as_json:
        print(json.dumps(summary.to_json(), indent=2))
    else:
        Console().print(render_model(summary))
