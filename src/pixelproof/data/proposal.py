"""Propose a label contract for masks whose values nobody has explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from pixelproof.array_types import Bool, Int64, UInt8
from pixelproof.data.masks import Ids
from pixelproof.labels import VOID, Color, LabelScheme
from pixelproof.labels.codec import pack, unpack

_MOST_VALUES = 1 << 14  # kept of one mask; only photographs and very large JPEG masks hold more
_MERGED = 64  # masks at once, so that many with many values take little memory
_MOST_CLASSES = 254
_TOLERANCES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 127)
_UNBLURRED = 2  # difference in a channel that JPEG makes where nothing is near
_SMALLEST_CLUSTER = 1e-4  # of all pixels; fewer are more likely an edge blurred by JPEG than a class

TWO_FOREGROUNDS = "some masks hold 0 and 1 alone, and others 0 and 255 alone"


@dataclass(frozen=True)
class MaskValues:
    """The distinct raw values of one or more masks, most frequent first.

    Attributes:
        counts: Pixels with each value, int64 [N].
        ids: int64 [N], of index and palette masks.
        colors: uint8 [N, 3], of colour and palette masks.
        runs: Horizontal runs of equal values; in a mask far fewer than pixels.
        left_out: Pixels of rare values beyond the 16,384 that are kept.
    """

    counts: Int64
    ids: Int64 | None
    colors: UInt8 | None
    runs: int
    left_out: int = 0

    def only(self, keep: Bool) -> MaskValues:
        """Return the values where ``keep`` is true."""
        ids = None if self.ids is None else self.ids[keep]
        colors = None if self.colors is None else self.colors[keep]
        return MaskValues(self.counts[keep], ids, colors, self.runs, self.left_out)

    def named(self) -> list[Color | int]:
        """Return the values as people know them: ids, where there are any, else colours."""
        if self.ids is not None:
            return list(self.ids.tolist())
        assert self.colors is not None
        return [(r, g, b) for r, g, b in self.colors.tolist()]

    def pixels_of(self, value: Color | int) -> int:
        """Return how many pixels have a value that ``named`` may give."""
        if isinstance(value, int):
            return 0 if self.ids is None else int(self.counts[self.ids == value].sum())
        return 0 if self.colors is None else int(self.counts[(self.colors == value).all(axis=1)].sum())


@dataclass(frozen=True)
class Proposal:
    """A scheme for the user to correct, or the reason why there is none."""

    scheme: LabelScheme | None
    reason: str = ""


def count_values(ids: Ids | None, colors: UInt8 | None) -> MaskValues:
    """Count the values of a mask as ``read_mask_values`` gives it, any shape; of a palette mask, ids tell colours."""
    rgb = None if colors is None else colors.reshape(-1, 3)
    key = ids.ravel() if ids is not None else _keys(None, rgb)
    # Masks are made of runs: sorting those instead of pixels is several times faster, and as exact.
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    lengths = np.diff(np.append(starts, key.size))
    keys = _keys(None if ids is None else key[starts], None if rgb is None else rgb[starts])
    return _ranked(*_summed(keys, lengths), ids is not None, colors is not None, len(starts))


def merge_values(masks: Sequence[MaskValues]) -> MaskValues:
    """Return the values of several masks together; colours where all have them, ids where the first one has."""
    has_ids, has_colors = masks[0].ids is not None, all(m.colors is not None for m in masks)
    keys = counts = np.zeros(0, np.int64)
    for start in range(0, len(masks), _MERGED):
        part = masks[start : start + _MERGED]
        keys = np.concatenate([keys, *(_keys(m.ids, m.colors if has_colors else None) for m in part)])
        keys, counts = _summed(keys, np.concatenate([counts, *(m.counts for m in part)]))
    merged = _ranked(keys, counts, has_ids, has_colors, sum(m.runs for m in masks))
    return replace(merged, left_out=merged.left_out + sum(m.left_out for m in masks))


def propose_scheme(masks: Sequence[MaskValues], lossy: bool = False) -> Proposal:
    """Propose a label scheme for segmentation masks of unknown meaning.

    Classes are called class_0, class_1, ... by id, or by frequency for colours. Black and white, or 0 and 255, become
    background and foreground; 255 beside small ids becomes void. Colours blurred by JPEG are gathered around the most
    frequent ones within the smallest tolerance that covers all and keeps them apart.

    Args:
        masks: The counted values of every mask.
        lossy: True if a mask was compressed with loss, so that one class has many colours.
    """
    if not masks:
        return Proposal(None, "no mask can be read")
    if len({m.ids is None for m in masks}) > 1:
        return Proposal(None, "some masks hold ids and others hold colours")
    if two_foregrounds(masks):
        return Proposal(None, f"{TWO_FOREGROUNDS}, which may be the same foreground: were 255 void, it would be lost")
    together = merge_values(masks)
    if not lossy and 2 * together.runs > together.counts.sum() + together.left_out:
        return Proposal(None, "the masks change from pixel to pixel like photographs")
    try:
        if together.ids is None:
            return _of_colors(together, lossy)
        return _of_ids(together, lossy)
    except ValidationError as error:
        return Proposal(None, str(error.errors()[0]["msg"]))


def two_foregrounds(masks: Sequence[MaskValues]) -> bool:
    """Return whether some masks hold 1 beside 0, others 255, and none both, as one foreground written in two ways."""
    held = [set() if mask.ids is None else set(mask.ids.tolist()) for mask in masks]
    return set[int]().union(*held) == {0, 1, VOID} and not any({1, VOID} <= ids for ids in held)


def _of_ids(values: MaskValues, lossy: bool) -> Proposal:
    assert values.ids is not None
    ids = sorted(set(values.ids.tolist()))
    if lossy and len(ids) > 2:
        return Proposal(
            None, f"the masks are grey and compressed with loss, whose blur turned ids into {len(ids)} values"
        )
    if ids == [0, VOID]:
        return _scheme([{"name": "background", "id": 0}, {"name": "foreground", "id": VOID}])
    void = [ids.pop()] if ids[-1] in (VOID, 65535) and len(ids) > 1 else []
    if len(ids) > _MOST_CLASSES:
        return Proposal(None, f"the masks hold {len(ids)} ids, more than a segmentation can have classes")
    colors = _palette(values)
    classes = [{"name": f"class_{i}", "id": i} | ({"color": colors[i]} if colors else {}) for i in ids]
    return _scheme(classes, void_ids=void, void_colors=[colors[i] for i in void] if colors else [])


def _of_colors(values: MaskValues, lossy: bool) -> Proposal:
    assert values.colors is not None
    colors = values.colors
    if not lossy and len(colors) <= _MOST_CLASSES and not values.left_out:
        return _scheme(_named(colors))
    for tolerance in _TOLERANCES:
        centres = _clusters(colors, values.counts, tolerance)
        if centres is None:
            continue
        distance = np.abs(colors[:, None].astype(np.int16) - centres).max(axis=-1).min(axis=1)
        # Away from edges JPEG leaves a mask's colours as they were; a photograph is not so.
        if 2 * values.counts[distance <= _UNBLURRED].sum() > values.counts.sum():
            return _scheme(_named(centres.astype(np.uint8)), tolerance=int(distance.max()))
    return Proposal(None, f"the masks hold {len(colors)} colours, blurred so far that no tolerance tells them apart")


def _named(colors: UInt8) -> list[dict[str, Any]]:
    rows = [tuple(color) for color in colors.tolist()]
    if set(rows) == {(0, 0, 0), (255, 255, 255)}:
        rows.sort()
        return [{"name": n, "id": i, "color": rows[i]} for i, n in enumerate(("background", "foreground"))]
    return [{"name": f"class_{i}", "id": i, "color": color} for i, color in enumerate(rows)]


def _clusters(colors: UInt8, counts: Int64, tolerance: int) -> npt.NDArray[np.int16] | None:
    """Return the most frequent colours that cover all others within ``tolerance``, if these stay apart and are few."""
    left, weight = colors.astype(np.int16), counts
    centres: list[npt.NDArray[np.int16]] = []
    while len(left):
        centre = left[0]  # values come most frequent first
        near = np.abs(left - centre).max(axis=1) <= tolerance
        apart = all(np.abs(centre - other).max() > 2 * tolerance for other in centres)
        if not apart or weight[near].sum() < _SMALLEST_CLUSTER * counts.sum() or len(centres) == _MOST_CLASSES:
            return None
        centres.append(centre)
        left, weight = left[~near], weight[~near]
    return np.stack(centres)


def _palette(values: MaskValues) -> dict[int, tuple[int, ...]] | None:
    """Return the colour of each id of palette masks, unless colours repeat, differ by file, or are a grey ramp."""
    if values.ids is None or values.colors is None:
        return None
    pairs = list(zip(values.ids.tolist(), map(tuple, values.colors.tolist()), strict=True))
    colors: dict[int, tuple[int, ...]] = dict(pairs)
    grey = all(color == (i, i, i) for i, color in pairs)
    clear = len(colors) == len(pairs) == len(set(colors.values()))
    return colors if clear and not grey else None


def _scheme(classes: list[dict[str, Any]], **options: Any) -> Proposal:
    return Proposal(LabelScheme.model_validate({"task": "segmentation", "classes": classes, **options}))


def _keys(ids: Ids | None, colors: UInt8 | None) -> Int64:
    """Return one number for each value: the packed colour, the id, or both."""
    if colors is None:
        assert ids is not None
        return ids.astype(np.int64)
    packed = pack(colors).astype(np.int64)
    return packed if ids is None else ids.astype(np.int64) << 24 | packed


def _summed(keys: Int64, weights: Int64) -> tuple[Int64, Int64]:
    """Return each key once, and the sum of its weights."""
    values, where = np.unique(keys, return_inverse=True)
    return values, np.bincount(where, weights=weights, minlength=len(values)).astype(np.int64)


def _ranked(values: Int64, counts: Int64, has_ids: bool, has_colors: bool, runs: int) -> MaskValues:
    order = np.argsort(-counts, kind="stable")
    kept, rest = order[:_MOST_VALUES], order[_MOST_VALUES:]
    values, left_out = values[kept], int(counts[rest].sum())
    colors = unpack(values & 0xFFFFFF)
    ids = values >> 24 if has_colors else values
    return MaskValues(counts[kept], ids if has_ids else None, colors if has_colors else None, runs, left_out)
