"""Small PyTorch networks of the kinds that people have, with random weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as f

Shape = tuple[int, ...]
Make = Callable[[], nn.Module]


@dataclass(frozen=True)
class Kind:
    """A kind of network.

    Parameters
    ----------
    make
        Makes the network, its weights from PyTorch's generator of random numbers.
    inputs
        Shapes of its inputs, without the batch axis.
    """

    make: Make
    inputs: tuple[Shape, ...] = ((3, 16, 16),)


KINDS: dict[str, Kind] = {}
"""All of them, by name."""

IMAGE, GRAY, SIGNAL = (3, 16, 16), (1, 16, 16), (4, 32)
"""Shapes of inputs."""


def kind(name: str, *inputs: Shape) -> Callable[[Make], Make]:
    """Enter a function, or a class, that makes a network; its only input is `IMAGE` by default."""

    def enter(make: Make) -> Make:
        KINDS[name] = Kind(make, inputs or (IMAGE,))
        return make

    return enter


# Building blocks


class Apply(nn.Module):
    """A function of tensors as a module."""

    def __init__(self, function: Callable[..., Tensor]):
        super().__init__()
        self.forward = function


class Residual(nn.Sequential):
    """Adds its input to its result."""

    def forward(self, x: Tensor) -> Tensor:
        return x + super().forward(x)


class Parallel(nn.ModuleList):
    """Several modules on the same input, their results joined along an axis, channels mostly."""

    def __init__(self, *modules: nn.Module, axis: int = 1):
        super().__init__(modules)
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([module(x) for module in self], self.axis)


class Heads(nn.ModuleList):
    """Several modules on the same input, each with an output of its own."""

    def __init__(self, *modules: nn.Module):
        super().__init__(modules)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return tuple(module(x) for module in self)


class Scaled(nn.Sequential):
    """Multiplies its input by its result."""

    def forward(self, x: Tensor) -> Tensor:
        return x * super().forward(x)


def conv(
    i: int,
    o: int,
    kernel: int = 3,
    stride: int = 1,
    act: type[nn.Module] = nn.ReLU,
    **options: int,
) -> nn.Sequential:
    """Convolution, batch normalization and activation function."""
    padding = options.pop("padding", options.get("dilation", 1) * (kernel // 2))
    layer = nn.Conv2d(i, o, kernel, stride, padding, bias=False, **options)
    return nn.Sequential(layer, nn.BatchNorm2d(o), act())


def conv1d(
    i: int, o: int, kernel: int, act: type[nn.Module] = nn.ReLU, **options: int
) -> nn.Sequential:
    """The same for sequences."""
    padding = options.get("dilation", 1) * (kernel // 2)
    layer = nn.Conv1d(i, o, kernel, padding=padding, bias=False, **options)
    return nn.Sequential(layer, nn.BatchNorm1d(o), act())


def squeeze_excite(channels: int, act: type[nn.Module], gate: type[nn.Module]) -> nn.Module:
    """Scales channels by what a small network makes of their averages."""
    return Scaled(
        nn.AdaptiveAvgPool2d(1),
        nn.Conv2d(channels, channels // 4, 1),
        act(),
        nn.Conv2d(channels // 4, channels, 1),
        gate(),
    )


def inverted(
    i: int,
    o: int,
    stride: int = 1,
    act: type[nn.Module] = nn.ReLU6,
    excite: nn.Module | None = None,
    kernel: int = 3,
    wide: int = 4,
) -> nn.Module:
    """MobileNet's block: expand, depthwise, project, with a residual where the shape is kept."""
    inside = (
        conv(i, wide * i, 1, act=act),
        conv(wide * i, wide * i, kernel, stride, act=act, groups=wide * i),
        excite or nn.Identity(),
        conv(wide * i, o, 1, act=nn.Identity),
    )
    return Residual(*inside) if stride == 1 and i == o else nn.Sequential(*inside)


