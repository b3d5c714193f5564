"""In which way two label contracts differ, in words."""

from __future__ import annotations

from pixelproof.labels.scheme import LabelScheme
from pixelproof.numbers import first_of

NAMED = 3
"""Classes that are named at most, of each side."""


def difference(a: LabelScheme, b: LabelScheme, one: str, other: str) -> str:
    """Return the first thing in which two contracts of unequal hash differ.

    Args:
        a: The contract of the first.
        b: The contract of the second.
        one: What the first is called.
        other: What the second is called.
    """
    if a.task != b.task:
        return f"{one} is for {a.task}, {other} for {b.task}"
    sides = ((one, a.names, b.names), (other, b.names, a.names))
    alone = [(who, [name for name in own if name not in others]) for who, own, others in sides]
    if said := [f"only {who} has {first_of(names, NAMED)}" for who, names in alone if names]:
        return ", and ".join(said)
    if a.names != b.names:
        return "the same classes have another order"
    for here, there in zip(a.classes, b.classes, strict=True):
        if here.ignored != there.ignored:
            return f"'{here.name}' is ignored in {one if here.ignored else other} alone"
        if here != there:
            return f"'{here.name}' has another id or colour"
    return "masks are decoded in another way"
