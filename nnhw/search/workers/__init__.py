"""Who evaluates points: this process, processes of this machine, or those of a Dask scheduler."""

from .found import open_workers
from .work import Done, Workers

__all__ = ["Done", "Workers", "open_workers"]
