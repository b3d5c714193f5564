"""What the numbers in a map mean: the scheme's own ids, colours and names, and one number for no data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pixelproof.array_types import UInt8, Unsigned
from pixelproof.labels import VOID, Color, LabelScheme, class_colors


@dataclass(frozen=True)
class Legend:
    """The values of a map.

    Attributes:
        names: Of the classes, in the order of the network's channels.
        ids: Their values in the map: what the scheme calls them.
        colors: Likewise.
        nodata: The value of pixels without data: the scheme's void id, or else the highest number that is no id.
        dtype: uint8, or uint16 where an id needs it.
    """

    names: tuple[str, ...]
    ids: tuple[int, ...]
    colors: tuple[Color, ...]
    nodata: int
    dtype: np.dtype[Any]

    @classmethod
    def of(cls, scheme: LabelScheme) -> Legend:
        """Return the legend of a label scheme."""
        ids = scheme.ids
        small = max(*ids, *scheme.void_ids[:1], 0) < 256
        taken = {value for _, value in scheme.indexed_ids()}
        free = (value for value in range(255 if small else 65535, -1, -1) if value not in taken)
        nodata = scheme.void_ids[0] if scheme.void_ids else next(free)
        table = class_colors(scheme)[: len(ids)].tolist()
        colors = tuple((red, green, blue) for red, green, blue in table)
        return cls(scheme.names, ids, colors, nodata, np.dtype(np.uint8 if small else np.uint16))

    def encode(self, classes: UInt8) -> Unsigned:
        """Return the map's values of class indices, both [H, W]; ``VOID`` becomes no data."""
        table = np.full(256, self.nodata, self.dtype)
        table[: len(self.ids)] = self.ids
        values: Unsigned = table[classes]
        return values

    def decode(self, values: Unsigned) -> UInt8:
        """Return the class indices of the map's values, both [H, W]; the inverse of ``encode``."""
        table = np.full(np.iinfo(self.dtype).max + 1, VOID, np.uint8)
        table[list(self.ids)] = np.arange(len(self.ids))
        classes: UInt8 = table[values]
        return classes
