"""The address map of a small load port for tests."""

from nnhw.machine import LoadMap, Section

SIZES = {
    "control": (1, 1),
    "geometry": (3, 32),
    "fetch": (5, 40),
    "weights": (20, 64),
    "parameters": (6, 30),
}
LOAD_MAP = LoadMap(
    {
        name: Section(name=name, number=number, rows=rows, width=width)
        for number, (name, (rows, width)) in enumerate(SIZES.items())
    }
)
