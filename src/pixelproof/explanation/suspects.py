"""Is the label wrong, not the model? Images whose label is probably an error, most certain first.

Images that are read as identical, in the 8 bits of a channel that a network sees, and have different labels come first:
of those at least one label is wrong, whatever any model says, unless that reading lost what tells them apart. All
others that look like another class follow, ranked by how much more they look like it. Two witnesses are asked: the
model's probabilities, and the classes among each image's neighbours in feature space, itself left out. Where confident
learning (Northcutt, Jiang and Chuang 2021, https://arxiv.org/abs/1911.00068) holds a label for an error, it is said.

Limits: on the images that it was trained on a model may have learned a wrong label by heart, which draws its own
probability, and a little its features too, towards that label. Neighbours withstand that better than probabilities.
On images it has not seen, both witnesses are honest. A class that is wrong throughout cannot be found at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Bool, Float64, Int64
from pixelproof.evaluation.metrics import ratio
from pixelproof.numbers import share
from pixelproof.runs.ranked_file import Ranked


@dataclass(frozen=True)
class Labelled:
    """N labelled images, and what witnesses say of their classes.

    Attributes:
        ids: N sample ids.
        splits: N names of splits.
        given: int64 [N], the class each is labelled as.
        model: float64 [N, K], the model's probabilities.
        near: float64 [N, K], shares of the classes among the neighbours.
        digests: N digests of pixels, equal for equal images.
        names: K class names.
    """

    ids: tuple[str, ...]
    splits: tuple[str, ...]
    given: Int64
    model: Float64
    near: Float64
    digests: tuple[bytes, ...]
    names: tuple[str, ...]

    @property
    def chances(self) -> Float64:
        """float64 [N, K], the mean of both witnesses."""
        return (self.model + self.near) / 2


def suspects(images: Labelled) -> list[Ranked]:
    """Return the images that look like another class than their label's, most certain first."""
    certain = _contradictions(images)
    listed = {(row.id, row.split) for row in certain}
    suggested, flagged = images.chances.argmax(axis=1), confident_errors(images.chances, images.given)
    rows = np.arange(len(images.given))
    margin = images.chances[rows, suggested] - images.chances[rows, images.given]
    unlike = np.flatnonzero(suggested != images.given).tolist()
    order = sorted(unlike, key=lambda i: (-margin[i], images.splits[i], images.ids[i]))
    probable = [_probable(images, i, int(suggested[i]), float(margin[i]), bool(flagged[i])) for i in order]
    return [*certain, *(row for row in probable if (row.id, row.split) not in listed)]


def confident_errors(chances: Float64, given: Int64) -> Bool:
    """Return which labels confident learning holds for errors, bool [N].

    An image counts as of class j if its probability of j reaches the mean that images labelled j have, and of the
    likeliest of such classes. Where that is not the given one, the label is an error, unless the likeliest class of all
    confirms it.

    Args:
        chances: float64 [N, K], probabilities that did not see the image's own label.
        given: int64 [N].
    """
    classes = chances.shape[1]
    counts = np.bincount(given, minlength=classes)
    sums = np.bincount(given, weights=chances[np.arange(len(given)), given], minlength=classes)
    # A class without labels has no mean to reach, and so attracts nothing.
    threshold = ratio(sums, counts, undefined=np.inf)
    confident = np.where(chances >= threshold - 1e-12, chances, -1.0)
    best = confident.argmax(axis=1)
    wrong: Bool = (confident.max(axis=1) >= 0) & (best != given) & (chances.argmax(axis=1) != given)
    return wrong


def _contradictions(images: Labelled) -> list[Ranked]:
    """Return the images that are there under several labels, group by group, the least likely label first."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    for index, digest in enumerate(images.digests):
        groups[digest].append(index)
    chances, found = images.chances, []
    for group in groups.values():
        labels = set(images.given[group].tolist())
        if len(labels) < 2:
            continue
        doubt = sorted(group, key=lambda i: chances[i, images.given[i]])
        strongest = max(chances[i].max() for i in group)
        found.append((strongest, [_contradiction(images, i, group) for i in doubt]))
    return [row for _, rows in sorted(found, key=lambda pair: -pair[0]) for row in rows]


def _contradiction(images: Labelled, index: int, group: Sequence[int]) -> Ranked:
    mine = images.given[index]
    others = [i for i in group if images.given[i] != mine]
    best = max(others, key=lambda i: images.chances[index, images.given[i]])
    elsewhere = f" in {images.splits[best]}" if images.splits[best] != images.splits[index] else ""
    name = images.names[images.given[best]]
    why = f"read as identical to {images.ids[best]}{elsewhere}, which is labelled {name}: one of both is wrong"
    return Ranked(images.ids[index], images.splits[index], images.names[mine], name, 1.0, why)


def _probable(images: Labelled, index: int, suggested: int, margin: float, flagged: bool) -> Ranked:
    given = int(images.given[index])
    near, model = images.near[index], images.model[index]
    why = (
        f"{share(near[suggested], 0)} of its neighbours are {images.names[suggested]}, {share(near[given], 0)} "
        f"{images.names[given]}; the model says {share(model[suggested], 0)} and {share(model[given], 0)}"
        f"{'; confident learning agrees' if flagged else ''}"
    )
    # Below 1, which is for what is certain.
    score = min(margin, 0.9999)
    return Ranked(images.ids[index], images.splits[index], images.names[given], images.names[suggested], score, why)
