"""A training step of FCN8s in bfloat16, pixel by pixel, beside float32: ``python -m benchmarks.train_bfloat16``.

The network is that of ``studies/reference_cpu_bf16.yaml``: a quarter of the channels, batch norm, eight crops of
256x256 pixels. Only a processor with instructions for bfloat16 gains by it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from benchmarks.harness import Benchmark, Work, rounds_argument, threads
from pixelproof.config import ModelConfig, TrainingConfig
from pixelproof.models import build_model, fold_for_training
from pixelproof.training.device import autocast, dtype_of_products, multiplies_bfloat16
from pixelproof.training.optimization import make_optimizer

CPU = torch.device("cpu")
PEERS = {"float32": ("float32", False), "float32, channels_last": ("float32", True), "bf16": ("bf16", False)}


def step(precision: str, channels_last: bool) -> Work:
    """Return one training step with Muon: forward, backward and the change of the weights."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = build_model(ModelConfig(name="fcn8s-bn", width=0.25), 7).train()
    model.to(memory_format=layout)  # type: ignore[call-overload]
    network = fold_for_training(model)
    optimizer = make_optimizer(model, TrainingConfig(optimizer="muon"), dtype_of_products(CPU, precision))
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(8, 3, 256, 256, generator=generator).contiguous(memory_format=layout)
    target = torch.randint(0, 7, (8, 256, 256), generator=generator)

    def work() -> None:
        with autocast(CPU, precision):
            loss = F.cross_entropy(network(images).logits, target)
        torch.autograd.backward(loss)
        optimizer.step()
        optimizer.zero_grad()

    return work


def main() -> None:
    """Measure and publish."""
    torch.set_num_threads(threads())
    benchmark = Benchmark(
        "train_bfloat16",
        "FCN8s at a quarter of the channels, one training step, batch 8 at 256x256, Muon: bf16 with channels_last",
        targets={},
    )
    benchmark.run(step("bf16", True), {name: step(*form) for name, form in PEERS.items()}, rounds_argument(9))
    benchmark.facts["processor_has_bfloat16"] = multiplies_bfloat16()
    benchmark.publish()


if __name__ == "__main__":
    main()
