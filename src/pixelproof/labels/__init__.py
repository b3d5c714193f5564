"""The label contract: which classes there are, how they look in a mask, and what is ignored."""

from pixelproof.labels.codec import (
    UnknownValuesError,
    count_colors,
    decode_colors,
    decode_ids,
    encode_colors,
    encode_ids,
)
from pixelproof.labels.differing import difference
from pixelproof.labels.merging import Merges, merge_classes
from pixelproof.labels.palettes import class_colors, distinct_colors
from pixelproof.labels.presets import PRESETS, matching_presets
from pixelproof.labels.scheme import LARGEST_ID, VOID, Color, LabelClass, LabelScheme
from pixelproof.labels.stretches import stretches

__all__ = [
    "LARGEST_ID",
    "PRESETS",
    "VOID",
    "Color",
    "LabelClass",
    "LabelScheme",
    "Merges",
    "UnknownValuesError",
    "class_colors",
    "count_colors",
    "decode_colors",
    "decode_ids",
    "difference",
    "distinct_colors",
    "encode_colors",
    "encode_ids",
    "matching_presets",
    "merge_classes",
    "stretches",
]
