"""The Lovasz loss of a batch, forward and backward: ``python -m benchmarks.losses [--rounds N]``.

A batch is 8 crops of 256x256 pixels and 7 classes, the study's, from a network that is right about four pixels of five;
a tenth of the pixels is ignored. The peer is segmentation_models_pytorch. The run fails where the two losses, or their
gradients, differ. Dice is timed beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from segmentation_models_pytorch.losses import MULTICLASS_MODE, DiceLoss, LovaszLoss
from torch import Tensor

from benchmarks.harness import Benchmark, rounds_argument
from pixelproof.data.loading import IGNORE
from pixelproof.training.losses import dice, lovasz_softmax

CLASSES = 7
SHAPE = (8, 256, 256)
REPEATS = 5
CLOSE = 5e-3
"""The relative difference that rounding explains: smp takes differences of IoUs that hardly differ."""

Loss = Callable[[Tensor, Tensor], Tensor]
OURS: dict[str, Loss] = {"lovasz": lovasz_softmax, "dice": dice}
THEIRS: dict[str, Loss] = {
    "lovasz": LovaszLoss(MULTICLASS_MODE, ignore_index=IGNORE),
    "dice": DiceLoss(MULTICLASS_MODE, ignore_index=IGNORE),
}


def batch() -> tuple[Tensor, Tensor]:
    """Return logits, float32 [N, K, H, W], and target classes, int64 [N, H, W]."""
    torch.manual_seed(0)
    target = torch.randint(CLASSES, SHAPE)
    answer = torch.where(torch.rand(SHAPE) < 0.8, target, torch.randint(CLASSES, SHAPE))
    logits = 4 * F.one_hot(answer, CLASSES).movedim(-1, 1) + torch.randn(SHAPE[0], CLASSES, *SHAPE[1:])
    return logits, torch.where(torch.rand(SHAPE) < 0.1, IGNORE, target)


def step(loss: Loss, logits: Tensor, target: Tensor) -> tuple[float, Tensor]:
    """Return the loss and the gradient of the logits."""
    logits = logits.detach().requires_grad_()
    value = loss(logits, target)
    (gradient,) = torch.autograd.grad(value, logits)
    return value.item(), gradient


def repeat(loss: Loss, logits: Tensor, target: Tensor) -> None:
    """Do what is timed."""
    for _ in range(REPEATS):
        step(loss, logits, target)


def measured(name: str, logits: Tensor, target: Tensor, rounds: int) -> Benchmark:
    """Time a loss beside smp's; ends the run where the two are not the same."""
    (a, ours), (b, theirs) = (step(losses[name], logits, target) for losses in (OURS, THEIRS))
    apart = max(abs(a - b) / b, float((ours - theirs).norm() / theirs.norm()))
    print(f"{name}: losses and gradients differ by {apart:.1e} of smp's", file=sys.stderr)
    if apart > CLOSE:
        sys.exit("the losses are not the same")
    benchmark = Benchmark(
        "losses",
        f"{REPEATS} Lovasz losses of 8 crops of 256x256 pixels and 7 classes, with their gradients",
        {},
        ("torch", "segmentation-models-pytorch"),
    )
    ours_and_theirs = [partial(repeat, losses[name], logits, target) for losses in (OURS, THEIRS)]
    benchmark.run(ours_and_theirs[0], {"smp": ours_and_theirs[1]}, rounds)
    return benchmark


def main() -> None:
    """Run the benchmark."""
    rounds = rounds_argument(5)
    dice_too, benchmark = (measured(name, *batch(), rounds) for name in ("dice", "lovasz"))
    benchmark.facts["dice_times_faster"] = dice_too.as_json()["ratios"]["smp"]
    benchmark.publish()


if __name__ == "__main__":
    main()
