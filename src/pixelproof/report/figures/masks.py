"""Masks in their colours, where they are wrong, and all models side by side as one figure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from pixelproof.array_types import UInt8
from pixelproof.labels import VOID, LabelScheme, class_colors
from pixelproof.numbers import shortened
from pixelproof.report.figures import style
from pixelproof.runs import Shown

THIN = 512  # pixels a side up to which an outline is one pixel on either side of a boundary
GREYS = 12  # levels of the faded photograph: enough to recognise it, few enough to stay small


def colored(mask: UInt8, scheme: LabelScheme) -> UInt8:
    """Return a mask [H, W] in its classes' colours, uint8 [H, W, 3]; void without a colour of its own is hatched."""
    picture = class_colors(scheme)[mask]
    if not scheme.void_colors:
        picture[mask == VOID] = _hatching(mask.shape)[mask == VOID]
    return picture


def outlined(image: UInt8, mask: UInt8, scheme: LabelScheme) -> UInt8:
    """Return a photograph, uint8 [H, W, 3], with its mask's boundaries drawn in, each side in its class's colour."""
    picture, drawn = image.copy(), np.zeros(mask.shape, bool)
    reach = 1 + max(mask.shape) // THIN
    for axis in (0, 1):
        for step in range(1, min(reach, mask.shape[axis] - 1) + 1):
            near, far = (np.moveaxis(each, axis, 0) for each in (mask, drawn))
            differs = near[step:] != near[:-step]
            far[step:] |= differs
            far[:-step] |= differs
    picture[drawn] = colored(mask, scheme)[drawn]
    return picture


def error_map(shown: Shown, scheme: LabelScheme) -> UInt8:
    """Return where a prediction is wrong, uint8 [H, W, 3].

    Wrong pixels have the colour of the predicted class, right ones are the faded photograph, and those that nobody is
    scored on are hatched.
    """
    judged = np.append(scheme.scored, np.zeros(256 - len(scheme.classes), bool))[shown.truth]
    wrong = shown.prediction != shown.truth
    picture = _faded(shown.image, _backdrop(scheme))
    picture[wrong] = colored(shown.prediction, scheme)[wrong]
    picture[~judged] = _hatching(shown.truth.shape)[~judged]
    return picture


def mask_figure(rows: Sequence[Sequence[Shown | None]], models: Sequence[str], scheme: LabelScheme) -> bytes:
    """Draw images as rows and, as columns, the image, the truth, and every model's mask and errors.

    Args:
        rows: For every image what each model made of it; None where a model has not predicted it.
        models: Names in the order of a row's entries.
        scheme: The label contract.

    Returns:
        A PNG file for use in print.
    """
    called = [shortened(model, 20) for model in models]
    heads = ["image", "truth", *(head for name in called for head in (name, f"{name}: errors"))]
    heads = [textwrap.fill(head, 22) for head in heads]
    names = [shortened(name, 24) for name in scheme.names]
    # Half an inch is for the colour; more lines in the legend or the heads make a taller figure.
    columns = max(1, min(8, len(names), int(1.9 * len(heads) / (style.widest(names, 10) + 0.5))))
    lines = -(-len(names) // columns) + 2 * max(head.count("\n") for head in heads)
    with style.figure(1.9 * len(heads), 1.8 * len(rows) + 0.7 + 0.2 * lines) as drawing:
        grid = drawing.subplots(len(rows), len(heads), squeeze=False)
        for line, row in zip(grid, rows, strict=True):
            _row(line, row, scheme)
        for axes, head in zip(grid[0], heads, strict=True):
            axes.set_title(head, fontsize=11)
        _legend(drawing, scheme, names, columns)
        return style.saved(drawing, "png")


def _row(line: Sequence[Axes], row: Sequence[Shown | None], scheme: LabelScheme) -> None:
    first = next(shown for shown in row if shown is not None)
    pictures: list[UInt8 | None] = [first.image, colored(first.truth, scheme)]
    for shown in row:
        pictures += [None, None] if shown is None else [colored(shown.prediction, scheme), error_map(shown, scheme)]
    for axes, picture in zip(line, pictures, strict=True):
        style.bare(axes)
        if picture is not None:
            axes.imshow(picture, interpolation="nearest")
    line[0].set_ylabel(shortened(first.id, 20), fontsize=11, color=style.INK)


def _legend(drawing: Figure, scheme: LabelScheme, names: list[str], columns: int) -> None:
    colors = class_colors(scheme) / 255
    handles = [Patch(facecolor=color, edgecolor=style.MUTED, linewidth=0.6) for color in colors[: len(scheme.classes)]]
    drawing.legend(handles, names, loc="outside lower center", ncols=columns, fontsize=10)


def _backdrop(scheme: LabelScheme) -> int:
    """Return the grey from which the classes' colours stand out best: palettes may hold white, black or greys."""
    colors = class_colors(scheme)[: len(scheme.classes)].astype(int)
    return max((216, 128, 64), key=lambda grey: int(np.abs(colors - grey).max(axis=1).min()))


def _faded(rgb: UInt8, grey: int) -> UInt8:
    """Return a photograph as a few greys around ``grey``, uint8 [H, W, 3]."""
    luminance = rgb @ np.array([0.299, 0.587, 0.114])
    low, high = np.percentile(luminance, (1, 99))  # so that dark and pale photographs show alike
    level = ((luminance - low) / max(high - low, 1) * GREYS).clip(0, GREYS - 1).astype(int)
    faded = np.clip(grey + (level - GREYS // 2) * 5, 0, 255).astype(np.uint8)
    return np.repeat(faded[..., None], 3, axis=2)


def _hatching(shape: tuple[int, ...]) -> UInt8:
    """Return diagonal stripes, uint8 [H, W, 3], about 24 across the longer side."""
    rows, columns = np.indices(shape)
    stripe = (rows + columns) // max(1, max(shape) // 48) % 2
    return np.where(stripe[..., None], 236, 178).repeat(3, axis=2).astype(np.uint8)
