"""Networks for Fashion-MNIST: trained in float, then narrow weights and fewer channels.

    apt-get install dataset-fashion-mnist
    python benchmarks/fashion_mnist.py --networks resnet8 --variants pruned

The topologies of MLPerf Tiny's ResNet-8 and DS-CNN, and a small MobileNet, are trained in float on
60,000 images of 28 x 28 pixels, less 5,000 by which epochs are chosen. Each variant is then tuned
to answer like the float network, on the same images without labels, and judged on the 10,000 test
images, which nothing has seen. Everything is seeded. It takes hours: a core learns from some 900
images a second, which is a minute an epoch, of which the float ResNet-8 has 30 and each variant
eight, a pruned one eleven; --images, --float-epochs and --epochs make it less, and the table says
how many there were. Variants that are done are lines of benchmarks/fashion_mnist.jsonl, and not
done again unless their line is deleted; float networks and what was stopped are in the folder
--runs, and go on from their last epoch. Without the data, or without PyTorch, nothing is measured.
Needs the extra `tune`.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tables import commit, write_table
from tuned_runs import (
    AT,
    Run,
    float_right,
    integer_right,
    measure_and_write,
    once,
    paired_difference,
    percent,
    runs_in,
    runs_parser,
    times,
)

from nnhw import BuildOptions, tune
from nnhw.conversion import Samples, convert
from nnhw.data import load_data
from nnhw.frontend import load_model

if TYPE_CHECKING:
    import torch

FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package has the images."""

HELD_OUT = 5_000
BATCH = 128
TUNING_BATCH = 64
FLOAT_RATE = 3e-3
CALIBRATION = 200
MACS = 128
OPSET = 17

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "8 bits": {"weight_bits": 8},
    "4 bits": {"weight_bits": 4},
    "3 bits": {"weight_bits": 3},
    "2 bits": {"weight_bits": 2},
    "activations of 6 bits": {"act_bits": 6, "learn_ranges": True},
    "activations of 4 bits": {"act_bits": 4, "learn_ranges": True},
    "pruned": {"prune_to": 0.5, "macs": MACS, "prune_epochs": 1},
}


@dataclass(frozen=True, kw_only=True)
class FashionRun(Run):
    """A variant of a network: how many images and epochs the float network has learned from, and
    cycles with all channels and at the end, where it was pruned."""

    variant: str
    images: int
    float_epochs: int
    rate: float
    """The largest learning rate of tuning."""
    cycles: tuple[int, int] | None


def main() -> None:
    """Train, tune and judge what is asked for, and write the table."""
    parser = runs_parser(
        "Fashion-MNIST: narrow weights, fewer channels",
        "fashion_mnist.md",
        networks=list(NETWORKS),
        seeds=[0],
        quick="one network, few images",
        choices=list(NETWORKS),
    )
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--float-epochs", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=8, help="of tuning")
    parser.add_argument("--lr", type=float, help="of tuning; the default of nnhw tune if not given")
    parser.add_argument("--images", type=int, default=60_000, help="to learn from, at most")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.networks, arguments.variants = ["resnet8"], ["pruned"]
        arguments.float_epochs = arguments.epochs = 1
        arguments.images = 600
    missing = [name for name in ("torch",) if importlib.util.find_spec(name) is None]
    if not arguments.table and (missing or not FOLDER.is_dir()):
        needed = "PyTorch" if missing else f"{FOLDER} (apt-get install dataset-fashion-mnist)"
        print(f"{needed} is not there: nothing is measured")
        return
    measure_and_write(arguments, measure, write)


