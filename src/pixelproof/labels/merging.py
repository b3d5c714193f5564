"""The label contract with classes put together, such as forest and rangeland as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np

from pixelproof.array_types import Int64
from pixelproof.errors import UserError
from pixelproof.labels.scheme import LabelClass, LabelScheme
from pixelproof.schema import nearest

Merges = Mapping[str, Sequence[str]]
"""The classes that are one, by its name; of a single class that is its new name."""


def parse_merges(texts: Sequence[str]) -> dict[str, list[str]]:
    """Return the merges of texts such as ``plants=forest,rangeland``.

    Raises:
        UserError: One is of another form, or two are of one name.
    """
    merges: dict[str, list[str]] = {}
    for text in texts:
        name, mark, olds = text.partition("=")
        if not mark:
            raise UserError(f"the merge '{text}' is not NEW=OLD,OLD", "write --merge plants=forest,rangeland")
        if name.strip() in merges:
            raise UserError(f"two merges are called '{name.strip()}'", "name all of its classes in one")
        merges[name.strip()] = [old.strip() for old in olds.split(",")]
    return merges


def merge_classes(scheme: LabelScheme, merges: Merges) -> tuple[LabelScheme, Int64]:
    """Return the scheme in which classes are one, and the index there of each class of the old one, int64 [K].

    The new class stands in the place of the first of its classes, in the order of the scheme, and has its id and its
    colour. Ids and colours of the others are read as it. So it does not matter in which order they are named.

    Raises:
        UserError: A class is unknown or named twice, a name is taken, an ignored class would be one with a scored
            one, or fewer than two classes are left.
    """
    for name, olds in merges.items():
        _check(scheme, name, olds)
    named = list(chain(*merges.values()))
    if twice := next((old for old in named if named.count(old) > 1), None):
        raise UserError(f"class '{twice}' is to be merged twice", "name it in one merge, once")
    into = {old: name for name, olds in merges.items() for old in olds}
    names = [into.get(old, old) for old in scheme.names]
    left = list(dict.fromkeys(names))
    if len(left) < 2:
        raise UserError(f"the merges leave one class alone, '{left[0]}'", "leave two at the least")
    parts = [[c for c, name in zip(scheme.classes, names, strict=True) if name == new] for new in left]
    classes = tuple(_as_one(name, part) for name, part in zip(left, parts, strict=True))
    merged = LabelScheme.model_validate(dict(scheme) | {"classes": classes})
    return merged, np.array([left.index(name) for name in names], np.int64)


def _check(scheme: LabelScheme, name: str, olds: Sequence[str]) -> None:
    """Refuse one merge that the scheme's classes do not allow."""
    if not name or not olds:
        raise UserError(f"the merge '{name}={','.join(olds)}' lacks a name", "name the new class and those it is of")
    for old in olds:
        if old not in scheme.names:
            raise UserError(
                f"there is no class '{old}' that could be merged into '{name}'", nearest(old, [*scheme.names])
            )
    if name in scheme.names and name not in olds:
        raise UserError(f"'{name}' is the name of a class that is not merged into it", "choose another name")
    ignored = {scheme.classes[scheme.names.index(old)].ignored for old in olds}
    if len(ignored) > 1:
        problem = f"'{name}' would be of classes that are scored and of ignored ones"
        raise UserError(problem, "merge classes of one kind alone")


def _as_one(name: str, part: Sequence[LabelClass]) -> LabelClass:
    first, *others = chain(*(c.ids for c in part))
    colors = tuple(chain(*(c.colors for c in part)))
    looks = {"color": next(iter(colors), None), "aliases": colors[1:]}
    return part[0].model_copy(update={"name": name, "id": first, "alias_ids": tuple(others), **looks})
