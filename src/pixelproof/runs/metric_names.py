"""The figures by which models are compared, by their names: ``f1``, or ``recall:melanoma`` for one class."""

from __future__ import annotations

from typing import Final

from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme
from pixelproof.numbers import between, if_known, interval, score, share
from pixelproof.schema import nearest

OF_ALL: Final = {
    "classification": ("accuracy", "balanced_accuracy", "f1", "roc_auc", "average_precision"),
    "segmentation": ("miou", "pixel_accuracy", "f1", "boundary_iou", "boundary_f1"),
}
"""Figures over all classes; the first decides unless another is asked for."""
OF_ONE: Final = {
    "classification": ("recall", "precision", "f1", "roc_auc", "average_precision"),
    "segmentation": ("iou", "recall", "precision", "f1", "boundary_iou", "boundary_f1"),
}
"""Figures of one class, which is named behind a colon."""
AREAS: Final = ("roc_auc", "average_precision")
"""Those of the probabilities of a class: no sums of counts."""
PER_CENT: Final = ("accuracy", "balanced_accuracy", "pixel_accuracy", "recall", "precision")
"""Figures that are read in per cent: shares of images, answers or pixels. All others are numbers of 0 to 1."""
_EACH: Final = {"accuracy": "recall", "balanced_accuracy": "recall", "pixel_accuracy": "recall", "miou": "iou"}
FIGURES: Final = sorted({name for names in (*OF_ALL.values(), *OF_ONE.values()) for name in names})
PATTERN: Final = rf"^({'|'.join(FIGURES)})(:(.|\n)+)?$"
"""Of the name of any metric."""


def parted(metric: str) -> tuple[str, str]:
    """Return the figure that a metric names, and its class: empty for all of them."""
    figure, _, of = metric.partition(":")
    return figure, of


def in_percent(metric: str) -> bool:
    """Return whether a figure, by its name or in words as "balanced accuracy", is read in per cent."""
    return parted(metric)[0].replace(" ", "_") in PER_CENT


def told(metric: str, value: float | None, digits: int = 3) -> str:
    """Return a figure as readers see it wherever it stands; files and ``--json`` have numbers of 0 to 1 of all.

    >>> told("recall:melanoma", 0.91249), told("miou", 0.91249), told("accuracy", 0.91249, 4)
    ('91.2%', '0.912', '91.25%')
    """
    return share(value, digits - 2) if in_percent(metric) else score(value, digits)


def told_ends(metric: str, low: float | None, high: float | None, digits: int = 3) -> str:
    """Return the ends of a figure's interval likewise; a dash where it is unknown.

    >>> told_ends("recall", 0.9, 0.95), told_ends("f1", 0.9, 0.95)
    ('90.0% to 95.0%', '0.900 to 0.950')
    """
    return interval(low, high, digits - 2) if in_percent(metric) else between(low, high, digits)


def told_within(metric: str, value: float | None, low: float | None, high: float | None, digits: int = 3) -> str:
    """Return a figure with its interval where that is known.

    >>> told_within("recall", 0.92, 0.9, 0.95), told_within("f1", 0.92, None, None)
    ('92.0% (90.0% to 95.0%)', '0.920')
    """
    ends = if_known(told_ends(metric, low, high, digits))
    return told(metric, value, digits) + (f" ({ends})" if ends else "")


def of_each(metric: str) -> str:
    """Return the figure of single classes that goes with a metric, such as recall with accuracy.

    >>> of_each("accuracy"), of_each("precision:melanoma")
    ('recall', 'precision')
    """
    figure, _ = parted(metric)
    return _EACH.get(figure, figure)


def is_area(metric: str) -> bool:
    """Return whether a metric is of the probabilities of a class, an area under a curve: no sum of counts."""
    return parted(metric)[0] in AREAS


def known_metric(metric: str | None, scheme: LabelScheme) -> str:
    """Return the metric of models that are scored under a label contract, by default accuracy or mIoU.

    Raises:
        UserError: There is none of that name, or it lacks its class, or has one that is not scored or not asked for.
    """
    whole, single = OF_ALL[scheme.task], OF_ONE[scheme.task]
    if metric is None:
        return whole[0]
    figure, of = parted(metric)
    names = [c.name for c in scheme.classes if not c.ignored]
    if figure not in {*whole, *single}:
        raise UserError(f"there is no metric '{figure}' of {scheme.task}", nearest(figure, [*{*whole, *single}]))
    if not of and figure not in whole:
        raise UserError(f"the metric '{figure}' is of one class", f"name it, such as '{figure}:{names[0]}'")
    if metric != figure and not of:
        raise UserError(f"the metric '{metric}' names no class", "leave out the colon, or name one behind it")
    if of and figure not in single:
        others = ", ".join(f"'{other}:{of}'" for other in single)
        raise UserError(f"the metric '{figure}' is of all classes", f"leave out ':{of}', or choose from {others}")
    if of and of not in names:
        raise UserError(f"there is no scored class '{of}' for the metric '{figure}'", nearest(of, names))
    return metric