def measure(arguments: argparse.Namespace) -> None:
    """All runs that are asked for and not done."""
    import torch

    torch.set_num_threads(arguments.threads)
    x, y = images("train")
    x, y = x[: arguments.images], y[: arguments.images]
    order = np.random.default_rng(0).permutation(len(x))
    count = min(HELD_OUT, len(x) // 10)
    val, train = ({"x": x[part], "y": y[part]} for part in (order[:count], order[count:]))
    test = dict(zip("xy", images("t10k"), strict=True))
    for seed in arguments.seeds:
        for name in arguments.networks:
            model = arguments.runs / f"{name}_{seed}_{arguments.float_epochs}_{len(x)}.onnx"
            if not model.exists():
                train_float(name, train, seed, arguments.float_epochs, model)
            for variant in arguments.variants:
                rate = f"_{arguments.lr:.0e}" if arguments.lr else ""
                stem = model.with_name(
                    f"{model.stem}_{variant.replace(' ', '_')}_{arguments.epochs}{rate}"
                )
                data = (train, val, test)
                make = partial(judge, name, variant, model, data, seed, stem, arguments)
                if once(arguments.done, stem.name, make):
                    write(arguments.done, arguments.out)


def judge(
    name: str,
    variant: str,
    model: Path,
    data: Sequence[Mapping[str, np.ndarray]],
    seed: int,
    stem: Path,
    arguments: argparse.Namespace,
) -> FashionRun:
    """Tune a variant, and judge it on the test images."""
    from nnhw.tuning.optimizers import largest_rate

    train, val, test = data
    settings = VARIANTS[variant]
    out = stem.with_suffix(".onnx")
    out.unlink(missing_ok=True)
    measured_at = commit()
    begin = time.monotonic()
    result = tune(
        model,
        data=train,
        val=val,
        out=out,
        seed=seed,
        epochs=arguments.epochs,
        batch=TUNING_BATCH,
        lr=arguments.lr,
        threads=arguments.threads,
        progress=lambda step, share: print(f"\r{share:6.1%} {step:70}", end="", flush=True),
        **settings,
    )
    seconds = time.monotonic() - begin
    network = load_model(model)
    judged = load_data(test, network)
    seen, _ = load_data(train, network).split(seed, CALIBRATION)
    bits = {key: value for key, value in settings.items() if key in ("weight_bits", "act_bits")}
    direct = convert(network, Samples(calibration=seen), BuildOptions(**bits)).whole
    exact, tuned = float_answers(model), integer_right(result.graph, judged)
    rounds = result.rounds
    return FashionRun(
        network=name,
        variant=variant,
        images=len(train["x"]),
        float_epochs=arguments.float_epochs,
        rate=largest_rate(result.options),
        half=0,
        seed=seed,
        epochs=arguments.epochs,
        samples=len(judged),
        float_right=int(exact.sum()),
        direct_right=int(integer_right(direct, judged).sum()),
        tuned_right=int(tuned.sum()),
        only_float=int((exact & ~tuned).sum()),
        only_tuned=int((tuned & ~exact).sum()),
        best_epoch=result.best_epoch,
        seconds=seconds,
        commit=measured_at,
        cycles=(rounds[0].interval_cycles, rounds[-1].interval_cycles) if rounds else None,
    )


@cache
def float_answers(model: Path) -> np.ndarray:
    """Which of the test images the float network gets right."""
    network = load_model(model)
    return float_right(network, load_data(dict(zip("xy", images("t10k"), strict=True)), network))


def images(part: str) -> tuple[np.ndarray, np.ndarray]:
    """uint8 images (N, 1, 28, 28) and int64 labels (N,) of the part "train" or "t10k"."""
    arrays = []
    for kind, header in (("images-idx3", 16), ("labels-idx1", 8)):
        with gzip.open(FOLDER / f"{part}-{kind}-ubyte.gz") as file:
            arrays.append(np.frombuffer(file.read(), np.uint8, offset=header))
    return arrays[0].reshape(-1, 1, 28, 28), arrays[1].astype(np.int64)


def train_float(
    name: str, data: Mapping[str, np.ndarray], seed: int, epochs: int, path: Path
) -> None:
    """Train a network in float, from its checkpoint on if there is one, and write it as ONNX."""
    import torch

    checkpoint = path.with_suffix(".float.pt")
    torch.manual_seed(seed)
    # Depthwise convolutions learn 2.5 times as fast in this layout.
    network = NETWORKS[name]().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=FLOAT_RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    parts = {"network": network, "optimizer": optimizer, "schedule": schedule}
    first = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        first = state.pop("epochs")
        for key, value in state.items():
            parts[key].load_state_dict(value)
    x, y = torch.from_numpy(data["x"].copy()), torch.from_numpy(data["y"])
    network.train()
    for epoch in range(first, epochs):
        generator = torch.Generator().manual_seed(1000 * seed + epoch)
        for rows in torch.randperm(len(x), generator=generator).split(BATCH):
            scores = network(_moved(x[rows].float(), generator))
            loss = torch.nn.functional.cross_entropy(scores, y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
        states = {key: part.state_dict() for key, part in parts.items()}
        unfinished = checkpoint.with_suffix(".partial")
        torch.save({"epochs": epoch + 1, **states}, unfinished)
        unfinished.replace(checkpoint)
        print(f"{name}: epoch {epoch + 1} of {epochs}, loss {float(loss.detach()):.3f}")
    write_onnx(network.eval(), path)


def write_onnx(network: torch.nn.Module, path: Path) -> None:
    """Write a network of images of 28 x 28 pixels; the file appears complete or not at all."""
    import torch

    unfinished = path.with_suffix(".partial")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no further package
        torch.onnx.export(
            network,
            (torch.zeros(1, 1, 28, 28),),
            unfinished,
            input_names=["image"],
            output_names=["scores"],
            opset_version=OPSET,
            dynamo=False,
        )
    unfinished.replace(path)


def _moved(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Images mirrored by chance, and moved by up to two pixels, a batch by the same way."""
    import torch

    mirrored = torch.rand(len(x), 1, 1, 1, generator=generator) < 0.5
    x = torch.where(mirrored, x.flip(3), x)
    down, right = torch.randint(0, 5, (2,), generator=generator).tolist()
    padded = torch.nn.functional.pad(x, (2, 2, 2, 2))
    return padded[:, :, down : down + 28, right : right + 28]


def resnet8() -> torch.nn.Module:
    """MLPerf Tiny's image classification: three residual blocks of 16, 32 and 64 channels."""
    from torch import nn

    class Block(nn.Module):
        def __init__(self, inputs: int, outputs: int, stride: int):
            super().__init__()
            self.path = nn.Sequential(
                *_conv(inputs, outputs, 3, stride), *_conv(outputs, outputs, 3, 1, active=False)
            )
            same = stride == 1 and inputs == outputs
            self.shortcut = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, stride)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return nn.functional.relu(self.path(x) + self.shortcut(x))

    return _classifier(
        [*_conv(1, 16, 3, 1), Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2)], 64
    )


def dscnn() -> torch.nn.Module:
    """MLPerf Tiny's keyword spotting: four depthwise separable blocks of 64 channels."""
    layers = [*_conv(1, 64, 5, 2)]
    for _ in range(4):
        layers += [*_conv(64, 64, 3, 1, groups=64), *_conv(64, 64, 1, 1)]
    return _classifier(layers, 64)


def mobilenet() -> torch.nn.Module:
    """A small MobileNet: separable blocks of 16 to 128 channels."""
    layers, inputs = [*_conv(1, 16, 3, 1)], 16
    for outputs, stride in ((32, 2), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1)):
        layers += [*_conv(inputs, inputs, 3, stride, groups=inputs), *_conv(inputs, outputs, 1, 1)]
        inputs = outputs
    return _classifier(layers, inputs)


