"""A technology: a made-up FPGA whose multipliers are cells of its own.

A family of nnhw's own is a folder of this form, too; see `nnhw.families` for all that it may have.
"""
