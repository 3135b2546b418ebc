"""Samples changed at random, so that fewer do."""

from __future__ import annotations

import numpy as np

from ..ir import Batch
from ..options import TuneOptions


def augment(
    batch: Batch, options: TuneOptions, deviation: dict[str, float], rng: np.random.Generator
) -> Batch:
    """Samples moved, mirrored and with noise, as the options ask for.

    Parameters
    ----------
    batch
        Real values (N, H, W, C) by input.
    deviation
        Standard deviation of each input's values.
    rng
        Draws another move for each sample.

    Returns
    -------
    Batch
        Edges are repeated where an image is moved away from them.
    """

    def changed(name: str, x: np.ndarray) -> np.ndarray:
        is_image = min(x.shape[1:3]) > 1
        if options.shift is not None and is_image:
            x = _moved(x, options.shift, rng)
        if options.flip and is_image:
            mirrored = rng.random(len(x)) < 0.5
            x = np.where(mirrored[:, None, None, None], x[:, :, ::-1], x)
        if options.noise is not None:
            size = options.noise * deviation[name]
            x = x + rng.normal(0, size, x.shape).astype(np.float32)
        return x

    return batch.map(changed)


def _moved(x: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    padded = np.pad(x, ((0, 0), (most, most), (most, most), (0, 0)), mode="edge")
    places = rng.integers(0, 2 * most + 1, (len(x), 2))
    height, width = x.shape[1:3]
    return np.stack(
        [
            image[down : down + height, right : right + width]
            for image, (down, right) in zip(padded, places, strict=True)
        ]
    )
