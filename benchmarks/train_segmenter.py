"""A training step of FCN8s, folded, beside the literal one: forward, backward and AdamW, batch 2 at 256x256."""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.harness import OURS, Benchmark, Work, peak_megabytes, rounds_argument, threads

PEAK = "--peak"


def step(folded: bool) -> Work:
    """Return one training step of the reference network."""
    import torch
    import torch.nn.functional as F

    from pixelproof.config import ModelConfig, TrainingConfig
    from pixelproof.models import build_model, fold_for_training
    from pixelproof.training.optimization import make_optimizer

    torch.set_num_threads(threads())
    model = build_model(ModelConfig(name="fcn8s"), 7).train()
    network = fold_for_training(model) if folded else model
    optimizer = make_optimizer(model, TrainingConfig())
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(2, 3, 256, 256, generator=generator)
    target = torch.randint(0, 7, (2, 256, 256), generator=generator)

    def work() -> None:
        torch.autograd.backward(F.cross_entropy(network(images).logits, target))
        optimizer.step()
        optimizer.zero_grad()

    return work


def peak_of(contender: str) -> int:
    """Return the most memory in megabytes that a process of its own held over two steps.

    What is freed goes back to the system at once; else what malloc happens to keep varies by more than the difference.
    """
    command = [sys.executable, "-m", "benchmarks.train_segmenter", PEAK, contender]
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": str(2**20)}
    return int(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)


def main() -> None:
    """Measure and publish."""
    if PEAK in sys.argv:
        work = step(folded=sys.argv[-1] == OURS)
        work()
        work()
        print(peak_megabytes())
        return
    benchmark = Benchmark(
        "train_segmenter",
        "FCN8s, one training step, batch 2 at 256x256: folded against literal",
        targets={"literal": 1.25},
    )
    benchmark.run(step(folded=True), {"literal": step(folded=False)}, rounds_argument(15))
    benchmark.facts["peak_mb"] = {name: [peak_of(name) for _ in range(3)] for name in (OURS, "literal")}
    benchmark.publish()


if __name__ == "__main__":
    main()
