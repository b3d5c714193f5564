"""``LabelScheme``: the one place that says what the numbers in a mask or a prediction mean."""

from __future__ import annotations

import hashlib
import itertools
import json
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from pixelproof.array_types import Bool
from pixelproof.schema import Strict

VOID = 255
"""The value of a pixel that belongs to no class, in every mask inside Pixelproof."""

Channel = Annotated[int, Field(ge=0, le=255)]
Color = tuple[Channel, Channel, Channel]
LARGEST_ID = 65535
Id = Annotated[int, Field(ge=0, le=LARGEST_ID)]


class LabelClass(Strict):
    """One class: its name, its value in index masks, and its colours in colour masks."""

    name: str = Field(min_length=1)
    id: Id
    color: Color | None = None
    aliases: tuple[Color, ...] = ()
    """Further colours that are read as this class and never written."""
    alias_ids: tuple[Id, ...] = ()
    """Further values in index masks that are read as this class and never written."""
    ignored: bool = False
    """True for a class such as "unknown": a model may predict it, but nobody is scored on it."""

    @property
    def colors(self) -> tuple[Color, ...]:
        """All colours that are read as this class."""
        return (() if self.color is None else (self.color,)) + self.aliases

    @property
    def ids(self) -> tuple[int, ...]:
        """All ids that are read as this class."""
        return (self.id, *self.alias_ids)

    @model_serializer(mode="wrap")
    def _without_nothing(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out ``alias_ids`` where there are none: schemes without them keep the hash that old files have."""
        values: dict[str, Any] = dump(self)
        if not self.alias_ids:
            values.pop("alias_ids", None)
        return values


class LabelScheme(Strict):
    """The label contract of a data set.

    A class's position in ``classes`` is its *index*: the channel of the network's output and the value in every mask
    inside Pixelproof. Its ``id`` is the value in the user's index masks. Pixels of no class have index ``VOID``.
    """

    task: Literal["classification", "segmentation"]
    classes: tuple[LabelClass, ...] = Field(min_length=1, max_length=65535)
    void_ids: tuple[Id, ...] = ()
    """Values in index masks that mean "no class here"."""
    void_colors: tuple[Color, ...] = ()
    """Colours in colour masks that mean "no class here"; the first is the one written."""
    decode: Literal["exact", "threshold"] = "exact"
    """How colours are read: as they are, or each channel thresholded at 128 into a 3-bit code."""
    tolerance: int = Field(default=0, ge=0, le=127)
    """Largest difference in any channel at which a colour still counts as a class's, for masks blurred by JPEG."""
    masks: Literal["auto", "index", "color"] = "auto"
    """What palette masks hold; ``auto`` decides by file and refuses where both readings fit and differ."""

    @model_validator(mode="after")
    def _check(self) -> LabelScheme:
        _refuse_repeats("class name", [c.name for c in self.classes])
        _refuse_repeats("id", [*itertools.chain(*(c.ids for c in self.classes)), *self.void_ids])
        _refuse_repeats("colour", [*itertools.chain(*(c.colors for c in self.classes)), *self.void_colors])
        if self.task == "segmentation" and len(self.classes) > VOID:
            raise ValueError(f"a segmentation scheme holds at most {VOID} classes, here are {len(self.classes)}")
        if all(c.ignored for c in self.classes):
            raise ValueError("every class is ignored, so nothing is left to score")
        if self.decode == "threshold":
            self._check_codes()
        elif self.tolerance:
            self._check_tolerance()
        return self

    def _check_codes(self) -> None:
        codes: dict[int, int] = {}
        for index, color in self.indexed_colors():
            code = threshold_code(color)
            if codes.setdefault(code, index) != index:
                raise ValueError(f"two classes share the 3-bit code {code:03b} of colour {color}")

    def _check_tolerance(self) -> None:
        for (i, a), (j, b) in itertools.combinations(self.indexed_colors(), 2):
            distance = max(abs(x - y) for x, y in zip(a, b, strict=True))
            if i != j and distance <= 2 * self.tolerance:
                raise ValueError(f"tolerance {self.tolerance} cannot tell colours {a} and {b} apart")

    def indexed_colors(self) -> list[tuple[int, Color]]:
        """Return every colour with the index it is read as, ``VOID`` for the void colours."""
        pairs = [(i, color) for i, c in enumerate(self.classes) for color in c.colors]
        return pairs + [(VOID, color) for color in self.void_colors]

    def indexed_ids(self) -> list[tuple[int, int]]:
        """Return every id with the index it is read as, ``VOID`` for the void ids."""
        pairs = [(i, value) for i, c in enumerate(self.classes) for value in c.ids]
        return pairs + [(VOID, value) for value in self.void_ids]

    @property
    def names(self) -> tuple[str, ...]:
        """Class names in the order of the network's channels."""
        return tuple(c.name for c in self.classes)

    @property
    def ids(self) -> tuple[int, ...]:
        """Values of the classes in index masks that are written, in the order of the network's channels."""
        return tuple(c.id for c in self.classes)

    @property
    def scored(self) -> Bool:
        """Bool [K]: True for the classes that metrics average over."""
        return np.array([not c.ignored for c in self.classes])

    @property
    def has_colors(self) -> bool:
        """True if every class has a colour, so that colour masks can be read."""
        return all(c.color is not None for c in self.classes)

    @property
    def hash(self) -> str:
        """A short digest that changes with anything that changes the meaning of a label."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def threshold_code(color: Color) -> int:
    """Return the 3-bit code of a colour: one bit a channel, set from 128 on, red the highest.

    >>> threshold_code((0, 255, 200))
    3
    """
    red, green, blue = color
    return (red >> 7) << 2 | (green >> 7) << 1 | blue >> 7


def _refuse_repeats(what: str, values: list[object]) -> None:
    seen: set[object] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{what} {value} is given twice")
        seen.add(value)
