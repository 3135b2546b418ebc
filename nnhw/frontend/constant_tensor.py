"""Constants where hardware has to have a tensor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..ir import ChannelAffine, Conv, Window
from .builder import Builder
from .node import OnnxNode
from .value import Value


def append_constant(node: OnnxNode, build: Builder, source: Value, elements: np.ndarray) -> str:
    """Append what gives a tensor of constant elements whenever `source` arrives.

    That is a convolution of `source` by zeros, whose bias is the constant. What differs from pixel
    to pixel is added to it.

    Parameters
    ----------
    source
        A computed value as a tensor of the same height and width.
    elements
        float64 (H, W, C).

    Returns
    -------
    str
        Name of the tensor.
    """
    height, width, channels = elements.shape
    bias = elements[0, 0]
    tensor = build.append(
        Conv,
        (source.tensor,),
        elements.shape,
        name=f"{node.name}_constant",
        output=f"{node.output}_constant",
        window=Window(),
        weight=np.zeros((channels, 1, 1, source.shape[2])),
        bias=bias.copy(),
    )
    if (elements == bias).all():
        return tensor
    vector = build.reshaped(
        replace(source, tensor=tensor, shape=elements.shape), (1, 1, elements.size)
    )
    # Each element is a channel of its own.
    offset = (elements - bias).ravel()
    tensor = build.append(
        ChannelAffine,
        (vector.tensor,),
        vector.shape,
        name=f"{node.name}_elements",
        output=f"{node.output}_elements",
        scale=np.ones(elements.size),
        offset=offset,
    )
    whole = replace(vector, tensor=tensor)
    return build.reshaped(whole, (height, width, channels)).tensor
