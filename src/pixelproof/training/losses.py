"""Losses over logits with ignored targets. Each is a function (logits, target) -> scalar, lower is better.

None looks at a value on the way, because reading one from a GPU waits for all that was asked of it before. Where every
target is ignored, each is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from pixelproof.config import TrainingConfig
from pixelproof.data.loading import IGNORE

Loss = Callable[[Tensor, Tensor], Tensor]
FOCUS = 2.0  # gamma of the focal loss, the paper's best
TINY = 1e-12


def make_loss(
    config: TrainingConfig, class_weights: Tensor | None, others: Mapping[str, Loss] | None = None
) -> Callable[[int], Loss]:
    """Return the function that gives the loss of each epoch, counted from 0; parts joined by "+" are summed.

    Args:
        config: The training settings.
        class_weights: float [K] or None; used by cross-entropy and focal.
        others: Further losses by their names, those of packages.
    """
    entropy: Loss = partial(cross_entropy, weights=class_weights, smoothing=config.label_smoothing)
    if config.class_weights == "corrected" and class_weights is not None:
        entropy = corrected(entropy, class_weights)
    known: dict[str, Loss] = {
        "cross-entropy": entropy,
        "focal": partial(focal, weights=class_weights),
        "dice": dice,
        "lovasz": lovasz_softmax,
        **(others or {}),
    }

    def total(names: str) -> Loss:
        return _sum([known[name] for name in names.split("+")])

    early, late = total(config.loss), total(config.finish or config.loss)
    return lambda epoch: late if epoch >= round(config.epochs * config.finish_from) else early


def cross_entropy(logits: Tensor, target: Tensor, weights: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
    """Return the mean cross-entropy, logits [N, K, ...] against class indices [N, ...], weighted by class."""
    total = F.cross_entropy(
        logits, target, weight=weights, ignore_index=IGNORE, label_smoothing=smoothing, reduction="sum"
    )
    return total / _weight(target, weights).sum().clamp(min=TINY)


def focal(logits: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the focal loss (Lin et al. 2017): cross-entropy scaled by (1 - p)^2, so that easy pixels count less."""
    losses = F.cross_entropy(logits, target, ignore_index=IGNORE, reduction="none")
    weight = _weight(target, weights)
    return ((1 - torch.exp(-losses)) ** FOCUS * losses * weight).sum() / weight.sum().clamp(min=TINY)


def corrected(loss: Loss, weights: Tensor) -> Loss:
    """Return a weighted loss that sees the logarithm of each class's weight added to its logits.

    What minimises a weighted cross-entropy is the posterior times the weights. With them added here, the network is
    left with the posterior (prior correction: King & Zeng 2001; logit adjustment: Menon et al. 2021).
    """
    lean = torch.where(weights > 0, weights, 1).log()
    return lambda logits, target: loss(logits + lean.view(-1, *[1] * (logits.ndim - 2)), target)


def dice(logits: Tensor, target: Tensor) -> Tensor:
    """Return 1 - the mean soft Dice coefficient over the classes present in the batch's truth."""
    probabilities, truth, _ = _by_class(logits, target)
    total = probabilities.sum(dim=1) + truth.sum(dim=1)
    return _mean_over_present(1 - 2 * (probabilities * truth).sum(dim=1) / total.clamp(min=TINY), truth)


def lovasz_softmax(logits: Tensor, target: Tensor) -> Tensor:
    """Return the Lovasz-Softmax loss (Berman et al. 2018) over the classes present: a convex surrogate of 1 - IoU."""
    probabilities, truth, valid = _by_class(logits, target)
    # An ignored pixel has no error and so adds nothing, wherever it is sorted to.
    errors = (truth - probabilities).abs() * valid
    with torch.no_grad():
        order = _largest_first(errors)
        steps = _jaccard_steps(truth.gather(1, order))
        # Steps go back to the pixels rather than errors to the steps, so that gradients are in their place already.
        worth = torch.empty_like(steps).scatter_(1, order, steps)
    return _mean_over_present((errors * worth).sum(dim=1), truth)


def _sum(parts: list[Loss]) -> Loss:
    return parts[0] if len(parts) == 1 else lambda logits, target: torch.stack([p(logits, target) for p in parts]).sum()


def _weight(target: Tensor, weights: Tensor | None) -> Tensor:
    """Return the weight of every target's class, 0 where it is ignored."""
    valid = target != IGNORE
    return valid.float() if weights is None else weights[target.clamp(min=0)] * valid


def _largest_first(errors: Tensor) -> Tensor:
    """Return int64 [K, P]: where the errors, [K, P] and not negative, stand from the largest to the smallest.

    On a CPU numpy sorts integers by vector instructions, six times as fast as torch sorts floats. Floats that are not
    negative are ordered as their bits are, and the lower half of each integer says where it came from.
    """
    if errors.device.type != "cpu":
        return errors.argsort(dim=1, descending=True)
    keys = (-errors.contiguous().view(torch.int32)).long() << 32 | torch.arange(errors.shape[1])
    keys.numpy().sort(axis=1)
    return keys & 0xFFFFFFFF


def _jaccard_steps(truth: Tensor) -> Tensor:
    """Return how much each further error, the largest first, adds to 1 - IoU; truth is 0/1 [K, P] in that order.

    A pixel of the class leaves the intersection, another joins the union. Written out, because differences of IoUs that
    hardly differ would be little but rounding.
    """
    positives = truth.sum(dim=1, keepdim=True)
    found = truth.cumsum(dim=1)
    union = positives + torch.arange(1, truth.shape[1] + 1, device=truth.device) - found
    return torch.where(truth > 0, 1 / union, (positives - found) / (union * (union - 1).clamp(min=1)))


def _mean_over_present(losses: Tensor, truth: Tensor) -> Tensor:
    """Return the mean of losses, [K], over the classes of which truth, 0/1 [K, P], has a pixel."""
    present = truth.amax(dim=1)
    return (losses * present).sum() / present.sum().clamp(min=1)


def _by_class(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return probabilities and one-hot truth, float [K, P], 0 where ignored, and which pixels are not, float [P].

    A class's pixels lie side by side, because sorting and summing over them is what the losses wait for.
    """
    classes = logits.shape[1]
    target = target.flatten()
    valid = (target != IGNORE).float()
    probabilities = logits.float().softmax(dim=1).movedim(1, 0).reshape(classes, -1) * valid
    truth = (torch.arange(classes, device=target.device)[:, None] == target).float()
    return probabilities, truth, valid
