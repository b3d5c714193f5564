"""Whether two score files may be compared at all; if not, what differs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NoReturn, TypeVar

import numpy as np

from pixelproof.array_types import Bool, Int64
from pixelproof.comparison.paired import ROUGH
from pixelproof.errors import Refusal, UserError
from pixelproof.evaluation.resampling import MINIMUM
from pixelproof.labels import difference
from pixelproof.numbers import count
from pixelproof.runs import Boundaries, ClassificationScores, Scores, SegmentationScores
from pixelproof.runs.corrections_file import FILE
from pixelproof.runs.scenes import ALONE, scenes_of

Kind = TypeVar("Kind", bound=SegmentationScores | ClassificationScores)
Groups = Int64


def refuse_mixture(a: Scores, b: Scores) -> None:
    """Refuse two score files that do not measure the same thing on the same images.

    Args:
        a: The first model's scores, sorted by ``in_order``.
        b: The second's.

    Raises:
        Refusal: The task, the rows' unit, the label contract, the images, or those of groups, the data's fingerprint or
            the truth differs.
    """
    refuse_other_meaning(a, b)
    names = (a.source.name, b.source.name)
    if a.ids != b.ids:
        remedy = "score both on the same" + ", or compare two sets of images with --unpaired" * _apart(a, b)
        _refuse(names, f"were scored on different images: {_image_difference(a, b, names)}", remedy)
    _refuse_other_corrections(a, b)
    prints = (a.source.fingerprint, b.source.fingerprint)
    if all(prints) and prints[0] != prints[1]:
        what = f"files of different content (data fingerprints {prints[0]} and {prints[1]})"
        _refuse(names, f"were scored on {what}", "evaluate both on the same data, or compare them with --unpaired")
    members = (a.source.members, b.source.members)
    if all(members) and members[0] != members[1]:
        what = "answer for groups that are called alike and hold other images"
        _refuse(names, what, "score both with the same groups")
    if (image := _relabelled(a, b)) is not None:
        _refuse(names, f"were scored against different truths: that of image '{image}' differs", "score both again")


def refuse_other_meaning(a: Scores, b: Scores) -> None:
    """Refuse two score files whose figures mean different things, whatever images they are of.

    Raises:
        Refusal: The task, the rows' unit or the label contract differs.
    """
    names = (a.source.name, b.source.name)
    if a.scheme.task != b.scheme.task:
        _refuse(names, f"differ in their task: {a.scheme.task} and {b.scheme.task}", "compare models of one task")
    if a.source.unit != b.source.unit:
        of_groups, of_images = names if a.source.unit else reversed(names)
        what = f"answer for different things: {of_groups} for each group of images, {of_images} for each image"
        _refuse(names, what, "score both with --per-group, or neither")
    if a.scheme.hash != b.scheme.hash:
        what = f"were scored under different label contracts: {difference(a.scheme, b.scheme, *names)}"
        _refuse(names, what, "score both with the same labels.yaml")


def refuse_same_images(a: Scores, b: Scores) -> None:
    """Refuse two score files of the same images, which a paired comparison knows more of.

    Raises:
        Refusal: Ids, fingerprints as far as known, and truth are equal.
    """
    prints = {a.source.fingerprint, b.source.fingerprint} - {""}
    if a.ids == b.ids and len(prints) < 2 and _relabelled(a, b) is None:
        _refuse((a.source.name, b.source.name), "were scored on the same images", "compare them without --unpaired")


def _refuse_other_corrections(a: Scores, b: Scores) -> None:
    """Refuse two score files between which labels were corrected, and say no more than that: it is simply mended."""
    corrected = [each.source.images_corrected for each in (a, b)]
    if any(corrected) and _relabelled(a, b) is not None:
        counts = " and ".join(map(count, corrected))
        what = f"were scored by other labels: {counts} of their images have a corrected one"
        _refuse((a.source.name, b.source.name), what, f"evaluate both again with --overwrite, for {FILE} has changed")


def refuse_unscored(scores: Scores) -> None:
    """Refuse scores of images that show none of the classes that count.

    Raises:
        Refusal: There is no scored pixel in the truth.
    """
    if isinstance(scores, SegmentationScores) and not scores.confusion[:, :-1][:, scores.scheme.scored].any():
        raise Refusal(
            f"no image of {scores.source.name} shows a class that is scored", "compare on images that show one"
        )


def in_order(scores: Kind) -> Kind:
    """Return the scores with their images sorted by id, so that no result depends on the order in a file.

    Raises:
        UserError: An image stands twice.
    """
    order = sorted(range(len(scores.ids)), key=scores.ids.__getitem__)
    ids = tuple(scores.ids[place] for place in order)
    if twice := next((x for x, y in itertools.pairwise(ids) if x == y), None):
        raise UserError(f"the scores of {scores.source.name} hold image '{twice}' twice", "score each image once")
    arrays: dict[str, Any] = {n: v[order] for n, v in vars(scores).items() if isinstance(v, np.ndarray)}
    arrays |= {n: v.take(order) for n, v in vars(scores).items() if isinstance(v, Boundaries)}
    return type(scores)(**vars(scores) | arrays | {"ids": ids})


def group(scores: Sequence[Scores], pattern: str | None) -> Groups | None:
    """Return each image's group as int64 [N], 0 to G-1: images of one scene are no independent evidence.

    Args:
        scores: Scores of the same images in one order.
        pattern: See ``scenes_of``; ``ALONE`` lets every image stand for itself; None takes the groups that the scores
            know, as far as they know any.

    Returns:
        The groups, or None where every image stands for itself.

    Raises:
        UserError: The pattern is none, or an id does not match it.
        Refusal: The scores know different groups, or there are too few images or groups for any interval.
    """
    ids = scores[0].ids
    known = [] if pattern is not None else [(s.source.name, s.groups) for s in scores if s.groups is not None]
    if pattern not in (None, ALONE):
        known = [("", np.array(scenes_of(ids, pattern), dtype=np.str_))]
    if not known:
        _refuse_few(len(ids), "image")
        return None
    numbered = [(name, np.unique(names, return_inverse=True)[1].astype(np.int64)) for name, names in known]
    (first, groups), *others = numbered
    if other := next((name for name, theirs in others if not _same_parts(groups, theirs)), None):
        _refuse((first, other), "were scored with different groups", f"say by --groups which count, or '{ALONE}'")
    _refuse_few(int(groups.max()) + 1, "group of images")
    return groups


def _same_parts(a: Groups, b: Groups) -> bool:
    """Return whether two groupings, [N] each, are the same whatever the groups are called."""
    pairs = len(np.unique(np.stack([a, b]), axis=1).T)
    return pairs == len(np.unique(a)) == len(np.unique(b))


def _refuse_few(count: int, what: str) -> None:
    if count < MINIMUM:
        raise Refusal(
            f"{count} {what} gives no interval, because nothing shows how much the next would differ",
            f"compare on at least {MINIMUM}, better on {ROUGH} or more",
        )


def _refuse(names: tuple[str, str], what: str, remedy: str) -> NoReturn:
    raise Refusal(f"{names[0]} and {names[1]} {what}", remedy)


def _apart(a: Scores, b: Scores) -> bool:
    """Return whether two sets have no image in common, so that nobody meant to compare them image by image."""
    return not set(a.ids) & set(b.ids)


def _image_difference(a: Scores, b: Scores, names: tuple[str, str]) -> str:
    here, there = set(a.ids), set(b.ids)
    name, alone = (names[0], here - there) if here - there else (names[1], there - here)
    more = f" and {len(alone) - 1} more" if len(alone) > 1 else ""
    return f"only {name} has '{min(alone)}'{more}"


def _relabelled(a: Scores, b: Scores) -> str | None:
    """Return the first image whose truth the two saw differently."""
    if isinstance(a, SegmentationScores) and isinstance(b, SegmentationScores):
        differs = (a.confusion.sum(axis=2) != b.confusion.sum(axis=2)).any(axis=1)
        if a.boundaries is not None and b.boundaries is not None:
            differs |= _truth_lies_elsewhere(a.boundaries, b.boundaries)
    else:
        assert isinstance(a, ClassificationScores)
        assert isinstance(b, ClassificationScores)
        differs = a.truth != b.truth
    return a.ids[int(differs.argmax())] if differs.any() else None


def _truth_lies_elsewhere(a: Boundaries, b: Boundaries) -> Bool:
    """Return, bool [N], where masks with as many pixels of each class have them elsewhere, as far as counts tell."""
    mine, theirs = ((s.bands[..., 1], s.objects[..., 1::2], s.phases[:, 0]) for s in (a, b))
    differ = [(one != other).reshape(len(one), -1).any(axis=1) for one, other in zip(mine, theirs, strict=True)]
    elsewhere: Bool = np.any(differ, axis=0)
    return elsewhere
