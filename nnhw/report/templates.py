"""Templates of report.html."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def render_template(name: str, **values: Any) -> str:
    """A template of the folder templates with values; the same values give the same text.

    Texts are escaped, unless they are `markupsafe.Markup`.
    """
    environment = Environment(
        loader=PackageLoader("nnhw.report", package_path="templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(f"{name}.html.jinja").render(**values)
