"""What the figures of class mixing say, in ranked sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from pixelproof.numbers import share
from pixelproof.runs.explanation_file import ClassFinding, PairFinding, Statement

MIXED = 0.05
"""Two classes mix if even the low end of their k-NN confusion reaches this; 0.5 is two classes that lie as one."""
SCATTERED = 0.5
"""A class is scattered if even the high end of its own share is below this, and no one other class explains it."""
APART = 0.8
"""A class stands alone if even the low end of its own share is this far from chance, its share of all others, to 1."""


def statements(classes: Sequence[ClassFinding], pairs: Iterable[PairFinding], k: int) -> tuple[Statement, ...]:
    """Return what can be said of classes and pairs: which mix, are scattered, fall apart, or stand alone.

    Each kind is ranked, strongest first. What a sentence says holds at the unfavourable end of its interval, and
    clusters in nearly all random parts of the class. A class of
    at most k images is said neither to mix nor to be scattered: an image has k neighbours and at most k - 1 of them are
    its own, however far off all others lie.
    """
    judged = [finding.images > k for finding in classes]
    mixed = [pair for pair in pairs if pair.low >= MIXED and judged[pair.a] and judged[pair.b]]
    mixed.sort(key=lambda pair: -pair.confusion)
    scattered = [s for s in _each(classes, _scattered) if judged[s.classes[0]]]
    return (
        *(_mixes(classes, pair) for pair in mixed),
        *sorted(scattered, key=lambda s: s.value),
        *sorted(_each(classes, _splits), key=lambda s: -s.value),
        *sorted(_each(classes, partial(_apart, total=sum(c.images for c in classes))), key=lambda s: -s.value),
    )


def _each(classes: Sequence[ClassFinding], rule: Callable[[int, ClassFinding], Statement | None]) -> list[Statement]:
    return [s for index, finding in enumerate(classes) if (s := rule(index, finding)) is not None]


def _mixes(classes: Sequence[ClassFinding], pair: PairFinding) -> Statement:
    a, b = classes[pair.a], classes[pair.b]
    interval = _interval(pair.confusion, pair.low, pair.high, "k-NN confusion ")
    ways = ((a.name, pair.b_near_a, b.name), (b.name, pair.a_near_b, a.name))
    near = ", ".join(f"{share(part, 0)} of the neighbours of {one} are {other}" for one, part, other in ways)
    return Statement(
        kind="mixes",
        classes=(pair.a, pair.b),
        value=pair.confusion,
        low=pair.low,
        high=pair.high,
        sentence=f"{a.name} and {b.name} mix ({interval}; {near}{_taken(a, b, pair)}).",
    )


def _taken(a: ClassFinding, b: ClassFinding, pair: PairFinding) -> str:
    """Return how many images of each of two classes the model takes for the other: in their sum a rare one drowns."""
    return (
        f"; the model takes {pair.a_as_b:,} of {a.images:,} {a.name} for {b.name} "
        f"and {pair.b_as_a:,} of {b.images:,} {b.name} for {a.name}"
    )


def _scattered(index: int, finding: ClassFinding) -> Statement | None:
    if finding.own is None or finding.own_high is None or finding.own_high >= SCATTERED:
        return None
    if finding.spread is None or finding.spread < 3:
        return None
    interval = _interval(finding.own, finding.own_low, finding.own_high)
    return Statement(
        kind="scattered",
        classes=(index,),
        value=finding.own,
        low=finding.own_low,
        high=finding.own_high,
        sentence=f"{finding.name} is scattered: of its neighbours only {interval} are its own, the others are spread "
        f"over effectively {finding.spread:.0f} classes.",
    )


def _splits(index: int, finding: ClassFinding) -> Statement | None:
    if finding.clusters is None or len(finding.clusters) < 2:
        return None
    sizes = ", ".join(str(size) for size in finding.clusters[:-1]) + f" and {finding.clusters[-1]}"
    return Statement(
        kind="splits",
        classes=(index,),
        value=finding.clusters[1] / finding.images,
        sentence=f"{finding.name} falls into {len(finding.clusters)} clusters of {sizes} of its {finding.images} "
        "images.",
    )


def _apart(index: int, finding: ClassFinding, total: int) -> Statement | None:
    if finding.own is None or finding.own_low is None:
        return None
    chance = (finding.images - 1) / (total - 1)
    if finding.own_low < chance + APART * (1 - chance):
        return None
    interval = _interval(finding.own, finding.own_low, finding.own_high)
    return Statement(
        kind="apart",
        classes=(index,),
        value=finding.own,
        low=finding.own_low,
        high=finding.own_high,
        sentence=f"{finding.name} stands alone: of its neighbours {interval} are its own.",
    )


def _interval(value: float, low: float | None, high: float | None, name: str = "") -> str:
    assert low is not None
    assert high is not None
    if name:
        return f"{name}{share(value, 0)}, 95% CI {100 * low:.0f} to {100 * high:.0f}"
    return f"{share(value, 0)} (95% CI {100 * low:.0f} to {100 * high:.0f})"
