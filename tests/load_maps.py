"""The address map of a small load port for tests."""

from dataclasses import replace

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
TWO_BANKS = LoadMap(
    {
        name: replace(section, banks=1 if name == "control" else 2)
        for name, section in LOAD_MAP.sections.items()
    },
    2,
)
"""The same for two networks."""
