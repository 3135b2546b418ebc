"""`nnhw disasm`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .app import app
from .arguments import Json
from .help import OneLineCommand
from .output import print_json


@app.command(cls=OneLineCommand)
def disasm(
    image: Annotated[
        Path,
        typer.Argument(help="An image file, or the folder of a design with one.", metavar="IMAGE"),
    ],
    design: Annotated[
        Path | None,
        typer.Option(
            "--for",
            help="Folder of the design that the image is for.",
            show_default="the image's own folder",
            metavar="DESIGN",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print what is in an image.

    Its sections, the geometry of frames, and the instructions.
    """
    from ..image import IMAGE_FILE, image_contents, image_listing, read_image
    from ..machine import MACHINE_FILE, read_machine

    file = image / IMAGE_FILE if image.is_dir() else image
    contents = read_image(file)
    machine = read_machine((design or file.parent) / MACHINE_FILE)
    if as_json:
        print_json(image_contents(contents, machine))
    else:
        print(image_listing(contents, machine), end="")
