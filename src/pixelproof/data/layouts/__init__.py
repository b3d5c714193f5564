"""How a folder of images is organised, found out without being told."""

from pixelproof.data.layouts.classes import class_index, class_names
from pixelproof.data.layouts.find import find_layout
from pixelproof.data.layouts.found import Found
from pixelproof.data.layouts.listing import (
    IMAGE_SUFFIXES,
    folders_below,
    folders_in,
    images_in,
    note_other_images,
    unread_in,
)
from pixelproof.data.layouts.masks import without_mask_folders, without_masks
from pixelproof.data.layouts.written import PATTERNS

__all__ = [
    "IMAGE_SUFFIXES",
    "PATTERNS",
    "Found",
    "class_index",
    "class_names",
    "find_layout",
    "folders_below",
    "folders_in",
    "images_in",
    "note_other_images",
    "unread_in",
    "without_mask_folders",
    "without_masks",
]