def _conv(
    inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1, *, active: bool = True
) -> Iterator[torch.nn.Module]:
    from torch import nn

    pad = kernel // 2
    yield nn.Conv2d(inputs, outputs, kernel, stride, padding=pad, groups=groups, bias=False)
    yield nn.BatchNorm2d(outputs)
    if active:
        yield nn.ReLU()


def _classifier(layers: Sequence[torch.nn.Module], channels: int) -> torch.nn.Module:
    """Layers between pixels of 0 to 255 and scores of ten classes."""
    from torch import nn

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            end = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))
            self.body = nn.Sequential(*layers, *end)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.body(x / 255)

    return Network()


NETWORKS = {"resnet8": resnet8, "dscnn": dscnn, "mobilenet": mobilenet}


def write(done: Path, out: Path) -> None:
    """The table of all runs that are done."""
    found = runs_in(done, FashionRun)
    write_table(
        out,
        "Fashion-MNIST",
        (
            "network",
            "variant",
            ">images",
            ">float epochs",
            ">epochs",
            ">rate",
            ">seed",
            ">float",
            ">direct build",
            ">tuned",
            ">tuned less float, points",
            ">cycles",
            ">seconds a run",
            "commit",
        ),
        rows(found),
        notes="Images that networks learned from, epochs of the float network and of tuning, and "
        "the largest learning rate of tuning. Right answers in per cent of the 10,000 test images; "
        "beside the difference its interval of 95% (normal approximation for paired proportions). "
        "Tuned to answer like the float network, without labels. Pruned to half of the clock "
        f"cycles from frame to frame of a design of at most {MACS} multipliers, with weights of "
        "8 bits.",
        at=AT,
    )


def rows(runs: Sequence[FashionRun]) -> Iterator[tuple[object, ...]]:
    """A row for each run."""
    for run in runs:
        yield (
            run.network,
            run.variant,
            f"{run.images:,}",
            run.float_epochs,
            run.epochs,
            run.rate,
            run.seed,
            percent([run], "float_right"),
            percent([run], "direct_right"),
            percent([run], "tuned_right"),
            paired_difference([run]),
            f"{run.cycles[0]:,} to {run.cycles[1]:,}" if run.cycles else "-",
            times([run]),
            run.commit,
        )


if __name__ == "__main__":
    main()
