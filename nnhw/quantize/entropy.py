"""Calibration by relative entropy (Kullback-Leibler divergence).

After S. Migacz, "8-bit Inference with TensorRT", GPU Technology Conference 2017: the range is cut
where the distribution of the quantized values tells least less than that of the real ones.

It takes hundreds of samples: with fewer, a few values in the tail of a distribution look like
information not worth keeping. See benchmarks/quantization.py for how it compares.
"""

from __future__ import annotations

import numpy as np

from .statistics import Distribution

_CANDIDATES = 64
"""Cuts that are tried, evenly from all to a 64th of the range."""


def entropy_range(distribution: Distribution, bits: int) -> tuple[float, float]:
    """(lo, hi) of the least relative entropy among ranges cut by the same share at either end.

    For each candidate range, the reference distribution is the histogram with all that lies outside
    added to its outermost bins. The quantized one spreads what each of 2**bits steps holds of the
    histogram itself over those bins of the step that are not empty. Divergence is that of the
    reference from the quantized distribution.

    Parameters
    ----------
    distribution
        Of an activation, exact zeros left out.
    bits
        Width of its integers.
    """
    counts = distribution.counts.astype(np.float64)
    if not counts.any():
        return distribution.lo, distribution.hi
    best, least = (distribution.lo, distribution.hi), np.inf
    for share in np.arange(_CANDIDATES, 0, -1) / _CANDIDATES:
        lo, hi = distribution.lo * share, distribution.hi * share
        first, last = np.searchsorted(distribution.centers, (lo, hi))
        if last - first < 1 << bits:
            break  # fewer bins than steps: nothing can be told apart
        divergence = _divergence(counts, int(first), int(last), 1 << bits)
        if divergence < least:
            best, least = (float(lo), float(hi)), divergence
    return best


def _divergence(counts: np.ndarray, first: int, last: int, steps: int) -> float:
    """Relative entropy of a histogram saturated to bins `first` to `last`, and of its steps."""
    inside = counts[first:last]
    if not inside.any():
        return np.inf
    reference = inside.copy()
    reference[0] += counts[:first].sum()
    reference[-1] += counts[last:].sum()
    step = np.arange(len(inside)) * steps // len(inside)
    used = reference > 0
    held = np.bincount(step, weights=inside, minlength=steps)
    share = np.bincount(step, weights=used, minlength=steps)
    spread = (held / np.maximum(share, 1))[step]
    # Smoothing: a step that holds nothing but what was cut off must not have probability zero.
    p = reference[used] / reference.sum()
    q = np.maximum(spread[used], 1e-4) / np.maximum(spread[used], 1e-4).sum()
    return float(np.sum(p * np.log(p / q)))
