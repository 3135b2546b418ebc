"""Who sees which samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from ..conversion import CALIBRATION_SAMPLES
from ..data import Data, Dataset, DataSource, load_data, parts
from ..ir import Graph
from ..options import TuneOptions


@dataclass(frozen=True, kw_only=True)
class Splits:
    """Samples of a run; those that its result is judged by are none of them.

    Parameters
    ----------
    train
        What weights are learned from.
    calibration
        Those of them, in memory, that quantization calibrates with before.
    validation
        What the epoch is chosen by. They are seen by nobody else, unless there are so few samples
        that all are in both parts: `validation.held_out` says so.
    """

    train: Dataset
    calibration: Dataset
    validation: Dataset


def split_samples(
    data: Data | DataSource, val: Data | DataSource | None, graph: Graph, options: TuneOptions
) -> Splits:
    """Read samples and share them out.

    Validation samples are those given, or the share of the data that the option `val_share` says,
    drawn by the seed; fewer than 20 samples are too few to share out.

    Raises
    ------
    DataError
        If samples do not fit the network.
    """
    train = load_data(data, graph)
    if val is not None:
        validation = load_data(val, graph)
        held_out = True
    else:
        count = max(1, round(options.val_share * len(train)))
        validation, train = train.split(options.seed, count)
        held_out = train.held_out
    calibration, _ = train.split(options.seed, CALIBRATION_SAMPLES)
    return Splits(
        train=train,
        calibration=calibration,
        validation=Dataset(
            x=validation.x, y=validation.y, labels=validation.labels, held_out=held_out
        ),
    )


def known_samples(splits: Splits, graph: Graph) -> int:
    """How many validation samples are among those that are learned from, value for value."""
    learned = set(_digests(splits.train, graph))
    return sum(digest in learned for digest in _digests(splits.validation, graph))


def _digests(data: Dataset, graph: Graph) -> Iterator[bytes]:
    for batch in parts(data.x, graph):
        for sample in zip(*batch.arrays.values(), strict=True):
            yield blake2b(b"".join(x.tobytes() for x in sample), digest_size=16).digest()
