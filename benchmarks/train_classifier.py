"""A training step of VGG16 beside torchvision's: 64 images of 32x32 pixels, 50 classes, AdamW."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor

from benchmarks.harness import Benchmark, Work, rounds_argument, threads
from pixelproof.config import ModelConfig, TrainingConfig
from pixelproof.models import build_model, fold_for_training
from pixelproof.training.optimization import make_optimizer

Batch = tuple[Tensor, Tensor]


def ours(batch: Batch) -> Work:
    """Return the step as Pixelproof's trainer takes it."""
    model = build_model(ModelConfig(name="vgg16"), 50).train()
    network = fold_for_training(model)
    return step(lambda images: network(images).logits, make_optimizer(model, TrainingConfig()), batch)


def theirs(batch: Batch) -> Work:
    """Return the step as one writes it with torchvision and torch."""
    model = torchvision.models.vgg16(num_classes=50).train()
    return step(model, torch.optim.AdamW(model.parameters()), batch)


def step(network: Any, optimizer: torch.optim.Optimizer, batch: Batch) -> Work:
    """Return one training step."""
    images, target = batch

    def work() -> None:
        torch.autograd.backward(F.cross_entropy(network(images), target))
        optimizer.step()
        optimizer.zero_grad()

    return work


def main() -> None:
    """Measure and publish."""
    torch.set_num_threads(threads())
    generator = torch.Generator().manual_seed(0)
    batch = torch.randn(64, 3, 32, 32, generator=generator), torch.randint(0, 50, (64,), generator=generator)
    benchmark = Benchmark(
        "train_classifier",
        "VGG16 at 32x32, 50 classes, one training step, batch 64, AdamW: ours against torchvision's",
        targets={"torchvision": 1.25},
        packages=("torch", "torchvision"),
    )
    benchmark.run(ours(batch), {"torchvision": theirs(batch)}, rounds_argument(15))
    benchmark.publish()


if __name__ == "__main__":
    main()
