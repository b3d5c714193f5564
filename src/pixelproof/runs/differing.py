"""Where what a file holds differs from what it should hold, figure by figure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from pixelproof.runs.boundaries import Boundaries
from pixelproof.runs.scores import Scores

RELATIVE, ABSOLUTE = 1e-9, 1e-12
"""How far two figures may lie apart that were computed alike: other processors add up in another order."""
_NAMES = ("name", "id", "a", "b", "factor", "level", "true", "predicted")
_NOTHING: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True)
class Difference:
    """A figure that differs; None where there is none.

    Attributes:
        figure: Which, such as ``pairs[fcn32s, fcn8s].difference``.
        stored: What the file holds.
        recomputed: What follows from what it was made from.
        lacking: Whether the file has no place for it, as those of earlier versions may not.
    """

    figure: str
    stored: Any
    recomputed: Any
    lacking: bool = False


def differences(stored: Any, again: Any, figure: str = "") -> Iterator[Difference]:
    """Yield every figure in which two plain values differ by more than rounding.

    Args:
        stored: What a file holds.
        again: What it should hold.
        figure: What they are called.
    """
    if isinstance(stored, dict) and isinstance(again, dict):
        for key in dict.fromkeys((*again, *stored)):
            name = f"{figure}.{key}".removeprefix(".")
            if key in stored:
                yield from differences(stored[key], again.get(key), name)
            elif again[key] not in _NOTHING:
                yield Difference(name, None, again[key], lacking=True)
    elif isinstance(stored, list) and isinstance(again, list):
        for place in range(max(len(stored), len(again))):
            one, other = (values[place] if place < len(values) else None for values in (stored, again))
            yield from differences(one, other, f"{figure}[{_called(place, one if other is None else other)}]")
    elif not _same(stored, again):
        yield Difference(figure, _plain(stored), _plain(again))


def score_differences(stored: Scores, again: Scores) -> Iterator[Difference]:
    """Yield what differs between two score files: of counts of a kind the first, by image and place."""
    pairs = {f.name: (getattr(stored, f.name), getattr(again, f.name, None)) for f in fields(stored)}
    one, other = pairs.pop("boundaries", (None, None))
    if isinstance(one, Boundaries) and isinstance(other, Boundaries):
        pairs |= {f"boundaries.{f.name}": (getattr(one, f.name), getattr(other, f.name)) for f in fields(one)}
    elif (one is None) != (other is None):
        yield Difference("boundaries", one is not None, other is not None)
    for name, (mine, theirs) in pairs.items():
        if isinstance(mine, np.ndarray) and isinstance(theirs, np.ndarray):
            yield from _counts(name, mine, theirs, again.ids)
        elif name == "source":
            yield from differences(vars(mine), vars(theirs), name)
        elif mine != theirs:
            yield Difference(name, _short(mine), _short(theirs))


def _counts(name: str, stored: Any, again: Any, ids: Sequence[str]) -> Iterator[Difference]:
    """Yield the first entry in which two arrays [N, ...] differ."""
    if stored.shape != again.shape:
        yield Difference(name, list(stored.shape), list(again.shape))
        return
    unequal = (stored != again) & ((stored == stored) | (again == again))  # NaN, which is no number, equals none
    if unequal.any():
        place = tuple(int(index) for index in np.argwhere(unequal)[0])
        where = ", ".join((ids[place[0]], *map(str, place[1:])))
        yield Difference(f"{name}[{where}]", _plain(stored[place].item()), _plain(again[place].item()))


def _plain(value: Any) -> Any:
    """Return a value as JSON may hold it: what is no number as its name."""
    return json.loads(json.dumps(value), parse_constant=str)


def _short(value: Any) -> str:
    return f"{value!s:.60}"


def _called(place: int, item: Any) -> str:
    """Return what an entry of a list is called: by its own words, or by its place."""
    item = item.get("claim", item) if isinstance(item, dict) else {}
    return ", ".join(item[key] for key in _NAMES if isinstance(item.get(key), str)) or str(place)


def _same(stored: Any, again: Any) -> bool:
    numbers = [isinstance(value, int | float) and not isinstance(value, bool) for value in (stored, again)]
    if all(numbers):
        return math.isclose(stored, again, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return type(stored) is type(again) and bool(stored == again)
