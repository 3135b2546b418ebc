"""Prints the table of features in docs/optional_hardware.md: `python -m nnhw.machine.features`."""

from . import feature_rows

print("| feature | kept if | in |", "|---|---|---|", *feature_rows(), sep="\n")