def classifier(channels: int, classes: int = 10) -> nn.Sequential:
    """Global average and a linear layer."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


# Image classification


@kind("MobileNetV2")
def mobilenet_v2() -> nn.Module:
    blocks = (inverted(8, 8), inverted(8, 16, 2), inverted(16, 16))
    return nn.Sequential(conv(3, 8, 3, 2, nn.ReLU6), *blocks, classifier(16))


@kind("MobileNetV3 (SE)")
def mobilenet_v3() -> nn.Module:
    excite = squeeze_excite(32, nn.ReLU, nn.Hardsigmoid)
    blocks = (inverted(8, 8, act=nn.Hardswish, excite=excite), inverted(8, 16, 2, nn.ReLU))
    return nn.Sequential(conv(3, 8, 3, 2, nn.Hardswish), *blocks, classifier(16))


@kind("EfficientNet-like (SiLU, SE)")
def efficientnet() -> nn.Module:
    excite = squeeze_excite(32, nn.SiLU, nn.Sigmoid)
    blocks = (inverted(8, 8, act=nn.SiLU, excite=excite), inverted(8, 16, 2, nn.SiLU))
    return nn.Sequential(conv(3, 8, 3, 2, nn.SiLU), *blocks, classifier(16))


@kind("MCUNet-like")
def mcunet() -> nn.Module:
    blocks = (inverted(8, 12, 2, kernel=7, wide=3), inverted(12, 12, kernel=5, wide=6))
    return nn.Sequential(conv(3, 8, 3, 1, nn.ReLU6), *blocks, classifier(12, 2))


@kind("ResNet-18")
class ResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv(3, 8, 7, 2), nn.MaxPool2d(3, 2, 1))
        sizes = [(8, 8, 1), (8, 8, 1), (8, 16, 2), (16, 16, 1), (16, 24, 2), (24, 24, 1)]
        self.blocks = nn.ModuleList(
            nn.Sequential(conv(i, o, 3, s), conv(o, o, 3, act=nn.Identity)) for i, o, s in sizes
        )
        self.ways = nn.ModuleList(
            nn.Identity() if s == 1 else conv(i, o, 1, s, nn.Identity) for i, o, s in sizes
        )
        self.end = classifier(24)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block, way in zip(self.blocks, self.ways, strict=True):
            x = f.relu(block(x) + way(x))
        return self.end(x)


@kind("SqueezeNet")
def squeezenet() -> nn.Module:
    def fire(i: int, squeeze: int, expand: int) -> nn.Module:
        wide = Parallel(conv(squeeze, expand, 1), conv(squeeze, expand, 3))
        return nn.Sequential(conv(i, squeeze, 1), wide)

    pool = nn.MaxPool2d(3, 2, ceil_mode=True)
    end = (nn.Conv2d(16, 10, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(conv(3, 8, 3, 2), pool, fire(8, 4, 8), fire(16, 4, 8), *end)


@kind("DenseNet")
def densenet() -> nn.Module:
    def grow(i: int) -> nn.Module:
        norm = (nn.BatchNorm2d(i), nn.ReLU(), nn.Conv2d(i, 4, 3, padding=1, bias=False))
        return Parallel(nn.Identity(), nn.Sequential(*norm))

    transition = (nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 8, 1), nn.AvgPool2d(2))
    return nn.Sequential(conv(3, 8), grow(8), grow(12), *transition, grow(8), classifier(12))


@kind("CBAM")
class Cbam(nn.Module):
    """Attention by channel and by place: averages and maxima of either."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = conv(3, 8, 3, 2)
        self.mlp = nn.Sequential(nn.Conv2d(8, 4, 1), nn.ReLU(), nn.Conv2d(4, 8, 1))
        self.place = nn.Conv2d(2, 1, 7, padding=3)
        self.end = classifier(8)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        average, largest = f.adaptive_avg_pool2d(x, 1), f.adaptive_max_pool2d(x, 1)
        x = x * torch.sigmoid(self.mlp(average) + self.mlp(largest))
        both = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return self.end(x * torch.sigmoid(self.place(both)))


