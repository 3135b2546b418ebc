"""Samples changed at random, so that fewer do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import OptionError
from ..ir import Batch, Graph
from ..options import TuneOptions

_ROWS, _COLUMNS = 1, 2
"""Axes of samples (N, H, W, C)."""

_NEEDED = {
    "shift": (_ROWS, _COLUMNS),
    "flip": (_COLUMNS,),
    "mask_rows": (_ROWS,),
    "mask_cols": (_COLUMNS,),
}
"""Axes by option, one of which must be longer than one."""


def check_augmentation(graph: Graph, options: TuneOptions) -> None:
    """Make sure that options that change samples do.

    Raises
    ------
    OptionError
        If no input of the network has what an option changes.
    """
    shapes = [graph.tensors[port.tensor].shape for port in graph.inputs]
    for name, axes in _NEEDED.items():
        if not getattr(options, name):
            continue
        sizes = [shape[axis - 1] for shape in shapes for axis in axes]
        if max(sizes) == 1:
            kinds = " and ".join({_ROWS: "rows", _COLUMNS: "columns"}[axis] for axis in axes)
            raise OptionError(
                f"Option {name} changes {kinds} of inputs, of which this network's have one only; "
                "drop it"
            )
        if name.startswith("mask") and getattr(options, name) >= max(sizes):
            raise OptionError(
                f"Option {name} must be less than the {max(sizes)} that the inputs have, not "
                f"{getattr(options, name)}"
            )


def augment(
    batch: Batch, options: TuneOptions, deviation: dict[str, float], rng: np.random.Generator
) -> Batch:
    """Samples moved, mirrored, with noise and masked, as the options ask for.

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
        Edges are repeated where an image is moved away from them. Masked is a stripe of up to so
        many rows or columns, wherever it may be (Park et al., "SpecAugment: A Simple Data
        Augmentation Method for Automatic Speech Recognition", 2019), which has the sample's mean.
    """

    def changed(name: str, x: np.ndarray) -> np.ndarray:
        if options.shift is not None and max(x.shape[1:3]) > 1:
            x = _moved(x, options.shift, rng)
        if options.flip and x.shape[_COLUMNS] > 1:
            mirrored = rng.random(len(x)) < 0.5
            x = np.where(mirrored[:, None, None, None], x[:, :, ::-1], x)
        if options.noise is not None:
            size = options.noise * deviation[name]
            x = x + rng.normal(0, size, x.shape).astype(np.float32)
        for most, axis in ((options.mask_rows, _ROWS), (options.mask_cols, _COLUMNS)):
            if most is not None and x.shape[axis] > 1:
                x = _masked(x, most, axis, rng)
        return x

    return batch.map(changed)


@dataclass(frozen=True)
class Mixture:
    """Samples of a step, each mixed with another one (Zhang et al., "mixup: Beyond Empirical Risk
    Minimization", 2018).

    Parameters
    ----------
    partner
        Numbers of the others, (N,).
    share
        What is kept of each sample, float32 (N,).
    """

    partner: np.ndarray
    share: np.ndarray

    def of(self, batch: Batch) -> Batch:
        """The mixed samples, (N, H, W, C) by input."""
        share = self.share[:, None, None, None]
        return batch.map(lambda _, x: share * x + (1 - share) * x[self.partner])


def draw_mixture(count: int, alpha: float, rng: np.random.Generator) -> Mixture:
    """A mixture of so many samples, by shares of the distribution Beta(alpha, alpha)."""
    share = rng.beta(alpha, alpha, count).astype(np.float32)
    return Mixture(partner=rng.permutation(count), share=share)


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


def _masked(x: np.ndarray, most: int, axis: int, rng: np.random.Generator) -> np.ndarray:
    size = x.shape[axis]
    lengths = rng.integers(0, min(most, size - 1) + 1, len(x))
    starts = rng.integers(0, size - lengths + 1)
    places = np.arange(size)
    stripes = (starts[:, None] <= places) & (places < (starts + lengths)[:, None])
    masked = np.expand_dims(stripes, (2, 3) if axis == _ROWS else (1, 3))
    return np.where(masked, x.mean(axis=(1, 2, 3), keepdims=True), x)
