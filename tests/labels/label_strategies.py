"""Random label schemes and masks."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from pixelproof.labels import VOID, LabelScheme

channels = st.integers(0, 255)
colors = st.tuples(channels, channels, channels)


@st.composite
def schemes(draw, names=None):
    """Exact segmentation schemes with and without colours, aliases, ignored classes and void."""
    k = draw(st.integers(1, 8))
    given = st.text(min_size=1, max_size=12) if names is None else names
    taken = draw(st.lists(given, min_size=k, max_size=k, unique=True))
    ids = draw(st.lists(st.integers(0, 65535), min_size=2 * k + 2, max_size=2 * k + 2, unique=True))
    palette = draw(st.lists(colors, min_size=2 * k + 2, max_size=2 * k + 2, unique=True))
    colored, ignored = draw(st.booleans()), draw(st.integers(0, k - 1))
    classes = [
        {
            "name": name,
            "id": ids[i],
            "color": palette[i] if colored else None,
            "aliases": [palette[k + i]] if colored and draw(st.booleans()) else [],
            "alias_ids": [ids[k + 2 + i]] if draw(st.booleans()) else [],
            "ignored": k > 1 and i == ignored and draw(st.booleans()),
        }
        for i, name in enumerate(taken)
    ]
    void = draw(st.integers(0, 2))
    return LabelScheme.model_validate(
        {
            "task": "segmentation",
            "classes": classes,
            "void_ids": ids[k : k + void],
            "void_colors": palette[2 * k : 2 * k + void] if colored else [],
            "masks": draw(st.sampled_from(["auto", "index", "color"])),
        }
    )


@st.composite
def masks(draw, scheme, void):
    """Masks of class indices, uint8 [H, W], with void pixels if the scheme can write them and ``void`` is true."""
    values = [*range(len(scheme.classes)), *([VOID] if void else [])]
    height, width = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    cells = draw(st.lists(st.sampled_from(values), min_size=height * width, max_size=height * width))
    return np.array(cells, np.uint8).reshape(height, width)
