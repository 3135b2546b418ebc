"""Train the example networks on scikit-learn's handwritten digits and write them as ONNX.

    pip install ".[train]"
    python examples/train_digits.py [folder]

Writes digits_mlp.onnx, digits_cnn.onnx, digits_resnet.onnx and digits.npz (the held-out images and
their labels) into `folder`, by default the folder of this script. Everything is seeded and runs on
one thread: on the same machine and package versions the files come out byte for byte the same.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

HELD_OUT = 797
EPOCHS = 200
BATCH = 50
OPSET = 17


class Scaled(nn.Module):
    """`body` behind the division that brings pixels of 0 to 16 into 0 to 1.

    The division is part of the network, so that the exported model takes the data as it is stored.
    """

    def __init__(self, body: nn.Module):
        super().__init__()
        self.body = body

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x / 16)


class Residual(nn.Module):
    """A residual block: two 3x3 convolutions beside a shortcut, ReLU after their sum.

    The shortcut is the identity, or a strided 1x1 convolution where the shape changes.
    """

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.path = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.path(x) + self.shortcut(x))


def mlp() -> nn.Module:
    """64-48-32-10 perceptron."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(64, 48),
        nn.ReLU(),
        nn.Linear(48, 32),
        nn.ReLU(),
        nn.Linear(32, 10),
    )


def cnn() -> nn.Module:
    """Three 3x3 convolutions with max pooling, and a classifier; 135 k MACs."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 24, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(96, 10),
    )


def resnet() -> nn.Module:
    """A stem, an identity block, a block with a strided shortcut, and global average pooling."""
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1, bias=False),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        Residual(12, 12, stride=1),
        Residual(12, 24, stride=2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(24, 10),
    )


def jitter(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Turn each image by up to 9 degrees, scale it by up to 10%, shift it by up to 0.6 pixels."""
    n = len(x)
    angle, scale, dx, dy = (torch.rand(4, n, generator=generator) * 2 - 1) * torch.tensor(
        [[0.15], [0.1], [0.15], [0.15]]  # radians, share, and half-widths of the image (4 pixels)
    )
    cos, sin = torch.cos(angle) * (1 + scale), torch.sin(angle) * (1 + scale)
    theta = torch.stack([cos, -sin, dx, sin, cos, dy], dim=1).reshape(n, 2, 3)
    grid = nn.functional.affine_grid(theta, list(x.shape), align_corners=False)
    return nn.functional.grid_sample(x, grid, align_corners=False)


def train(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> None:
    """Fit `model` to images `x` (N, 1, 8, 8) and labels `y` (N,) with AdamW and one cycle."""
    generator = torch.Generator().manual_seed(0)
    steps = EPOCHS * (len(x) // BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=steps)
    model.train()
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(x), generator=generator).split(BATCH):
            logits = model(jitter(x[batch], generator))
            loss = nn.functional.cross_entropy(logits, y[batch], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    model.eval()


def export(model: nn.Module, path: Path) -> None:
    """Write `model` as ONNX with named input and output, for a batch of one image."""
    with warnings.catch_warnings():
        # The exporter built on TorchScript is marked deprecated; it is the one that needs no
        # further package and keeps BatchNormalization, as most models in the wild have it.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (torch.zeros(1, 1, 8, 8),),
            path,
            input_names=["image"],
            output_names=["logits"],
            opset_version=OPSET,
            training=torch.onnx.TrainingMode.PRESERVE,
            dynamo=False,
        )


def main(folder: Path) -> None:
    """Train, score and write all networks, and the held-out data."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    images, labels = load_digits(return_X_y=True)
    images = images.astype(np.uint8).reshape(-1, 1, 8, 8)
    labels = labels.astype(np.int64)
    train_x, test_x, train_y, test_y = train_test_split(
        images, labels, test_size=HELD_OUT, stratify=labels, random_state=0
    )
    np.savez_compressed(folder / "digits.npz", x=test_x, y=test_y)
    for name, make in (("mlp", mlp), ("cnn", cnn), ("resnet", resnet)):
        torch.manual_seed(0)
        model = Scaled(make())
        train(model, torch.tensor(train_x, dtype=torch.float32), torch.tensor(train_y))
        with torch.no_grad():
            predicted = model(torch.tensor(test_x, dtype=torch.float32)).argmax(1).numpy()
        export(model, folder / f"digits_{name}.onnx")
        print(f"digits_{name}: {100 * np.mean(predicted == test_y):.2f}% of {HELD_OUT} images")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
