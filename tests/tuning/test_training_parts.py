"""Objective, learning rate, augmentation and warnings, on their own."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("torch")


import torch
from random_graphs import Builder

from nnhw.data import Dataset
from nnhw.errors import OptionError
from nnhw.ir import Batch, Graph
from nnhw.options import OPTIMIZERS, TuneOptions
from nnhw.tuning.augment import augment, check_augmentation, draw_mixture
from nnhw.tuning.checkpoint import Progress
from nnhw.tuning.objective import Objective, make_objective
from nnhw.tuning.optimizers import largest_rate, learning_rate
from nnhw.tuning.result import find_warnings
from nnhw.tuning.teacher import Teacher


def network(classes: int) -> Graph:
    b = Builder((3, 3, 2))
    return b.graph(b.dense("x", classes))


def objective(classes: int, labels: bool = True, **options: object) -> Objective:
    data = Dataset(x=np.zeros((4, 3, 3, 2)), y=np.arange(4) % 2 if labels else None)
    graph = network(classes)
    answers = {"t0": np.arange(12.0).reshape(4, 1, 1, 3)}
    return make_objective(graph, TuneOptions(**options), data, answers)


def scores(*rows: list[float]) -> dict[str, torch.Tensor]:
    return {"t0": torch.tensor(rows, dtype=torch.float32)[:, :, None, None]}


def softmax(row: list[float]) -> np.ndarray:
    powers = np.exp(np.array(row) - np.max(row))
    return powers / powers.sum()


def test_divergence_of_scores() -> None:
    ours, theirs = [[1.0, 2.0, -1.0], [0.0, 0.5, 4.0]], [[2.0, 1.0, 0.0], [0.0, 0.0, 5.0]]
    found = objective(3, temperature=2.0).losses(scores(*ours), scores(*theirs), None).mean()
    expected = 0.0
    for a, b in zip(ours, theirs, strict=True):
        p, q = softmax([v / 2 for v in b]), softmax([v / 2 for v in a])
        expected += float((p * np.log(p / q)).sum()) / 2
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_temperature_follows_the_scores() -> None:
    deviation = float(np.std(np.arange(12.0)))
    ours, theirs = scores([1.0, 2.0, -1.0]), scores([2.0, 1.0, 0.0])
    given = objective(3, temperature=deviation / 2).losses(ours, theirs, None).mean()
    assert float(objective(3).losses(ours, theirs, None).mean()) == pytest.approx(float(given))


def test_a_single_logit_is_one_of_two_classes() -> None:
    found = objective(1, temperature=1.0)
    loss = found.losses(scores([3.0]), scores([-1.0]), None).mean()
    p, q = softmax([0, -1.0]), softmax([0, 3.0])
    assert float(loss) == pytest.approx(float((p * np.log(p / q)).sum()), rel=1e-5)
    answers = scores([3.0], [-1.0], [2.0])
    assert found.figure_sum(answers, answers, np.array([1, 0, 0])) == 2


def test_other_outputs_are_compared_by_their_squares() -> None:
    chosen = objective(3, labels=False)
    loss = chosen.losses(scores([1.0, 2.0, 3.0]), scores([1.0, 2.0, 6.0]), None).mean()
    assert float(loss) == pytest.approx(3.0 / np.var(np.arange(12.0)), rel=1e-5)
    assert chosen.figure == "SNR dB"
    total = chosen.figure_sum(scores([1.0, 2.0, 3.0]), scores([1.0, 2.0, 6.0]), None)
    wanted = 10 * math.log10(np.var(np.arange(12.0)) / 3)
    assert chosen.figure_value(total, 1) == pytest.approx(wanted)


def test_labels_add_their_cross_entropy() -> None:
    ours, labels = scores([1.0, 2.0, -1.0], [0.0, 0.5, 4.0]), np.array([1, 0])
    chosen = objective(3, labels=True)
    expected = -np.log([softmax([1.0, 2.0, -1.0])[1], softmax([0.0, 0.5, 4.0])[0]]).mean()
    assert float(chosen.losses(ours, None, labels).mean()) == pytest.approx(expected, rel=1e-5)
    both = chosen.losses(ours, scores([2.0, 1.0, 0.0], [0.0, 0.0, 5.0]), labels).mean()
    assert float(both) > expected
    assert chosen.figure_sum(ours, ours, labels) == 1


def test_more_answers_than_there_is_room_for_are_given_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = Dataset(x=np.random.default_rng(0).normal(size=(300, 3, 3, 2)).astype(np.float32))
    rows = np.array([299, 5, 0])
    asked: list[int] = []
    answers = Teacher.answers

    def counted(teacher: Teacher, x: Batch | np.ndarray) -> dict[str, torch.Tensor]:
        found = answers(teacher, x)
        asked.append(len(found["t0"]))
        return found

    monkeypatch.setattr(Teacher, "answers", counted)
    found = []
    for room in (4 * 3 * 300, 4 * 3 * 300 - 1):  # three float32 of each sample
        monkeypatch.setattr("nnhw.tuning.teacher._KEPT", room)
        teacher = Teacher(network(3))
        found.append([teacher.known(data, rows)["t0"].numpy() for _ in range(2)])
        assert sum(asked) == (300 if len(found) == 1 else 2 * len(rows))
        asked.clear()
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5)


@pytest.mark.parametrize("schedule", ["cosine", "step", "constant"])
def test_rate_rises_and_falls(schedule: str) -> None:
    options = TuneOptions(epochs=10, warmup=2, schedule=schedule, lr=0.4)
    rates = [learning_rate(options, epoch / 4) for epoch in range(40)]
    assert rates[4] == pytest.approx(0.2)
    assert max(rates) == rates[8] == pytest.approx(0.4)
    assert rates[:9] == sorted(set(rates[:9]))
    assert rates[8:] == sorted(rates[8:], reverse=True)
    last = {"cosine": 0.0, "step": 0.004, "constant": 0.4}[schedule]
    assert rates[-1] == pytest.approx(last, abs=0.01)


def test_a_run_of_one_epoch_has_a_rate() -> None:
    assert learning_rate(TuneOptions(epochs=1), 0.0) > 0


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_has_a_rate_of_its_own(optimizer: str) -> None:
    assert largest_rate(TuneOptions(optimizer=optimizer)) > 0
    assert largest_rate(TuneOptions(optimizer=optimizer, lr=0.5)) == 0.5


def changed(x: np.ndarray, **options: object) -> np.ndarray:
    batch = augment(Batch({"x": x}), TuneOptions(**options), {"x": 2.0}, np.random.default_rng(0))
    return batch.arrays["x"]


def test_images_are_moved_with_their_edges() -> None:
    x = np.arange(60 * 25, dtype=np.float32).reshape(60, 5, 5, 1)
    moved = changed(x, shift=1)
    places = set()
    for before, after in zip(x, moved, strict=True):
        padded = np.pad(before, ((1, 1), (1, 1), (0, 0)), mode="edge")
        (place,) = (
            (i, j)
            for i in range(3)
            for j in range(3)
            if (padded[i : i + 5, j : j + 5] == after).all()
        )
        places.add(place)
    assert len(places) == 9


def test_half_of_the_images_are_mirrored() -> None:
    x = np.random.default_rng(1).normal(size=(200, 3, 4, 2))
    flipped = changed(x, flip=True)
    mirrored = [(a == b[:, ::-1]).all() for a, b in zip(flipped, x, strict=True)]
    kept = [(a == b).all() for a, b in zip(flipped, x, strict=True)]
    assert all(a != b for a, b in zip(mirrored, kept, strict=True))
    assert 70 < sum(mirrored) < 130


def test_noise_is_of_the_size_that_is_asked_for() -> None:
    x = np.zeros((100, 1, 20, 3), np.float32)
    assert float(changed(x, noise=0.1).std()) == pytest.approx(0.2, rel=0.1)
    assert (changed(x, shift=2, flip=True) == x).all()  # no images


def test_the_last_epoch_is_taken_that_is_as_good_as_the_best() -> None:
    progress = Progress()

    def takes(*losses: float) -> bool:
        return progress.add(torch.tensor(losses, dtype=torch.float64), figure=1.0)

    assert takes(9.0, 9.0, 9.0)
    assert not takes(9.0, 9.0, 9.1)  # the untuned network stays unless one is better
    assert takes(2.0, 2.0, 2.0)
    assert takes(2.2, 2.2, 1.8)  # worse by 0.07, the standard error is 0.13
    assert not takes(2.1, 2.1, 2.1)  # worse by 0.1, in each sample
    assert progress.best == 3
    assert progress.least == 2
    assert progress.least_loss == 2.0
    assert not takes(2.3, 2.5, 2.1)  # by 0.3, of 0.12
    assert takes(1.0, 2.5, 1.0)
    assert progress.best == progress.least == 6
    assert [epoch["val_loss"] for epoch in progress.history[:3]] == pytest.approx(
        [9, 9.1 / 3 + 6, 2]
    )


@pytest.mark.parametrize(("option", "axis"), [("mask_rows", 1), ("mask_cols", 2)])
def test_a_stripe_is_masked(option: str, axis: int) -> None:
    x = np.random.default_rng(1).normal(size=(300, 6, 5, 2)).astype(np.float32)
    masked = changed(x, **{option: 2})
    assert masked.dtype == np.float32
    lengths, starts = set(), set()
    for before, after in zip(x, masked, strict=True):
        gone = np.flatnonzero((before != after).any(axis=tuple({0, 1, 2} - {axis - 1})))
        lengths.add(len(gone))
        if len(gone):
            assert gone[-1] - gone[0] == len(gone) - 1
            assert np.unique(np.take(after, gone, axis - 1)) == pytest.approx(before.mean())
            starts.add(int(gone[0]))
    assert lengths == {0, 1, 2}
    assert starts == set(range(x.shape[axis]))


def test_signals_are_moved_along_their_time() -> None:
    x = np.arange(40 * 7, dtype=np.float32).reshape(40, 1, 7, 1)
    moved = changed(x, shift=2)
    steps = {int(after[0, 3, 0] - before[0, 3, 0]) for before, after in zip(x, moved, strict=True)}
    assert steps == {-2, -1, 0, 1, 2}


@pytest.mark.parametrize(
    ("shape", "options", "told"),
    [
        ((1, 1, 9), {"shift": 1}, "rows and columns"),
        ((1, 1, 9), {"flip": True}, "columns"),
        ((1, 8, 2), {"mask_rows": 1}, "rows"),
        ((8, 8, 2), {"mask_cols": 8}, "less than the 8"),
    ],
)
def test_what_changes_nothing_is_refused(shape, options: dict[str, object], told: str) -> None:
    b = Builder(shape)
    graph = b.graph(b.dense("x", 3))
    with pytest.raises(OptionError, match=f"Option {next(iter(options))} .*{told}"):
        check_augmentation(graph, TuneOptions(**options))
    check_augmentation(graph, TuneOptions(noise=0.1, mixup=0.2))


def test_samples_are_mixed_in_pairs() -> None:
    x = np.random.default_rng(1).normal(size=(50, 2, 3, 1)).astype(np.float32)
    mixture = draw_mixture(50, 0.5, np.random.default_rng(0))
    batch = mixture.of(Batch({"a": x, "b": 2 * x}))
    assert sorted(mixture.partner) == list(range(50))
    assert mixture.share.min() < 0.1 < 0.9 < mixture.share.max()
    for number, (share, other) in enumerate(zip(mixture.share, mixture.partner, strict=True)):
        wanted = share * x[number] + (1 - share) * x[other]
        np.testing.assert_allclose(batch.arrays["a"][number], wanted, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(batch.arrays["b"][number], 2 * wanted, rtol=1e-5, atol=1e-6)


def epoch(train: float, val: float) -> dict[str, float]:
    return {"train_loss": train, "val_loss": val}


def test_warnings() -> None:
    falls = [epoch(math.nan, 5.0), epoch(2.0, 3.0), epoch(1.0, 2.0)]
    assert find_warnings(falls, 2, held_out=True) == ()
    assert "too few" in find_warnings(falls, 2, held_out=False)[0]
    assert find_warnings(falls, 2, held_out=True, known=0.04) == ()
    (warning,) = find_warnings(falls, 2, held_out=True, known=0.25)
    assert warning.startswith("25% of the validation samples are among those that were trained on")
    (warning,) = find_warnings([*falls, epoch(0.5, 3.0)], 2, held_out=True)
    assert warning.startswith("Overfitting: after epoch 2, which is taken, the loss on validation")
    assert "rose by 50%" in warning
    assert find_warnings([*falls, epoch(1.5, 3.0)], 2, held_out=True) == ()
    (warning,) = find_warnings([epoch(math.nan, 1.0), epoch(1.0, 2.0)], 0, held_out=True)
    assert "untuned network, which is written" in warning
