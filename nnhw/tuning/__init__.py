"""Tuning: training that sees the integers; the only importer of PyTorch."""
