"""The quantizers there are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import OptionError
from ..ir import Batch, Graph
from ..plugins import QUANTIZERS, find_plugin, load_plugin, use_plugin
from .convert import quantize
from .options import QuantizeOptions

Quantizer = Callable[[Graph, Batch | np.ndarray | None, QuantizeOptions], Graph]
"""Makes the integer graph of a simplified float graph; see `quantize`, which is nnhw's own."""

STANDARD = "standard"

_OWN: dict[str, Quantizer] = {STANDARD: quantize}


def find_quantizer(name: str) -> Quantizer:
    """The quantizer of a name, nnhw's own or that of a plug-in.

    Raises
    ------
    OptionError
        If there is none.
    PluginError
        If several have the name, or it is broken.
    """
    plugin = find_plugin(QUANTIZERS, name, own=_OWN)
    if plugin is None:
        if name not in _OWN:
            raise OptionError(f"There is no quantizer '{name}'; is its package installed?")
        return _OWN[name]
    use_plugin(plugin)
    return load_plugin(plugin, needed=True)
