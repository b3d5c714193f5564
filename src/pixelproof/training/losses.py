"""Losses over logits with ignored targets. Each is a function (logits, target) -> scalar, lower is better."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from pixelproof.config import TrainingConfig
from pixelproof.data.loading import IGNORE

Loss = Callable[[Tensor, Tensor], Tensor]
FOCUS = 2.0  # gamma of the focal loss, the paper's best


def make_loss(config: TrainingConfig, class_weights: Tensor | None) -> Loss:
    """Return the loss that ``config.loss`` names; parts joined by "+" are summed.

    Args:
        config: The training settings.
        class_weights: float [K] or None; used by cross-entropy and focal.
    """
    known: dict[str, Loss] = {
        "cross-entropy": partial(cross_entropy, weights=class_weights, smoothing=config.label_smoothing),
        "focal": partial(focal, weights=class_weights),
        "dice": dice,
        "lovasz": lovasz_softmax,
    }
    parts = [known[name] for name in config.loss.split("+")]
    return parts[0] if len(parts) == 1 else lambda logits, target: torch.stack([p(logits, target) for p in parts]).sum()


def cross_entropy(logits: Tensor, target: Tensor, weights: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
    """Return the mean cross-entropy, logits [N, K, ...] against class indices [N, ...]; 0 if all are ignored."""
    if (target == IGNORE).all():
        return logits.sum() * 0.0
    return F.cross_entropy(logits, target, weight=weights, ignore_index=IGNORE, label_smoothing=smoothing)


def focal(logits: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the focal loss (Lin et al. 2017): cross-entropy scaled by (1 - p)^2, so that easy pixels count less."""
    losses = F.cross_entropy(logits, target, ignore_index=IGNORE, reduction="none")
    valid = target != IGNORE
    scaled = (1 - torch.exp(-losses)) ** FOCUS * losses
    scale = torch.ones_like(losses) if weights is None else weights[target.clamp(min=0)]
    return (scaled * scale * valid).sum() / (scale * valid).sum().clamp(min=1e-12)


def dice(logits: Tensor, target: Tensor) -> Tensor:
    """Return 1 - the mean soft Dice coefficient over the classes present in the batch's truth."""
    probabilities, truth = _flat(logits, target)
    hit = (probabilities * truth).sum(dim=0)
    total = probabilities.sum(dim=0) + truth.sum(dim=0)
    present = truth.any(dim=0)
    if not present.any():
        return logits.sum() * 0.0
    return 1 - (2 * hit[present] / total[present]).mean()


def lovasz_softmax(logits: Tensor, target: Tensor) -> Tensor:
    """Return the Lovasz-Softmax loss (Berman et al. 2018) over the classes present: a convex surrogate of 1 - IoU."""
    probabilities, truth = _flat(logits, target)
    present = truth.any(dim=0)
    if not present.any():
        return logits.sum() * 0.0
    losses = []
    for k in present.nonzero().flatten().tolist():
        errors, order = (truth[:, k] - probabilities[:, k]).abs().sort(descending=True)
        losses.append(errors @ _jaccard_steps(truth[order, k]))
    return torch.stack(losses).mean()


def _jaccard_steps(truth: Tensor) -> Tensor:
    """Return how much each further error, the largest first, adds to 1 - IoU; truth is 0/1 [P] in that order."""
    positives = truth.sum()
    intersection = positives - truth.cumsum(0)
    union = positives + (1 - truth).cumsum(0)
    jaccard = 1 - intersection / union
    return torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])


def _flat(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Return (probabilities, one-hot truth), both float [P, K], of the P pixels that are not ignored."""
    classes = logits.shape[1]
    valid = target.flatten() != IGNORE
    probabilities = logits.float().softmax(dim=1).movedim(1, -1).reshape(-1, classes)[valid]
    return probabilities, F.one_hot(target.flatten()[valid], classes).to(probabilities.dtype)