@kind("GhostNet")
def ghostnet() -> nn.Module:
    class Ghost(nn.Module):
        def __init__(self, i: int, o: int):
            super().__init__()
            self.first, self.cheap = conv(i, o // 2, 1), conv(o // 2, o // 2, 3, groups=o // 2)

        def forward(self, x: Tensor) -> Tensor:
            x = self.first(x)
            return torch.cat([x, self.cheap(x)], 1)

    excite = squeeze_excite(16, nn.ReLU, nn.Hardsigmoid)
    return nn.Sequential(
        conv(3, 8, 3, 2), Residual(Ghost(8, 16), excite, Ghost(16, 8)), classifier(8)
    )


@kind("LeNet", GRAY)
def lenet() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10)),
    )


@kind("ShuffleNetV2")
def shufflenet_v2() -> nn.Module:
    def shuffle(x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)

    def branch(i: int, o: int, stride: int) -> nn.Module:
        depthwise = conv(o, o, 3, stride, nn.Identity, groups=o)
        return nn.Sequential(conv(i, o, 1), depthwise, conv(o, o, 1))

    class Unit(nn.Module):
        def __init__(self, channels: int):
            super().__init__()
            self.branch = branch(channels // 2, channels // 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            left, right = x.chunk(2, 1)
            return shuffle(torch.cat([left, self.branch(right)], 1))

    side = nn.Sequential(conv(8, 8, 3, 2, nn.Identity, groups=8), conv(8, 8, 1))
    down = nn.Sequential(Parallel(side, branch(8, 8, 2)), Apply(shuffle))
    return nn.Sequential(conv(3, 8), down, Unit(16), Unit(16), conv(16, 24, 1), classifier(24))


@kind("two heads")
def two_heads() -> nn.Module:
    return nn.Sequential(conv(3, 8, 3, 2), conv(8, 8), Heads(classifier(8, 10), classifier(8, 2)))


@kind("NHWC preprocessing", (16, 16, 3))
def nhwc() -> nn.Module:
    normalize = Apply(lambda x: ((x - 0.45) / 0.225).permute(0, 3, 1, 2))
    return nn.Sequential(normalize, conv(3, 8, 3, 2), classifier(8))


@kind("reflect padding")
def reflect_padding() -> nn.Module:
    return nn.Sequential(
        *(nn.ReflectionPad2d(1), conv(3, 8, padding=0)),
        *(nn.ReplicationPad2d(1), conv(8, 8, padding=0), nn.Conv2d(8, 3, 1)),
    )


@kind("odd pools", (3, 17, 15))
def odd_pools() -> nn.Module:
    return nn.Sequential(
        *(conv(3, 8), nn.MaxPool2d(3, 2, padding=1), conv(8, 8), nn.AvgPool2d(2, ceil_mode=True)),
        *(conv(8, 8), nn.AvgPool2d(3, 1, padding=1, count_include_pad=False)),
        *(nn.MaxPool2d((2, 1), ceil_mode=True), classifier(8)),
    )


@kind("uneven adaptive pooling")
def uneven_pooling() -> nn.Module:
    return nn.Sequential(
        *(conv(3, 8, 3, 2), nn.AdaptiveAvgPool2d(3)),
        *(nn.Flatten(), nn.Linear(72, 10)),
    )


# Segmentation, detection, images from images


class UNet(nn.Module):
    """Two scales, the smaller one enlarged by `enlarge`."""

    def __init__(self, enlarge: nn.Module):
        super().__init__()
        self.large, self.small = conv(3, 8), nn.Sequential(nn.MaxPool2d(2), conv(8, 16))
        self.enlarge, self.end = enlarge, nn.Sequential(conv(24, 8), nn.Conv2d(8, 2, 1))

    def forward(self, x: Tensor) -> Tensor:
        large = self.large(x)
        return self.end(torch.cat([large, self.enlarge(self.small(large))], 1))


KINDS["U-Net (ConvTranspose)"] = Kind(lambda: UNet(nn.ConvTranspose2d(16, 16, 2, 2)))
KINDS["U-Net (bilinear)"] = Kind(lambda: UNet(nn.Upsample(scale_factor=2, mode="bilinear")))


class TinyYolo(nn.Module):
    """Two scales with three anchors of two classes each; flattened to one list of boxes or not."""

    def __init__(self, *, flattened: bool):
        super().__init__()
        self.large = nn.Sequential(conv(3, 8, 3, 2, nn.SiLU), conv(8, 16, 3, 2, nn.SiLU))
        self.small = conv(16, 16, 3, 2, nn.SiLU)
        self.heads = nn.ModuleList([nn.Conv2d(16, 3 * 7, 1), nn.Conv2d(16, 3 * 7, 1)])
        self.flattened = flattened

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        large = self.large(x)
        maps = [head(x) for head, x in zip(self.heads, [large, self.small(large)], strict=True)]
        if not self.flattened:
            return maps
        boxes = [
            y.view(len(y), 3, 7, *y.shape[2:]).permute(0, 1, 3, 4, 2).reshape(len(y), -1, 7)
            for y in maps
        ]
        return torch.cat(boxes, 1).sigmoid()


KINDS["TinyYOLO (two heads)"] = Kind(lambda: TinyYolo(flattened=False))
KINDS["TinyYOLO (flattened heads)"] = Kind(lambda: TinyYolo(flattened=True))


@kind("DeepLab (ASPP)")
class DeepLab(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = conv(3, 8, 3, 2)
        self.branches = Parallel(conv(8, 8, 1), conv(8, 8, dilation=2), conv(8, 8, dilation=3))
        self.whole = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 8, 1), nn.ReLU())
        self.end = nn.Sequential(conv(32, 8, 1), nn.Conv2d(8, 2, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        whole = f.interpolate(self.whole(x), size=x.shape[2:], mode="bilinear")
        x = self.end(torch.cat([self.branches(x), whole], 1))
        return f.interpolate(x, scale_factor=2, mode="bilinear")


@kind("FPN")
class Pyramid(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList([conv(3, 8, 3, 2), conv(8, 16, 3, 2), conv(16, 24, 3, 2)])
        self.across = nn.ModuleList([nn.Conv2d(i, 8, 1) for i in (8, 16, 24)])
        self.smooth = nn.ModuleList([nn.Conv2d(8, 8, 3, padding=1) for _ in range(3)])

    def forward(self, x: Tensor) -> list[Tensor]:
        maps: list[Tensor] = []
        for down in self.down:
            x = down(x)
            maps.append(x)
        levels = [across(x) for across, x in zip(self.across, maps, strict=True)]
        for i in (1, 0):
            levels[i] = levels[i] + f.interpolate(levels[i + 1], scale_factor=2)
        return [smooth(x) for smooth, x in zip(self.smooth, levels, strict=True)]


@kind("FOMO", GRAY)
def fomo() -> nn.Module:
    body = (conv(1, 8, 3, 2, nn.ReLU6), inverted(8, 8), inverted(8, 16, 2), conv(16, 16, 1))
    return nn.Sequential(*body, nn.Conv2d(16, 3, 1), nn.Softmax(1))


@kind("conv autoencoder", GRAY)
def conv_autoencoder() -> nn.Module:
    return nn.Sequential(
        *(conv(1, 8, 3, 2), conv(8, 4, 3, 2)),
        *(nn.ConvTranspose2d(4, 8, 3, 2, 1, output_padding=1), nn.ReLU()),
        *(nn.ConvTranspose2d(8, 1, 4, 2, 1), nn.Sigmoid()),
    )


@kind("ESPCN", GRAY)
def espcn() -> nn.Module:
    layers = (nn.Conv2d(1, 8, 5, padding=2), nn.Tanh(), nn.Conv2d(8, 8, 3, padding=1), nn.Tanh())
    return nn.Sequential(*layers, nn.Conv2d(8, 4, 3, padding=1), nn.PixelShuffle(2))


@kind("OCR-CTC head", (1, 8, 32))
def ocr() -> nn.Module:
    body = (conv(1, 8), nn.MaxPool2d(2), conv(8, 16), nn.MaxPool2d((2, 1)))
    steps = Apply(lambda x: x.permute(0, 3, 1, 2).flatten(2))  # (N, W, C * H)
    return nn.Sequential(*body, steps, nn.Linear(32, 12), nn.LogSoftmax(2))


# Signals


@kind("ECG (dilated)", (1, 64))
def ecg() -> nn.Module:
    body = (conv1d(1, 8, 7), *(Residual(conv1d(8, 8, 3, dilation=d)) for d in (1, 2, 4)))
    return nn.Sequential(*body, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(8, 5))


class Causal(nn.Sequential):
    """A convolution that sees nothing of the future: padded on both sides, its end cut off."""

    def __init__(self, i: int, o: int, dilation: int):
        super().__init__(nn.Conv1d(i, o, 3, padding=2 * dilation, dilation=dilation))
        self.excess = 2 * dilation

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)[:, :, : -self.excess]


@kind("causal TCN", SIGNAL)
def tcn() -> nn.Module:
    blocks = [
        nn.Sequential(Residual(Causal(8, 8, d), nn.ReLU(), Causal(8, 8, d), nn.ReLU()), nn.ReLU())
        for d in (1, 2)
    ]
    last = Apply(lambda x: x[:, :, -1])
    return nn.Sequential(nn.Conv1d(4, 8, 1), *blocks, last, nn.Linear(8, 6))


@kind("gated WaveNet", SIGNAL)
class WaveNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv1d(4, 8, 1)
        self.gates = nn.ModuleList([Causal(8, 16, d) for d in (1, 2, 4)])
        self.ways = nn.ModuleList([nn.Conv1d(8, 8, 1) for _ in range(3)])
        self.end = nn.Sequential(nn.ReLU(), nn.Conv1d(8, 4, 1))

    def forward(self, x: Tensor) -> Tensor:
        x, skips = self.stem(x), []
        for gate, way in zip(self.gates, self.ways, strict=True):
            value, opening = gate(x).chunk(2, 1)
            skips.append(way(torch.tanh(value) * torch.sigmoid(opening)))
            x = x + skips[-1]
        return self.end(sum(skips[1:], skips[0]))


@kind("BC-ResNet", (1, 16, 20))
class BcResNet(nn.Module):
    """Features by frequency and time; one way averages over frequencies and is broadcast back."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 8, 5, (2, 1), 2), nn.BatchNorm2d(8), nn.ReLU())
        across = nn.Conv2d(8, 8, (3, 1), padding=(1, 0), groups=8)
        self.frequency = nn.Sequential(across, nn.BatchNorm2d(8))
        along = nn.Conv2d(8, 8, (1, 3), padding=(0, 1), groups=8)
        self.time = nn.Sequential(along, nn.BatchNorm2d(8), nn.SiLU(), nn.Conv2d(8, 8, 1))
        self.end = classifier(8, 12)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        wide = self.frequency(x)
        return self.end(f.relu(x + wide + self.time(wide.mean(2, keepdim=True))))


@kind("MatchboxNet", (8, 32))
def matchboxnet() -> nn.Module:
    def separable(i: int, o: int, kernel: int) -> nn.Module:
        depthwise = nn.Conv1d(i, i, kernel, padding=kernel // 2, groups=i)
        return nn.Sequential(depthwise, conv1d(i, o, 1))

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inside = nn.Sequential(separable(16, 16, 5), separable(16, 16, 5))
            self.way = conv1d(16, 16, 1, nn.Identity)

        def forward(self, x: Tensor) -> Tensor:
            return f.relu(self.inside(x) + self.way(x))

    end = (nn.Conv1d(16, 12, 1), nn.AdaptiveAvgPool1d(1), nn.Flatten())
    return nn.Sequential(separable(8, 16, 11), Block(), *end)


@kind("GRUCell (state as a port)", (8,), (8,))
def gru_cell() -> nn.Module:
    return nn.GRUCell(8, 8)


@kind("GLU", SIGNAL)
def glu() -> nn.Module:
    body = (nn.Conv1d(4, 16, 3, padding=1), nn.GLU(1), nn.Conv1d(8, 16, 3, padding=1), nn.GLU(1))
    return nn.Sequential(*body, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(8, 4))


# Vectors, points and patches


@kind("tabular MLP", (12,))
def tabular() -> nn.Module:
    def layer(i: int, o: int) -> nn.Module:
        return nn.Sequential(nn.Linear(i, o), nn.BatchNorm1d(o), nn.ReLU(), nn.Dropout())

    return nn.Sequential(nn.BatchNorm1d(12), layer(12, 32), layer(32, 16), nn.Linear(16, 1))


@kind("siamese", GRAY, GRAY)
class Siamese(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tower = nn.Sequential(conv(1, 8, 3, 2), conv(8, 8, 3, 2), classifier(8, 16))
        self.end = nn.Linear(16, 1)

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        return torch.sigmoid(self.end((self.tower(one) - self.tower(other)).abs()))


@kind("L2-normalized embedding")
def embedding() -> nn.Module:
    body = (conv(3, 8, 3, 2), conv(8, 16, 3, 2), classifier(16, 8))
    return nn.Sequential(*body, Apply(lambda x: f.normalize(x, dim=1)))


@kind("PointNet", (3, 32))
class PointNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.points = nn.Sequential(conv1d(3, 8, 1), conv1d(8, 16, 1))
        self.end = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 4))

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.points(x).amax(2))


class Mixer(nn.Sequential):
    """Mixes patches and channels in turn, each with `norm` of (N, patches, channels) in front."""

    def __init__(self, norm: Callable[[], nn.Module]):
        def turned(inside: nn.Module) -> nn.Module:
            turn = Apply(lambda x: x.transpose(1, 2))
            return nn.Sequential(turn, inside, turn)

        patches = (nn.Conv2d(3, 8, 4, 4), nn.Flatten(2), Apply(lambda x: x.transpose(1, 2)))
        across = Residual(norm(), turned(nn.Linear(16, 16)))
        within = Residual(norm(), nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8))
        mean = Apply(lambda x: x.mean(1))
        super().__init__(*patches, across, within, norm(), mean, nn.Linear(8, 10))


class Affine(nn.Module):
    """A scale and an offset for each channel, the last axis."""

    def __init__(self) -> None:
        super().__init__()
        self.scale, self.offset = nn.Parameter(torch.rand(8)), nn.Parameter(torch.rand(8))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.offset


KINDS["ResMLP"] = Kind(lambda: Mixer(Affine))
KINDS["MLP-Mixer (LayerNorm)"] = Kind(lambda: Mixer(lambda: nn.LayerNorm(8)))


# Recurrent layers, attention, normalization by computed statistics


class Last(nn.Module):
    """The last step of a recurrent layer over (N, steps, features)."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer, self.end = layer, nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.layer(x)[0][:, -1])


KINDS["GRU"] = Kind(lambda: Last(nn.GRU(4, 8, batch_first=True)), ((16, 4),))
KINDS["LSTM"] = Kind(lambda: Last(nn.LSTM(4, 8, batch_first=True)), ((16, 4),))


@kind("tiny ViT")
def vit() -> nn.Module:
    patches = (nn.Conv2d(3, 8, 4, 4), nn.Flatten(2), Apply(lambda x: x.transpose(1, 2)))
    layer = nn.TransformerEncoderLayer(8, 2, 16, 0, batch_first=True)
    return nn.Sequential(*patches, layer, Apply(lambda x: x.mean(1)), nn.Linear(8, 10))


@kind("attention pooling", (16, 8))
class AttentionPooling(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.score, self.end = nn.Linear(8, 1), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.end((torch.softmax(self.score(x), 1) * x).sum(1))


@kind("GroupNorm")
def group_norm() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.GroupNorm(2, 8), nn.ReLU(), classifier(8))
