"""`nnhw plugins`."""

from __future__ import annotations

from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .app import app
from .arguments import Json
from .help import OneLineCommand
from .output import print_json


@app.command(cls=OneLineCommand)
def plugins(*, as_json: Json = False) -> None:
    """List what installed packages add to nnhw."""
    from ..plugins import list_plugins

    found = list(list_plugins())
    if as_json:
        rows = [{**asdict(item.plugin), "problem": item.problem} for item in found]
        print_json({"plugins": rows})
        return
    if not found:
        print("No installed package adds anything to nnhw")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("", "group", "name", "package", "problem"):
        table.add_column(name)
    for item in found:
        table.add_row(
            Text("✗", style="red") if item.problem else Text("✓", style="green"),
            Text(item.plugin.group),
            Text(item.plugin.name),
            Text(f"{item.plugin.package} {item.plugin.version}"),
            Text(item.problem),
        )
    Console().print(table)
