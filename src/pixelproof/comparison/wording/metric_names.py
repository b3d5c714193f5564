"""What the figures by which models are compared are called, in every language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pixelproof.languages import Language

METRICS: Final[Mapping[str, Mapping[Language, str]]] = {
    "metric_accuracy": {"en": "accuracy", "zh-Hant": "準確率"},
    "metric_balanced_accuracy": {"en": "balanced accuracy", "zh-Hant": "平衡準確率"},
    "metric_f1": {"en": "mean F1", "zh-Hant": "平均 F1"},
    "metric_roc_auc": {"en": "mean ROC AUC", "zh-Hant": "平均 ROC AUC"},
    "metric_average_precision": {"en": "mean average precision", "zh-Hant": "各類別平均的 AP"},
    "metric_miou": {"en": "mIoU", "zh-Hant": "mIoU"},
    "metric_pixel_accuracy": {"en": "pixel accuracy", "zh-Hant": "像素準確率"},
    "metric_boundary_iou": {"en": "Boundary IoU", "zh-Hant": "Boundary IoU"},
    "metric_boundary_f1": {"en": "boundary F1", "zh-Hant": "邊界 F1"},
    "metric_of_class": {"en": "{figure} of {name}", "zh-Hant": "{name} 的{figure}"},
    "class_recall": {"en": "recall", "zh-Hant": "召回率"},
    "class_precision": {"en": "precision", "zh-Hant": "精確率"},
    "class_f1": {"en": "F1", "zh-Hant": "F1"},
    "class_roc_auc": {"en": "ROC AUC", "zh-Hant": "ROC AUC"},
    "class_average_precision": {"en": "average precision", "zh-Hant": "AP"},
    "class_iou": {"en": "IoU", "zh-Hant": "IoU"},
    "class_boundary_iou": {"en": "Boundary IoU", "zh-Hant": "Boundary IoU"},
    "class_boundary_f1": {"en": "boundary F1", "zh-Hant": "邊界 F1"},
}
