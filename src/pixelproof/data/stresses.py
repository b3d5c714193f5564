"""By what images are stressed: names, units and strengths, and the one function that does it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from pixelproof.array_types import Int64, UInt8
from pixelproof.data import moving, stressing
from pixelproof.errors import UserError
from pixelproof.numbers import amount
from pixelproof.randomness import generator
from pixelproof.schema import nearest

Change = Callable[[UInt8, float, np.random.Generator, bool], UInt8]
"""From an image, a strength, a generator and whether its values are light itself, to what becomes of the image."""


@dataclass(frozen=True)
class Stress:
    """Something that images suffer.

    Attributes:
        name: How it is asked for, and what images are then.
        unit: Of its strengths.
        strengths: Those that are tried, the mildest first.
        none: The strength of no change.
        hardest: The last strength that can be asked for; from ``none`` to it, images suffer more and more.
        change: What it does.
        colours: Whether it is of red, green and blue alone.
        places: Where the pixels of a mask come from, where things move in the image; None where they stay.
    """

    name: str
    unit: str
    strengths: tuple[float, ...]
    none: float
    hardest: float
    change: Change
    colours: bool = False
    places: moving.Places | None = None

    def __call__(self, image: UInt8, strength: float, linear: bool, seed: int, image_id: str) -> UInt8:
        """Return an image, uint8 [H, W, C], under stress; what is random depends on seed, stress and id alone.

        Args:
            image: The image.
            strength: One of ``none`` to ``hardest``.
            linear: Whether its values are light itself, as those of bands, and not sRGB.
            seed: Of what is random; the same for all strengths, so that noise grows and does not change.
            image_id: The image's id.
        """
        if strength == self.none:
            return image
        return self.change(image, strength, generator(seed, "stress", self.name, image_id), linear)

    def places_of(self, classes: UInt8, strength: float, seed: int, image_id: str) -> Int64:
        """Return where each pixel of a map of classes, uint8 [H, W], under stress comes from; see ``moving.Places``.

        Arguments as of ``__call__``, which moves the image likewise.
        """
        assert self.places is not None
        return self.places(classes, strength, generator(seed, "stress", self.name, image_id))

    def called(self, strength: float) -> str:
        """Return a strength in words, such as "darker, 2 stops"."""
        return f"{self.name}, {amount(strength, self.unit)}"


ALL: Final = (
    Stress("darker", "stops", (0.5, 1, 2, 3), 0, 10, lambda i, s, r, linear: stressing.exposed(i, -s, linear)),
    Stress("brighter", "stops", (0.5, 1, 1.5, 2), 0, 10, lambda i, s, r, linear: stressing.exposed(i, s, linear)),
    Stress("hazier", "%", (5, 10, 20, 40), 0, 100, lambda i, s, r, linear: stressing.veiled(i, s, linear)),
    Stress("warmer", "stops", (0.5, 1, 1.5, 2), 0, 8, lambda i, s, r, linear: stressing.cast(i, s), colours=True),
    Stress("cooler", "stops", (0.5, 1, 1.5, 2), 0, 8, lambda i, s, r, linear: stressing.cast(i, -s), colours=True),
    Stress("blurred", "px", (0.5, 1, 2, 4), 0, 200, lambda i, s, r, linear: stressing.blurred(i, s)),
    Stress("moved", "px", (2, 4, 8, 16), 0, 400, lambda i, s, r, linear: stressing.moved(i, s, r)),
    Stress("noisy", "levels", (4, 8, 16, 32), 0, 128, lambda i, s, r, linear: stressing.noisy(i, s, r)),
    Stress(
        *("compressed", "quality", (70, 40, 20, 10), 100, 1),
        lambda i, s, r, linear: stressing.compressed(i, s),
        colours=True,
    ),
    Stress("smaller", "times", (1.5, 2, 4, 8), 1, 64, lambda i, s, r, linear: stressing.smaller(i, s)),
    Stress(
        *("turned", "degrees", (5, 10, 20, 30), 0, 45),
        lambda i, s, r, linear: moving.turned(i, s, r),
        places=moving.turned_from,
    ),
    Stress(
        *("shifted", "%", (2, 5, 10, 20), 0, 50),
        lambda i, s, r, linear: moving.shifted(i, s, r),
        places=moving.shifted_from,
    ),
)
NAMES: Final = tuple(each.name for each in ALL)


def chosen(
    only: Sequence[str] | None, strengths: Mapping[str, Sequence[float]], colours: bool, larger: float
) -> tuple[tuple[Stress, ...], tuple[str, ...]]:
    """Return the stresses that are asked for, with their strengths, and the names of what is left out.

    Args:
        only: Their names; None for all that the images allow.
        strengths: Strengths by name, in place of the usual ones.
        colours: Whether images are red, green and blue.
        larger: How many pixels of an image a network sees as one. Usual strengths in pixels are as many times as large,
            to the next power of two.

    Raises:
        UserError: There is no stress of a name, the images do not allow it, or a strength is none.
    """
    if only is not None and not only:
        raise UserError("no stress is asked for", f"name some, such as {NAMES[0]}")
    if (unknown := next((name for name in [*(only or ()), *strengths] if name not in NAMES), None)) is not None:
        raise UserError(f"there is no stress '{unknown}'", nearest(unknown, list(NAMES)))
    if only is not None and (idle := next((name for name in strengths if name not in only), None)):
        raise UserError(f"strengths of '{idle}' are given, which is not among those asked for", "name it with --only")
    refused = {each.name: _unfit(each, colours) for each in ALL}
    for name in [*(only or ()), *strengths]:
        if refused[name]:
            raise UserError(f"images cannot be {name} here: {refused[name]}", "leave it out")
    found = [each for each in ALL if not refused[each.name] and (only is None or each.name in only)]
    found = [_with(each, strengths.get(each.name), larger) for each in found]
    return tuple(found), tuple(name for name, why in refused.items() if why and only is None)


def _unfit(stress: Stress, colours: bool) -> str:
    return "the run reads bands, and it is of red, green and blue" if stress.colours and not colours else ""


def _with(stress: Stress, strengths: Sequence[float] | None, larger: float) -> Stress:
    """Return a stress with the strengths that are given, or with its own as they suit the size of the images."""
    if strengths is None:
        times = 2.0 ** max(0, round(math.log2(larger))) if stress.unit.startswith("px") else 1.0
        return replace(stress, strengths=tuple(times * each for each in stress.strengths))
    low, high = sorted((stress.none, stress.hardest))
    for each in strengths:
        if not low <= each <= high or each == stress.none or (stress.name == "compressed" and (each > 95 or each % 1)):
            span = "1 to 95, whole" if stress.name == "compressed" else f"above {low:g} to {high:g}"
            raise UserError(f"'{stress.name}' has no strength {each:g} ({stress.unit})", f"give one of {span}")
    if not strengths:
        raise UserError(f"no strengths of '{stress.name}' are given", f"write some, such as {stress.strengths[0]:g}")
    told = {float(f"{each:g}") for each in strengths}  # as files and pages call them
    return replace(stress, strengths=tuple(sorted(told, key=lambda each: abs(each - stress.none))))
