"""A step of a build: the layers as a table for a spreadsheet."""

from __future__ import annotations

from nnhw.pipeline import AddedStep, BuildState, Step

FILE = "layers.csv"


def write_table(state: BuildState) -> None:
    """Write the cycles of every layer beside the design."""
    placement = state.placement
    rows = [
        f"{layer.name},{timing.start},{timing.cycles}"
        for layer, timing in zip(placement.program.layers, placement.cycles.layers, strict=True)
    ]
    path = state.stage.folder / FILE
    path.write_text("\n".join(["layer,start,cycles", *rows]) + "\n", encoding="utf-8")
    state.files = (*state.files, FILE)


LAYER_TABLE = AddedStep(
    step=Step(name="layer-table", title="Write a table of layers", run=write_table, writes=True),
    after="export",
)
