"""What a page shows of training: the losses and the score over the epochs."""

from __future__ import annotations

import math

import pixelproof.numbers as numbers
import pixelproof.report.provenance as provenance
from pixelproof.languages import Texts
from pixelproof.report.artefacts import PartArtefacts
from pixelproof.report.figures.curves import curves
from pixelproof.report.key_results import enumerated
from pixelproof.report.pictures import Picture, drawn

LOSS: Texts = {
    "en": "Mean loss over the training images of each epoch.",
    "zh-Hant": "各週期（epoch）訓練影像的平均損失。",
}
LOSSES: Texts = {
    "en": "Solid: mean loss over the training images of each epoch. Dashed: mean cross-entropy on the selection part "
    "of train{images}, without class weights or label smoothing. Where it rises and the solid line falls, a "
    "model overfits.",
    "zh-Hant": "實線：各週期（epoch）訓練影像的平均損失。虛線：訓練集中選擇部分{images}的平均交叉熵，"
    "不含類別權重與標籤平滑。虛線上升而實線下降之處，模型即過度擬合。",
}
SCORE: Texts = {
    "en": "Score on the selection part of train{images}. A ring marks the epoch kept.",
    "zh-Hant": "訓練集中選擇部分{images}的分數。圓圈標示所保留的週期。",
}
FOLD: Texts = {"en": " Of fold 1 of {folds}.", "zh-Hant": "取自 {folds} 折中的第 1 折。"}
IMAGES: Texts = {"en": ", n = {n} images", "zh-Hant": "（n = {n} 張影像）"}


def learning_curves(part: PartArtefacts) -> list[Picture]:
    """Return the losses and the selection score over the epochs, where they were logged."""
    logs = {model.name: model.log for model in part.models}
    best = {model.name: provenance.best_epoch(model) for model in part.models}
    metrics = {model.config.chosen_by for model in part.models if model.config and not model.config.model.members}
    metric = metrics.pop() if len(metrics) == 1 else "score"
    chosen = [row["selection_loss"] for log in logs.values() for row in log]
    both = any(loss is not None and math.isfinite(loss) for loss in chosen)
    label, caption = ("loss", LOSSES) if both else ("training loss", LOSS)
    losses = curves(logs, {"loss": "training", "selection_loss": "selection part"}, label, {})
    scores = curves(logs, {"score": metric}, metric, best)
    made = [("loss", losses, label, caption), ("score", scores, metric, SCORE)]
    n, folds = part.record.data.images.selection, part.record.folds
    return [
        drawn(figure, (kind,), f"{label} by epoch of {enumerated(logs)}", _said(caption, n, folds))
        for kind, figure, label, caption in made
        if figure is not None
    ]


def _said(caption: Texts, images: int | None, folds: int | None) -> Texts:
    """Return a caption with the number of images of the selection part, where that is known, and which fold it is."""
    return {
        tongue: text.format(images=IMAGES[tongue].format(n=numbers.count(images)) if images else "")
        + (FOLD[tongue].format(folds=folds) if folds else "")
        for tongue, text in caption.items()
    }
