"""Search for the settings of a run, with the machinery of `nnhw.search`."""

from .settings import find_settings

__all__ = ["find_settings"]
